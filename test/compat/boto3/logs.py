"""CloudWatch Logs through boto3."""
import time

from harness import ACCOUNT, REGION, check, client, equal, fails, run

logs = client('logs')
logs.create_log_group(logGroupName='/app/one', tags={'a': 'b'})
NOW = int(time.time() * 1000)


@check
def events_are_written_read_and_filtered():
    for stream in ('s1', 's2'):
        logs.create_log_stream(logGroupName='/app/one', logStreamName=stream)
        logs.put_log_events(logGroupName='/app/one', logStreamName=stream, logEvents=[
            {'timestamp': NOW + n, 'message': f'{"ERROR" if n % 3 == 0 else "INFO"} {stream} {n} é'} for n in range(30)])
    got = logs.get_log_events(logGroupName='/app/one', logStreamName='s1', startFromHead=True, limit=10)
    equal([event['timestamp'] for event in got['events']], [NOW + n for n in range(10)])
    more = logs.get_log_events(logGroupName='/app/one', logStreamName='s1', nextToken=got['nextForwardToken'], startFromHead=True)
    equal(len(more['events']), 20)
    pages = logs.get_paginator('filter_log_events').paginate(
        logGroupName='/app/one', filterPattern='ERROR -s2', PaginationConfig={'PageSize': 4})
    messages = [event['message'] for page in pages for event in page['events']]
    equal(messages, [f'ERROR s1 {n} é' for n in range(0, 30, 3)])
    windowed = logs.filter_log_events(logGroupName='/app/one', startTime=NOW + 5, endTime=NOW + 6, logStreamNamePrefix='s2')
    equal([event['logStreamName'] for event in windowed['events']], ['s2', 's2'])


@check
def json_filters():
    logs.create_log_group(logGroupName='/app/json')
    logs.create_log_stream(logGroupName='/app/json', logStreamName='s')
    logs.put_log_events(logGroupName='/app/json', logStreamName='s', logEvents=[
        {'timestamp': NOW, 'message': '{"level":"error","ms":120}'}, {'timestamp': NOW, 'message': '{"level":"error","ms":5}'}])
    found = logs.filter_log_events(logGroupName='/app/json', filterPattern='{ $.level = "error" && $.ms > 100 }')
    equal([event['message'] for event in found['events']], ['{"level":"error","ms":120}'])


@check
def groups_and_streams_are_described():
    arn = f'arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/app/one'
    [group] = logs.describe_log_groups(logGroupNamePrefix='/app/one')['logGroups']
    equal((group['logGroupName'], group['arn'], group['logGroupArn']), ('/app/one', f'{arn}:*', arn))
    equal('retentionInDays' in group, False)
    logs.put_retention_policy(logGroupName='/app/one', retentionInDays=7)
    equal(logs.describe_log_groups(logGroupNamePrefix='/app/one')['logGroups'][0]['retentionInDays'], 7)
    fails('InvalidParameterException', logs.put_retention_policy, logGroupName='/app/one', retentionInDays=8)
    equal(logs.list_tags_for_resource(resourceArn=arn)['tags'], {'a': 'b'})
    for n in range(5):
        logs.create_log_stream(logGroupName='/app/one', logStreamName=f'p{n}')
    pages = logs.get_paginator('describe_log_streams').paginate(
        logGroupName='/app/one', logStreamNamePrefix='p', PaginationConfig={'PageSize': 2})
    equal([stream['logStreamName'] for page in pages for stream in page['logStreams']], [f'p{n}' for n in range(5)])


@check
def errors():
    fails('ResourceAlreadyExistsException', logs.create_log_group, logGroupName='/app/one')
    missing = fails('ResourceNotFoundException', logs.get_log_events, logGroupName='/none', logStreamName='x')
    equal(missing['Error']['Message'], 'The specified log group does not exist.')
    fails('InvalidParameterException', logs.create_log_group, logGroupName='not a group!')


run()
