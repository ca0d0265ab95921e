"""IAM and STS through boto3: entities, policies, keys, and credentials that are issued and verified."""
import json

import boto3

from harness import ACCOUNT, check, client, equal, fails, run

iam = client('iam')
sts = client('sts')
TRUST = {'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Allow', 'Principal': {'AWS': ACCOUNT}, 'Action': 'sts:AssumeRole'}]}
ALL = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]}


def role(name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName='all', PolicyDocument=json.dumps(ALL))
    return iam.get_role(RoleName=name)['Role']['Arn']


def as_session(credentials, **change):
    return {'aws_access_key_id': credentials['AccessKeyId'], 'aws_secret_access_key': credentials['SecretAccessKey'],
            'aws_session_token': credentials['SessionToken'], **change}


@check
def the_account_is_its_key():
    equal(sts.get_caller_identity()['Account'], ACCOUNT)
    equal(sts.get_caller_identity()['Arn'], f'arn:aws:iam::{ACCOUNT}:root')


@check
def an_assumed_role_is_who_its_credentials_say():
    arn = role('worker')
    answer = sts.assume_role(RoleArn=arn, RoleSessionName='shift-1', DurationSeconds=900)
    assumed = f'arn:aws:sts::{ACCOUNT}:assumed-role/worker/shift-1'
    equal(answer['AssumedRoleUser']['Arn'], assumed)
    session = as_session(answer['Credentials'])
    equal(client('sts', **session).get_caller_identity()['Arn'], assumed)
    equal(client('s3', **session).list_buckets()['Buckets'], [])
    equal(client('sqs', **session).create_queue(QueueName='theirs')['QueueUrl'].split('/')[-2:], [ACCOUNT, 'theirs'])
    equal(client('iam', **session).get_role(RoleName='worker')['Role']['Arn'], arn)


@check
def a_wrong_secret_for_an_issued_key_is_refused():
    answer = sts.assume_role(RoleArn=role('checked'), RoleSessionName='session')
    session = as_session(answer['Credentials'], aws_secret_access_key='wrong' * 8)
    calls = {'sts': ('get_caller_identity', 'SignatureDoesNotMatch'), 's3': ('list_buckets', 'SignatureDoesNotMatch'),
             'iam': ('list_users', 'SignatureDoesNotMatch'), 'sqs': ('list_queues', 'SignatureDoesNotMatch'),
             'sns': ('list_topics', 'SignatureDoesNotMatch'), 'cloudformation': ('list_stacks', 'SignatureDoesNotMatch'),
             'dynamodb': ('list_tables', 'InvalidSignatureException'), 'logs': ('describe_log_groups', 'InvalidSignatureException'),
             'lambda': ('list_functions', 'InvalidSignatureException'), 'apigateway': ('get_rest_apis', 'InvalidSignatureException')}
    for service, (operation, code) in calls.items():
        fails(code, getattr(client(service, **session), operation))


@check
def users_and_their_keys():
    iam.create_user(UserName='ann', Tags=[{'Key': 'team', 'Value': 'a'}])
    iam.attach_user_policy(UserName='ann', PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
    key = iam.create_access_key(UserName='ann')['AccessKey']
    own = {'aws_access_key_id': key['AccessKeyId'], 'aws_secret_access_key': key['SecretAccessKey']}
    equal(client('sts', **own).get_caller_identity()['Arn'], f'arn:aws:iam::{ACCOUNT}:user/ann')
    iam.update_access_key(UserName='ann', AccessKeyId=key['AccessKeyId'], Status='Inactive')
    fails('InvalidClientTokenId', client('sts', **own).get_caller_identity)
    fails('DeleteConflict', iam.delete_user, UserName='ann')
    iam.delete_access_key(UserName='ann', AccessKeyId=key['AccessKeyId'])
    iam.detach_user_policy(UserName='ann', PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
    iam.delete_user(UserName='ann')
    fails('NoSuchEntity', iam.get_user, UserName='ann')


@check
def the_resource_and_paginators():
    resource = boto3.resource('iam')
    policies = [resource.create_policy(PolicyName=f'p{n}', PolicyDocument=json.dumps(ALL)) for n in range(5)]
    holder = resource.Role('worker')
    for policy in policies:
        holder.attach_policy(PolicyArn=policy.arn)
    equal({policy.policy_name for policy in holder.attached_policies.all()}, {f'p{n}' for n in range(5)})
    pages = iam.get_paginator('list_policies').paginate(Scope='Local', PaginationConfig={'PageSize': 2})
    equal([len(page['Policies']) for page in pages], [2, 2, 1])
    equal(policies[0].default_version.document, ALL)
    iam.get_waiter('role_exists').wait(RoleName='worker')
    iam.create_instance_profile(InstanceProfileName='box')
    iam.get_waiter('instance_profile_exists').wait(InstanceProfileName='box')


@check
def errors():
    fails('EntityAlreadyExists', iam.create_role, RoleName='worker', AssumeRolePolicyDocument=json.dumps(TRUST))
    fails('MalformedPolicyDocument', iam.create_role, RoleName='bad', AssumeRolePolicyDocument='{}')
    fails('AccessDenied', sts.assume_role, RoleArn=f'arn:aws:iam::{ACCOUNT}:role/nobody', RoleSessionName='session')
    fails('ValidationError', iam.create_user, UserName='not a name!')


run()
