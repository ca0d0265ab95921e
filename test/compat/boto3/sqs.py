"""SQS through boto3: standard and FIFO queues, and the older query protocol."""
import json
import threading
import time
import urllib.parse
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from harness import ACCOUNT, ENDPOINT, REGION, check, client, equal, eventually, fails, run

sqs = client('sqs')


def queue(name, **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)['QueueUrl']


def receive(url, **more):
    return sqs.receive_message(QueueUrl=url, **{'MaxNumberOfMessages': 10, **more}).get('Messages', [])


@check
def messages_with_attributes_come_back():
    url = queue('plain')
    equal(url, f'{ENDPOINT}/{ACCOUNT}/plain')
    equal(sqs.get_queue_url(QueueName='plain')['QueueUrl'], url)
    # botocore checks the digests of body and attributes by itself.
    sent = sqs.send_message(QueueUrl=url, MessageBody='héllo', MessageAttributes={
        'text': {'DataType': 'String.x', 'StringValue': 'é'}, 'n': {'DataType': 'Number', 'StringValue': '1.5'},
        'bytes': {'DataType': 'Binary', 'BinaryValue': b'\x00\xff'}})
    [message] = receive(url, AttributeNames=['All'], MessageAttributeNames=['All'])
    equal((message['MessageId'], message['Body']), (sent['MessageId'], 'héllo'))
    equal(message['MessageAttributes']['bytes'], {'DataType': 'Binary', 'BinaryValue': b'\x00\xff'})
    equal(message['Attributes']['ApproximateReceiveCount'], '1')
    equal(receive(url), [])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'], VisibilityTimeout=0)
    [again] = receive(url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again['ReceiptHandle'])
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[
        'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'])['Attributes']
    equal(set(counts.values()), {'0'})


@check
def the_resource_and_batches():
    box = boto3.resource('sqs').create_queue(QueueName='batch')
    answer = box.send_messages(Entries=[{'Id': str(n), 'MessageBody': f'm{n}'} for n in range(10)])
    equal((len(answer['Successful']), answer['Failed']), (10, []))
    messages = box.receive_messages(MaxNumberOfMessages=10)
    equal({message.body for message in messages}, {f'm{n}' for n in range(10)})
    gone = box.delete_messages(Entries=[{'Id': m.message_id, 'ReceiptHandle': m.receipt_handle} for m in messages])
    equal(len(gone['Successful']), 10)
    fails('AWS.SimpleQueueService.BatchEntryIdsNotDistinct', box.send_messages,
          Entries=[{'Id': 'a', 'MessageBody': 'x'}] * 2)


@check
def long_polls_end_with_a_message():
    url = queue('polled')
    timer = threading.Timer(0.4, lambda: client('sqs').send_message(QueueUrl=url, MessageBody='late'))
    timer.start()
    began = time.monotonic()
    [message] = receive(url, WaitTimeSeconds=10)
    timer.join()
    equal(message['Body'], 'late')
    assert 0.3 < time.monotonic() - began < 5


@check
def dead_letters():
    dead = queue('dead')
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
    equal(arn, f'arn:aws:sqs:{REGION}:{ACCOUNT}:dead')
    url = queue('source', RedrivePolicy=json.dumps({'deadLetterTargetArn': arn, 'maxReceiveCount': '1'}),
                VisibilityTimeout='0')
    sqs.send_message(QueueUrl=url, MessageBody='poison')
    equal(len(receive(url)), 1)
    equal(receive(url), [])
    equal([message['Body'] for message in receive(dead, WaitTimeSeconds=2)], ['poison'])
    equal(sqs.list_dead_letter_source_queues(QueueUrl=dead)['queueUrls'], [url])


@check
def fifo_queues_keep_order_and_deduplicate():
    url = queue('line.fifo', FifoQueue='true')
    for n in range(6):
        sqs.send_message(QueueUrl=url, MessageBody=f'{n}', MessageGroupId=f'g{n % 2}', MessageDeduplicationId=f'd{n}')
    first = sqs.send_message(QueueUrl=url, MessageBody='5', MessageGroupId='g1', MessageDeduplicationId='d5')
    messages = receive(url, AttributeNames=['MessageGroupId', 'SequenceNumber'])
    by_group = {group: [m['Body'] for m in messages if m['Attributes']['MessageGroupId'] == group] for group in ('g0', 'g1')}
    equal(by_group, {'g0': ['0', '2', '4'], 'g1': ['1', '3', '5']})
    equal(messages[-1]['Attributes']['SequenceNumber'] <= first['SequenceNumber'], True)
    equal(receive(url), [])
    missing = fails('MissingParameter', sqs.send_message, QueueUrl=url, MessageBody='x')
    equal(missing['Error']['Message'], 'The request must contain the parameter MessageGroupId.')
    fails('InvalidParameterValue', sqs.send_message, QueueUrl=url, MessageBody='x', MessageGroupId='g')


@check
def queues_are_listed_tagged_changed_and_deleted():
    for n in range(5):
        queue(f'listed-{n}')
    pages = sqs.get_paginator('list_queues').paginate(QueueNamePrefix='listed-', PaginationConfig={'PageSize': 2})
    equal(len([url for page in pages for url in page['QueueUrls']]), 5)
    url = queue('listed-0')
    sqs.tag_queue(QueueUrl=url, Tags={'a': 'b'})
    equal(sqs.list_queue_tags(QueueUrl=url)['Tags'], {'a': 'b'})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={'VisibilityTimeout': '7'})
    fails('QueueAlreadyExists', sqs.create_queue, QueueName='listed-0', Attributes={'VisibilityTimeout': '8'})
    sqs.delete_queue(QueueUrl=url)
    fails('AWS.SimpleQueueService.NonExistentQueue', sqs.get_queue_url, QueueName='listed-0')


@check
def errors():
    url = queue('strict')
    missing = fails('AWS.SimpleQueueService.NonExistentQueue', sqs.send_message, QueueUrl=f'{url}-not', MessageBody='x')
    equal(missing['Error']['Message'], 'The specified queue does not exist.')
    equal(missing['Error']['QueryErrorCode'], 'QueueDoesNotExist')
    assert isinstance_of(sqs.exceptions.QueueDoesNotExist, sqs.get_queue_url, QueueName='nope')
    fails('InvalidParameterValue', sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11)
    fails('InvalidAttributeName', sqs.get_queue_attributes, QueueUrl=url, AttributeNames=['Nonsense'])
    fails('ReceiptHandleIsInvalid', sqs.delete_message, QueueUrl=url, ReceiptHandle='nonsense')
    fails('InvalidParameterValue', sqs.create_queue, QueueName='not a name')


def isinstance_of(kind, call, **kwargs):
    try:
        call(**kwargs)
    except kind:
        return True
    return False


@check
def the_query_protocol_of_older_clients():
    """What boto3 before 1.29 and other older SDKs send: forms, answered with XML."""
    url = queue('older')
    data = urllib.parse.urlencode({'Action': 'SendMessage', 'Version': '2012-11-05', 'MessageBody': 'by form'})
    request = AWSRequest('POST', url, data=data, headers={'content-type': 'application/x-www-form-urlencoded'})
    SigV4Auth(boto3.Session().get_credentials(), 'sqs', REGION).add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(
            url, data=data.encode(), headers=dict(request.headers), method='POST')) as answer:
        body = answer.read()
    assert b'<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">' in body, body
    equal(eventually(lambda: receive(url), len)[0]['Body'], 'by form')


run()
