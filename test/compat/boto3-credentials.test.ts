// boto3 with issued credentials: botocore's own signer, query and REST forms, presigned URLs, chunked uploads.
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { createCloud } from '../../src/testing/create-cloud.ts';

function hasBoto3(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const SCRIPT = `
import boto3, io, json, sys, urllib.request
endpoint, key, secret = sys.argv[1:4]
def client(name, **more):
    given = dict(endpoint_url=endpoint, region_name='eu-west-1', aws_access_key_id=key, aws_secret_access_key=secret)
    return boto3.client(name, **{**given, **more})
seen = {}
seen['identity'] = client('sts').get_caller_identity()['Arn']
iam = client('iam')
trust = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': '111122223333'}, 'Action': 'sts:AssumeRole'}]})
role = iam.create_role(RoleName='app', AssumeRolePolicyDocument=trust)['Role']
seen['trust'] = iam.get_role(RoleName='app')['Role']['AssumeRolePolicyDocument']
creds = client('sts').assume_role(RoleArn=role['Arn'], RoleSessionName='s1')['Credentials']
session = dict(aws_access_key_id=creds['AccessKeyId'], aws_secret_access_key=creds['SecretAccessKey'], aws_session_token=creds['SessionToken'])
seen['session'] = client('sts', **session).get_caller_identity()['Arn']
seen['queue'] = client('sqs', **session).create_queue(QueueName='q')['QueueUrl'].rsplit('/', 1)[1]
seen['groups'] = client('logs', **session).describe_log_groups()['logGroups']
seen['functions'] = client('lambda', **session).list_functions()['Functions']
from botocore.config import Config
s3 = client('s3', config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}), **session)
s3.create_bucket(Bucket='box', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
s3.put_object(Bucket='box', Key="a b/\\u00e9+'(1).txt", Body=io.BytesIO(b'hello'), ChecksumAlgorithm='CRC32')
seen['body'] = s3.get_object(Bucket='box', Key="a b/\\u00e9+'(1).txt")['Body'].read().decode()
url = s3.generate_presigned_url('get_object', Params={'Bucket': 'box', 'Key': "a b/\\u00e9+'(1).txt"}, ExpiresIn=60)
seen['presigned'] = urllib.request.urlopen(url).read().decode()
for name, change in (('wrong-secret', {'aws_secret_access_key': 'x' * 40}), ('wrong-token', {'aws_session_token': 'x'})):
    for service, call in (('sts', 'get_caller_identity'), ('dynamodb', 'list_tables'), ('lambda', 'list_functions'), ('s3', 'list_buckets')):
        try:
            getattr(client(service, **{**session, **change}), call)()
            seen[f'{name} {service}'] = 'accepted'
        except Exception as error:
            seen[f'{name} {service}'] = error.response['Error']['Code']
print(json.dumps(seen))
`;

describe.skipIf(!hasBoto3())('boto3 (needs python3 with boto3)', () => {
  test('signs with issued credentials in every form', async () => {
    await using cloud = await createCloud();
    const iam = cloud.client(IAMClient, { account: '111122223333' });
    await iam.send(new CreateUserCommand({ UserName: 'ann' }));
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await iam.send(new AttachUserPolicyCommand({ UserName: 'ann', PolicyArn }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    const args = [
      '-c',
      SCRIPT,
      cloud.endpoint,
      AccessKey?.AccessKeyId ?? '',
      AccessKey?.SecretAccessKey ?? '',
    ];
    const { stdout } = await promisify(execFile)('python3', args);
    expect(JSON.parse(stdout)).toEqual({
      identity: 'arn:aws:iam::111122223333:user/ann',
      trust: {
        Version: '2012-10-17',
        Statement: [expect.objectContaining({ Principal: { AWS: '111122223333' } })],
      },
      session: 'arn:aws:sts::111122223333:assumed-role/app/s1',
      queue: 'q',
      groups: [],
      functions: [],
      body: 'hello',
      presigned: 'hello',
      'wrong-secret sts': 'SignatureDoesNotMatch',
      'wrong-secret dynamodb': 'InvalidSignatureException',
      'wrong-secret lambda': 'InvalidSignatureException',
      'wrong-secret s3': 'SignatureDoesNotMatch',
      'wrong-token sts': 'InvalidClientTokenId',
      'wrong-token dynamodb': 'UnrecognizedClientException',
      'wrong-token lambda': 'UnrecognizedClientException',
      'wrong-token s3': 'InvalidToken',
    });
  }, 60_000);
});
