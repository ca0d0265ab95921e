"""SNS through boto3: topics, subscriptions, and messages on their way into queues."""
import json

from harness import ACCOUNT, REGION, check, client, equal, fails, run

sns = client('sns')
sqs = client('sqs')


def subscribed(name, **attributes):
    topic = sns.create_topic(Name=name)['TopicArn']
    url = sqs.create_queue(QueueName=name)['QueueUrl']
    arn = f'arn:aws:sqs:{REGION}:{ACCOUNT}:{name}'
    policy = {'Version': '2012-10-17', 'Statement': [{
        'Effect': 'Allow', 'Principal': {'Service': 'sns.amazonaws.com'}, 'Action': 'sqs:SendMessage',
        'Resource': arn, 'Condition': {'ArnEquals': {'aws:SourceArn': topic}}}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={'Policy': json.dumps(policy)})
    subscription = sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn, Attributes=attributes,
                                 ReturnSubscriptionArn=True)['SubscriptionArn']
    return topic, url, subscription


def receive(url, **more):
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=3, MessageAttributeNames=['All'], **more)
    return answer.get('Messages', [])


@check
def messages_reach_queues_in_an_envelope():
    topic, url, _ = subscribed('wrapped')
    sent = sns.publish(TopicArn=topic, Message='hällo', Subject='greeting',
                       MessageAttributes={'kind': {'DataType': 'String', 'StringValue': 'a'}})
    [message] = receive(url)
    envelope = json.loads(message['Body'])
    equal({name: envelope[name] for name in ('Type', 'MessageId', 'TopicArn', 'Subject', 'Message')},
          {'Type': 'Notification', 'MessageId': sent['MessageId'], 'TopicArn': topic, 'Subject': 'greeting',
           'Message': 'hällo'})
    equal(envelope['MessageAttributes'], {'kind': {'Type': 'String', 'Value': 'a'}})


@check
def raw_delivery_and_filters():
    topic, url, subscription = subscribed('raw', RawMessageDelivery='true',
                                          FilterPolicy=json.dumps({'kind': ['wanted', {'prefix': 'w-'}]}))
    for kind in ('other', 'wanted', 'w-2'):
        sns.publish(TopicArn=topic, Message=kind, MessageAttributes={
            'kind': {'DataType': 'String', 'StringValue': kind}})
    seen = set()
    while len(seen) < 2:
        messages = receive(url)
        assert messages, seen
        for message in messages:
            seen.add((message['Body'], message['MessageAttributes']['kind']['StringValue']))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
    equal(seen, {('wanted', 'wanted'), ('w-2', 'w-2')})
    equal(sqs.receive_message(QueueUrl=url).get('Messages', []), [])
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription)['Attributes']
    equal((attributes['RawMessageDelivery'], attributes['PendingConfirmation']), ('true', 'false'))


@check
def batches_and_structures():
    topic, url, _ = subscribed('batch')
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {'Id': 'a', 'Message': json.dumps({'default': 'd', 'sqs': 'for queues'}), 'MessageStructure': 'json'},
        {'Id': 'b', 'Message': 'two'}])
    equal(len(answer['Successful']), 2)
    texts = set()
    while len(texts) < 2:
        messages = receive(url, MaxNumberOfMessages=10)
        assert messages, texts
        texts |= {json.loads(message['Body'])['Message'] for message in messages}
    equal(texts, {'for queues', 'two'})


@check
def topics_and_subscriptions_are_listed():
    arns = {sns.create_topic(Name=f'many-{n}')['TopicArn'] for n in range(3)}
    equal(sns.create_topic(Name='many-0')['TopicArn'] in arns, True)
    listed = [topic['TopicArn'] for page in sns.get_paginator('list_topics').paginate() for topic in page['Topics']]
    assert arns <= set(listed)
    topic, _, subscription = subscribed('counted')
    pages = sns.get_paginator('list_subscriptions_by_topic').paginate(TopicArn=topic)
    equal([entry['SubscriptionArn'] for page in pages for entry in page['Subscriptions']], [subscription])
    sns.set_topic_attributes(TopicArn=topic, AttributeName='DisplayName', AttributeValue='Counted')
    attributes = sns.get_topic_attributes(TopicArn=topic)['Attributes']
    equal((attributes['DisplayName'], attributes['SubscriptionsConfirmed']), ('Counted', '1'))
    sns.tag_resource(ResourceArn=topic, Tags=[{'Key': 'a', 'Value': 'b'}])
    equal(sns.list_tags_for_resource(ResourceArn=topic)['Tags'], [{'Key': 'a', 'Value': 'b'}])
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.delete_topic(TopicArn=topic)
    fails('NotFound', sns.get_topic_attributes, TopicArn=topic)


@check
def errors():
    fails('InvalidParameter', sns.create_topic, Name='not a topic')
    fails('NotFound', sns.publish, TopicArn=f'arn:aws:sns:{REGION}:{ACCOUNT}:none', Message='x')
    topic = sns.create_topic(Name='strict')['TopicArn']
    fails('InvalidParameter', sns.publish, TopicArn=topic, Message='')
    fails('InvalidParameter', sns.subscribe, TopicArn=topic, Protocol='pigeon', Endpoint='coop')


run()
