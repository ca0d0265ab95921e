"""DynamoDB through boto3: the resource and the client."""
import threading
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

from harness import check, client, equal, fails, run

db = client('dynamodb')
resource = boto3.resource('dynamodb')
people = resource.create_table(
    TableName='people',
    AttributeDefinitions=[{'AttributeName': name, 'AttributeType': kind}
                          for name, kind in (('pk', 'S'), ('sk', 'N'), ('city', 'S'))],
    KeySchema=[{'AttributeName': 'pk', 'KeyType': 'HASH'}, {'AttributeName': 'sk', 'KeyType': 'RANGE'}],
    GlobalSecondaryIndexes=[{'IndexName': 'by-city', 'Projection': {'ProjectionType': 'ALL'},
                             'KeySchema': [{'AttributeName': 'city', 'KeyType': 'HASH'},
                                           {'AttributeName': 'sk', 'KeyType': 'RANGE'}]}],
    BillingMode='PAY_PER_REQUEST')
db.get_waiter('table_exists').wait(TableName='people', WaiterConfig={'Delay': 1})


@check
def items_of_every_type_come_back():
    item = {'pk': 'types', 'sk': 1, 'n': Decimal('-1.50E-10'), 'big': Decimal('9' * 38), 's': 'é\U0001f600',
            'b': Binary(b'\x00\xff'), 'ss': {'a', 'b'}, 'ns': {Decimal(1), Decimal('2.5')},
            'bs': {Binary(b'x')}, 'l': [1, [True, None]], 'm': {'deep': {'er': ''}}, 'empty': []}
    people.put_item(Item=item)
    equal(people.get_item(Key={'pk': 'types', 'sk': 1}, ConsistentRead=True)['Item'], item)
    equal('Item' in people.get_item(Key={'pk': 'types', 'sk': 2}), False)


@check
def conditions_guard_writes():
    key = {'pk': 'lock', 'sk': 0}
    people.put_item(Item={**key, 'version': 1}, ConditionExpression=Attr('pk').not_exists())
    fails('ConditionalCheckFailedException', people.put_item, Item=key,
          ConditionExpression=Attr('pk').not_exists())
    failed = fails('ConditionalCheckFailedException', people.update_item, Key=key,
                   UpdateExpression='SET version = version + :one', ConditionExpression='version = :two',
                   ExpressionAttributeValues={':one': 1, ':two': 2}, ReturnValuesOnConditionCheckFailure='ALL_OLD')
    equal(failed['Item'], {'pk': {'S': 'lock'}, 'sk': {'N': '0'}, 'version': {'N': '1'}})
    equal(failed['Error']['Message'], 'The conditional request failed')
    answer = people.update_item(Key=key, UpdateExpression='SET version = version + :one, #l = list_append(if_not_exists(#l, :none), :x) REMOVE gone ADD n :one',
                                ExpressionAttributeNames={'#l': 'list'}, ReturnValues='ALL_NEW',
                                ExpressionAttributeValues={':one': 1, ':none': [], ':x': ['x']})
    equal(answer['Attributes'], {**key, 'version': 2, 'list': ['x'], 'n': 1})
    gone = people.delete_item(Key=key, ReturnValues='ALL_OLD', ConditionExpression=Attr('version').eq(2))
    equal(gone['Attributes']['version'], 2)


@check
def queries_and_paginators():
    with people.batch_writer() as batch:
        for n in range(60):
            batch.put_item(Item={'pk': 'many', 'sk': n, 'city': f'c{n % 3}', 'even': n % 2 == 0})
    answer = people.query(KeyConditionExpression=Key('pk').eq('many') & Key('sk').between(10, 19),
                          FilterExpression=Attr('even').eq(True), ScanIndexForward=False,
                          ProjectionExpression='sk')
    equal([item['sk'] for item in answer['Items']], [18, 16, 14, 12, 10])
    equal((answer['Count'], answer['ScannedCount']), (5, 10))
    pages = list(db.get_paginator('query').paginate(
        TableName='people', IndexName='by-city', KeyConditionExpression='city = :c',
        ExpressionAttributeValues={':c': {'S': 'c1'}}, PaginationConfig={'PageSize': 7}))
    equal([len(page['Items']) for page in pages][:3], [7, 7, 6])
    equal([int(item['sk']['N']) for page in pages for item in page['Items']], list(range(1, 60, 3)))
    scanned = db.get_paginator('scan').paginate(TableName='people', FilterExpression='pk = :p',
                                                ExpressionAttributeValues={':p': {'S': 'many'}},
                                                PaginationConfig={'PageSize': 11})
    equal(sum(page['Count'] for page in scanned), 60)
    parts = [people.scan(Segment=segment, TotalSegments=4, FilterExpression=Key('pk').eq('many'))['Count']
             for segment in range(4)]
    equal(sum(parts), 60)


@check
def transactions_are_all_or_nothing():
    def put(sk, **more):
        return {'Put': {'TableName': 'people', 'Item': {'pk': {'S': 't'}, 'sk': {'N': str(sk)}}, **more}}

    db.transact_write_items(TransactItems=[put(1), put(2)], ClientRequestToken='token-1')
    db.transact_write_items(TransactItems=[put(1), put(2)], ClientRequestToken='token-1')
    fails('IdempotentParameterMismatchException', db.transact_write_items, TransactItems=[put(3)],
          ClientRequestToken='token-1')
    failed = fails('TransactionCanceledException', db.transact_write_items,
                   TransactItems=[put(4), put(1, ConditionExpression='attribute_not_exists(pk)')])
    equal([reason['Code'] for reason in failed['CancellationReasons']], ['None', 'ConditionalCheckFailed'])
    equal(failed['Error']['Message'], 'Transaction cancelled, please refer cancellation reasons for specific '
          'reasons [None, ConditionalCheckFailed]')
    got = db.transact_get_items(TransactItems=[
        {'Get': {'TableName': 'people', 'Key': {'pk': {'S': 't'}, 'sk': {'N': str(sk)}}}} for sk in (1, 4)])
    equal(['Item' in answer for answer in got['Responses']], [True, False])


@check
def batches():
    answer = resource.batch_get_item(RequestItems={'people': {
        'Keys': [{'pk': 'batch', 'sk': n} for n in range(3)]}})
    equal((answer['Responses'], answer['UnprocessedKeys']), ({'people': []}, {}))
    fails('ValidationException', db.batch_write_item, RequestItems={'people': [
        {'PutRequest': {'Item': {'pk': {'S': 'x'}, 'sk': {'N': '1'}}}}] * 2})


@check
def counters_add_up_under_contention():
    key = {'pk': 'counter', 'sk': 0}

    def add():
        table = client('dynamodb')
        for _ in range(20):
            table.update_item(TableName='people', Key={'pk': {'S': 'counter'}, 'sk': {'N': '0'}},
                              UpdateExpression='ADD n :one', ExpressionAttributeValues={':one': {'N': '1'}})

    threads = [threading.Thread(target=add) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(people.get_item(Key=key)['Item']['n'], 100)


@check
def tables_change_and_go():
    fails('ResourceInUseException', db.create_table, TableName='people', BillingMode='PAY_PER_REQUEST',
          AttributeDefinitions=[{'AttributeName': 'a', 'AttributeType': 'S'}],
          KeySchema=[{'AttributeName': 'a', 'KeyType': 'HASH'}])
    db.update_time_to_live(TableName='people', TimeToLiveSpecification={'Enabled': True, 'AttributeName': 'ttl'})
    equal(db.describe_time_to_live(TableName='people')['TimeToLiveDescription'],
          {'TimeToLiveStatus': 'ENABLED', 'AttributeName': 'ttl'})
    arn = people.table_arn
    db.tag_resource(ResourceArn=arn, Tags=[{'Key': 'a', 'Value': 'b'}])
    equal(db.list_tags_of_resource(ResourceArn=arn)['Tags'], [{'Key': 'a', 'Value': 'b'}])
    table = resource.create_table(
        TableName='short', AttributeDefinitions=[{'AttributeName': 'a', 'AttributeType': 'S'}],
        KeySchema=[{'AttributeName': 'a', 'KeyType': 'HASH'}],
        ProvisionedThroughput={'ReadCapacityUnits': 1, 'WriteCapacityUnits': 1})
    db.get_waiter('table_exists').wait(TableName='short', WaiterConfig={'Delay': 1})
    table.delete()
    db.get_waiter('table_not_exists').wait(TableName='short', WaiterConfig={'Delay': 1})
    fails('ResourceNotFoundException', db.describe_table, TableName='short')


@check
def errors():
    missing = fails('ResourceNotFoundException', db.get_item, TableName='none', Key={'a': {'S': 'x'}})
    equal(missing['Error']['Message'], 'Requested resource not found')
    wrong = fails('ValidationException', people.get_item, Key={'pk': 'x'})
    equal(wrong['Error']['Message'], 'The provided key element does not match the schema')
    unused = fails('ValidationException', people.put_item, Item={'pk': 'x', 'sk': 1},
                   ExpressionAttributeValues={':a': 1})
    equal(unused['Error']['Message'],
          'ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null')
    syntax = fails('ValidationException', people.scan, FilterExpression='a = = :b',
                   ExpressionAttributeValues={':b': 1})
    assert syntax['Error']['Message'].startswith('Invalid FilterExpression: Syntax error; token: "="'), syntax


run()
