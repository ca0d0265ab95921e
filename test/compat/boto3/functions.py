"""Lambda through boto3: code that runs, fails, has versions and aliases, and is fed by a queue."""
import base64
import json
import urllib.request

from botocore.response import StreamingBody

from harness import ACCOUNT, REGION, check, client, equal, eventually, fails, run, zipped

functions = client('lambda')
logs = client('logs')
sqs = client('sqs')
ROLE = client('iam').create_role(RoleName='runner', AssumeRolePolicyDocument=json.dumps({
    'Version': '2012-10-17', 'Statement': [
        {'Effect': 'Allow', 'Principal': {'Service': 'lambda.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}))['Role']['Arn']
client('iam').attach_role_policy(RoleName='runner', PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
SOURCE = '''
exports.handler = async (event, context) => {
  console.log('seen ' + JSON.stringify(event));
  if (event.fail) throw new TypeError('as asked: ' + event.fail);
  return { event, color: process.env.COLOR, version: context.functionVersion, id: context.awsRequestId };
};
'''


def create(name, source=SOURCE, **more):
    made = functions.create_function(FunctionName=name, Runtime='nodejs20.x', Role=ROLE, Handler='index.handler',
                                     Code={'ZipFile': zipped(index_js=source)}, **more)
    functions.get_waiter('function_active_v2').wait(FunctionName=name, WaiterConfig={'Delay': 1})
    return made


def call(name, event=None, **more):
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)
    return answer, json.loads(answer['Payload'].read())


@check
def functions_run():
    made = create('plain', Environment={'Variables': {'COLOR': 'blue'}}, Description='é', Tags={'a': 'b'})
    equal(made['FunctionArn'], f'arn:aws:lambda:{REGION}:{ACCOUNT}:function:plain')
    answer, result = call('plain', {'n': 1}, LogType='Tail')
    equal((answer['StatusCode'], answer['ExecutedVersion']), (200, '$LATEST'))
    equal({**result, 'id': ''}, {'event': {'n': 1}, 'color': 'blue', 'version': '$LATEST', 'id': ''})
    tail = base64.b64decode(answer['LogResult']).decode()
    assert 'seen {"n":1}' in tail and f'REPORT RequestId: {result["id"]}' in tail, tail
    events = eventually(lambda: logs.filter_log_events(logGroupName='/aws/lambda/plain', filterPattern='seen')['events'], len)
    assert 'seen {"n":1}' in events[0]['message'], events
    equal(functions.get_function(FunctionName='plain')['Tags'], {'a': 'b'})


@check
def python_functions_run():
    functions.create_function(FunctionName='snake', Runtime='python3.12', Role=ROLE, Handler='app.handle', Code={
        'ZipFile': zipped(app_py='def handle(event, context):\n    return {"sum": sum(event["n"]), "left": context.get_remaining_time_in_millis() > 0}\n')})
    functions.get_waiter('function_active_v2').wait(FunctionName='snake', WaiterConfig={'Delay': 1})
    equal(call('snake', {'n': [1, 2, 3]})[1], {'sum': 6, 'left': True})


@check
def functions_fail_with_their_error():
    answer, result = call('plain', {'fail': 'now'})
    equal((answer['StatusCode'], answer['FunctionError']), (200, 'Unhandled'))
    equal((result['errorType'], result['errorMessage']), ('TypeError', 'as asked: now'))
    equal(functions.invoke(FunctionName='plain', InvocationType='DryRun')['StatusCode'], 204)
    equal(functions.invoke(FunctionName='plain', InvocationType='Event', Payload='{}')['StatusCode'], 202)
    create('slow', 'exports.handler = () => new Promise(() => setTimeout(() => {}, 60000));', Timeout=1)
    answer, result = call('slow')
    assert 'Task timed out after 1.00 seconds' in result['errorMessage'], result


@check
def versions_and_aliases():
    create('versioned')
    first = functions.publish_version(FunctionName='versioned')['Version']
    functions.update_function_code(FunctionName='versioned', ZipFile=zipped(index_js='exports.handler = async () => "two";'))
    functions.get_waiter('function_updated_v2').wait(FunctionName='versioned', WaiterConfig={'Delay': 1})
    second = functions.publish_version(FunctionName='versioned')['Version']
    equal((first, second), ('1', '2'))
    equal(call('versioned', Qualifier='1')[1]['version'], '1')
    equal(call('versioned', Qualifier='2')[1], 'two')
    alias = functions.create_alias(FunctionName='versioned', Name='live', FunctionVersion='1')
    equal(call(alias['AliasArn'])[0]['ExecutedVersion'], '1')
    functions.update_alias(FunctionName='versioned', Name='live', FunctionVersion='2')
    equal(call('versioned', Qualifier='live')[1], 'two')
    pages = functions.get_paginator('list_versions_by_function').paginate(FunctionName='versioned', PaginationConfig={'PageSize': 2})
    equal([version['Version'] for page in pages for version in page['Versions']], ['$LATEST', '1', '2'])
    fails('ResourceConflictException', functions.delete_function, FunctionName='versioned', Qualifier='2')


@check
def configuration_changes():
    create('set', MemorySize=256)
    functions.update_function_configuration(FunctionName='set', Timeout=9, Environment={'Variables': {'COLOR': 'red'}})
    functions.get_waiter('function_updated').wait(FunctionName='set', WaiterConfig={'Delay': 1})
    settings = functions.get_function_configuration(FunctionName='set')
    equal((settings['Timeout'], settings['MemorySize'], settings['LastUpdateStatus']), (9, 256, 'Successful'))
    equal(call('set')[1]['color'], 'red')
    functions.put_function_concurrency(FunctionName='set', ReservedConcurrentExecutions=0)
    fails('TooManyRequestsException', functions.invoke, FunctionName='set')
    functions.add_permission(FunctionName='set', StatementId='s', Action='lambda:InvokeFunction', Principal='s3.amazonaws.com')
    policy = json.loads(functions.get_policy(FunctionName='set')['Policy'])
    equal(policy['Statement'][0]['Principal'], {'Service': 's3.amazonaws.com'})
    functions.delete_function(FunctionName='set')
    fails('ResourceNotFoundException', functions.get_function, FunctionName='set')


@check
def queues_feed_functions():
    url = sqs.create_queue(QueueName='work')['QueueUrl']
    arn = f'arn:aws:sqs:{REGION}:{ACCOUNT}:work'
    create('worker', 'exports.handler = async (event) => { for (const r of event.Records) console.log("worked on " + r.body); };')
    mapping = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName='worker', BatchSize=5)
    eventually(lambda: functions.get_event_source_mapping(UUID=mapping['UUID'])['State'], lambda state: state == 'Enabled')
    for n in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=f'job-{n}')
    def worked():
        try:
            events = logs.filter_log_events(logGroupName='/aws/lambda/worker', filterPattern='"worked on"')['events']
        except logs.exceptions.ResourceNotFoundException:
            return set()
        return {event['message'].split('worked on ')[1].strip() for event in events}
    eventually(worked, lambda seen: seen == {f'job-{n}' for n in range(5)})
    names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible']
    eventually(lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)['Attributes'],
               lambda counts: set(counts.values()) == {'0'})
    functions.delete_event_source_mapping(UUID=mapping['UUID'])


@check
def layers_and_signing():
    made = functions.publish_layer_version(LayerName='tools', Content={'ZipFile': zipped(tool_txt='hammer')},
                                           CompatibleRuntimes=['nodejs20.x'], CompatibleArchitectures=['x86_64'])
    layer = dict(LayerName='tools', VersionNumber=made['Version'])
    equal(urllib.request.urlopen(functions.get_layer_version(**layer)['Content']['Location']).read()[:2], b'PK')
    pages = functions.get_paginator('list_layer_versions').paginate(LayerName='tools', CompatibleArchitecture='x86_64')
    equal([version['Version'] for page in pages for version in page['LayerVersions']], [made['Version']])
    functions.add_layer_version_permission(**layer, StatementId='all', Action='lambda:GetLayerVersion', Principal='*')
    policy = json.loads(functions.get_layer_version_policy(**layer)['Policy'])
    equal(policy['Statement'][0]['Resource'], made['LayerVersionArn'])
    functions.remove_layer_version_permission(**layer, StatementId='all')
    fails('ResourceNotFoundException', functions.get_layer_version_policy, **layer)
    signing = functions.create_code_signing_config(
        AllowedPublishers={'SigningProfileVersionArns': [f'arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/team/abcdef']},
        CodeSigningPolicies={'UntrustedArtifactOnDeployment': 'Warn'})['CodeSigningConfig']['CodeSigningConfigArn']
    create('signed', Layers=[made['LayerVersionArn']], CodeSigningConfigArn=signing)
    equal(functions.get_function_code_signing_config(FunctionName='signed')['CodeSigningConfigArn'], signing)
    equal(functions.list_functions_by_code_signing_config(CodeSigningConfigArn=signing)['FunctionArns'],
          [f'arn:aws:lambda:{REGION}:{ACCOUNT}:function:signed'])
    functions.update_code_signing_config(CodeSigningConfigArn=signing,
                                         CodeSigningPolicies={'UntrustedArtifactOnDeployment': 'Enforce'})
    fails('CodeVerificationFailedException', functions.update_function_code, FunctionName='signed',
          ZipFile=zipped(index_js=SOURCE))
    fails('ResourceConflictException', functions.delete_code_signing_config, CodeSigningConfigArn=signing)


@check
def settings_of_versions():
    create('kept', Publish=True)
    arn = functions.get_function_configuration(FunctionName='kept')['RuntimeVersionConfig']['RuntimeVersionArn']
    functions.put_runtime_management_config(FunctionName='kept', Qualifier='1', UpdateRuntimeOn='Manual', RuntimeVersionArn=arn)
    shown = functions.get_runtime_management_config(FunctionName='kept', Qualifier='1')
    equal((shown['UpdateRuntimeOn'], shown['RuntimeVersionArn']), ('Manual', arn))
    functions.put_function_event_invoke_config(FunctionName='kept', MaximumRetryAttempts=1)
    equal(functions.list_function_event_invoke_configs(FunctionName='kept')['FunctionEventInvokeConfigs'][0]['MaximumRetryAttempts'], 1)
    fails('InvalidParameterValueException', functions.create_event_source_mapping, FunctionName='kept',
          EventSourceArn=f'arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/1', StartingPosition='LATEST')


@check
def errors():
    missing = fails('ResourceNotFoundException', functions.invoke, FunctionName='none')
    equal(missing['Error']['Message'], f'Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:none')
    fails('InvalidRequestContentException', functions.invoke, FunctionName='plain', Payload='{nonsense')
    fails('ResourceConflictException', create, 'plain')
    fails('InvalidParameterValueException', functions.create_function, FunctionName='x', Runtime='nodejs20.x', Role=ROLE,
          Handler='index.handler', Code={'ZipFile': b'no archive'})
    fails('InvalidParameterValueException', functions.create_function, FunctionName='x', Runtime='cobol', Role=ROLE,
          Handler='index.handler', Code={'ZipFile': zipped(index_js='')})


run()
