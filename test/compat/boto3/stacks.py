"""CloudFormation through boto3: stacks that are made, changed, rolled back and deleted."""
import json

from botocore.exceptions import WaiterError

from harness import ACCOUNT, REGION, check, client, equal, eventually, fails, run

cf = client('cloudformation')
sqs = client('sqs')
FAST = {'Delay': 1, 'MaxAttempts': 30}


def template(delay, **more):
    return json.dumps({
        'AWSTemplateFormatVersion': '2010-09-09', 'Description': 'a queue',
        'Parameters': {'Name': {'Type': 'String', 'Default': 'from-stack'}},
        'Resources': {'Queue': {'Type': 'AWS::SQS::Queue', 'Properties': {'QueueName': {'Ref': 'Name'}, 'DelaySeconds': delay}}, **more},
        'Outputs': {'Url': {'Value': {'Ref': 'Queue'}}, 'Arn': {'Value': {'Fn::GetAtt': ['Queue', 'Arn']}, 'Export': {'Name': {'Fn::Sub': '${AWS::StackName}-arn'}}}}})


BROKEN = {'Broken': {'Type': 'AWS::SQS::Queue', 'DependsOn': 'Queue', 'Properties': {'DelaySeconds': 9999}}}


def status(name):
    return cf.describe_stacks(StackName=name)['Stacks'][0]['StackStatus']


def delay(url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['DelaySeconds'])['Attributes']['DelaySeconds']


@check
def stacks_are_made_changed_and_deleted():
    identity = cf.create_stack(StackName='one', TemplateBody=template(1), Tags=[{'Key': 'a', 'Value': 'b'}])['StackId']
    assert identity.startswith(f'arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/one/'), identity
    cf.get_waiter('stack_create_complete').wait(StackName='one', WaiterConfig=FAST)
    [stack] = cf.describe_stacks(StackName='one')['Stacks']
    outputs = {output['OutputKey']: output['OutputValue'] for output in stack['Outputs']}
    equal(outputs['Arn'], f'arn:aws:sqs:{REGION}:{ACCOUNT}:from-stack')
    equal(delay(outputs['Url']), '1')
    equal([export['Name'] for export in cf.list_exports()['Exports']], ['one-arn'])
    cf.update_stack(StackName='one', TemplateBody=template(2))
    cf.get_waiter('stack_update_complete').wait(StackName='one', WaiterConfig=FAST)
    equal(delay(outputs['Url']), '2')
    same = fails('ValidationError', cf.update_stack, StackName='one', TemplateBody=template(2))
    equal(same['Error']['Message'], 'No updates are to be performed.')
    [listed] = cf.list_stack_resources(StackName='one')['StackResourceSummaries']
    equal((listed['LogicalResourceId'], listed['PhysicalResourceId']), ('Queue', outputs['Url']))
    statuses = [event['ResourceStatus'] for page in cf.get_paginator('describe_stack_events').paginate(StackName='one')
                for event in page['StackEvents']]
    equal((statuses[0], statuses[-1]), ('UPDATE_COMPLETE', 'CREATE_IN_PROGRESS'))
    cf.delete_stack(StackName='one')
    cf.get_waiter('stack_delete_complete').wait(StackName=identity, WaiterConfig=FAST)
    fails('ValidationError', cf.describe_stacks, StackName='one')
    fails('AWS.SimpleQueueService.NonExistentQueue', sqs.get_queue_url, QueueName='from-stack')


def ends_badly(wait, **where):
    """The answer a waiter gave up on."""
    try:
        cf.get_waiter(wait).wait(**where, WaiterConfig=FAST)
    except WaiterError as error:
        return error.last_response
    raise AssertionError(f'{where} went well')


@check
def a_stack_that_cannot_be_made_is_rolled_back():
    cf.create_stack(StackName='bad', TemplateBody=template(1, **BROKEN),
                    Parameters=[{'ParameterKey': 'Name', 'ParameterValue': 'bad-queue'}])
    ends_badly('stack_create_complete', StackName='bad')
    eventually(lambda: status('bad'), lambda seen: seen == 'ROLLBACK_COMPLETE')
    fails('AWS.SimpleQueueService.NonExistentQueue', sqs.get_queue_url, QueueName='bad-queue')
    reasons = [event['ResourceStatusReason'] for event in cf.describe_stack_events(StackName='bad')['StackEvents']
               if event['ResourceStatus'] == 'CREATE_FAILED']
    assert any('DelaySeconds' in reason for reason in reasons), reasons


@check
def a_change_that_fails_is_rolled_back():
    name = {'ParameterKey': 'Name'}
    cf.create_stack(StackName='back', TemplateBody=template(1), Parameters=[{**name, 'ParameterValue': 'back'}])
    cf.get_waiter('stack_create_complete').wait(StackName='back', WaiterConfig=FAST)
    cf.update_stack(StackName='back', TemplateBody=template(5, **BROKEN), Parameters=[{**name, 'UsePreviousValue': True}])
    ends_badly('stack_update_complete', StackName='back')
    # This one waits for UPDATE_ROLLBACK_COMPLETE.
    cf.get_waiter('stack_rollback_complete').wait(StackName='back', WaiterConfig=FAST)
    equal(delay(sqs.get_queue_url(QueueName='back')['QueueUrl']), '1')
    equal(len(cf.list_stack_resources(StackName='back')['StackResourceSummaries']), 1)


@check
def change_sets():
    name = [{'ParameterKey': 'Name', 'ParameterValue': 'changed'}]
    cf.create_change_set(StackName='sets', ChangeSetName='first', ChangeSetType='CREATE', TemplateBody=template(1), Parameters=name)
    cf.get_waiter('change_set_create_complete').wait(StackName='sets', ChangeSetName='first', WaiterConfig=FAST)
    equal(status('sets'), 'REVIEW_IN_PROGRESS')
    [change] = cf.describe_change_set(StackName='sets', ChangeSetName='first')['Changes']
    equal((change['ResourceChange']['Action'], change['ResourceChange']['LogicalResourceId']), ('Add', 'Queue'))
    cf.execute_change_set(StackName='sets', ChangeSetName='first')
    cf.get_waiter('stack_create_complete').wait(StackName='sets', WaiterConfig=FAST)
    cf.create_change_set(StackName='sets', ChangeSetName='second', TemplateBody=template(3), Parameters=name)
    cf.get_waiter('change_set_create_complete').wait(StackName='sets', ChangeSetName='second', WaiterConfig=FAST)
    [change] = cf.describe_change_set(StackName='sets', ChangeSetName='second')['Changes']
    equal((change['ResourceChange']['Action'], change['ResourceChange']['Replacement']), ('Modify', 'False'))
    cf.delete_change_set(StackName='sets', ChangeSetName='second')
    fails('ChangeSetNotFound', cf.describe_change_set, StackName='sets', ChangeSetName='second')
    cf.create_change_set(StackName='sets', ChangeSetName='none', TemplateBody=template(1), Parameters=name)
    reason = ends_badly('change_set_create_complete', StackName='sets', ChangeSetName='none')['StatusReason']
    assert "The submitted information didn't contain changes." in reason, reason


@check
def templates_are_checked():
    checked = cf.validate_template(TemplateBody=template(1))
    equal((checked['Description'], checked['Parameters'][0]['ParameterKey']), ('a queue', 'Name'))
    fails('ValidationError', cf.validate_template, TemplateBody='{"Resources": 5}')
    fails('ValidationError', cf.create_stack, StackName='x', TemplateBody=json.dumps({'Resources': {'A': {'Type': 'AWS::SQS::Queue', 'Properties': {'QueueName': {'Ref': 'None'}}}}}))
    role = {'R': {'Type': 'AWS::IAM::Role', 'Properties': {'RoleName': 'r', 'AssumeRolePolicyDocument': {}}}}
    fails('InsufficientCapabilitiesException', cf.create_stack, StackName='x', TemplateBody=json.dumps({'Resources': role}))
    fails('AlreadyExistsException', cf.create_stack, StackName='sets', TemplateBody=template(1))


run()
