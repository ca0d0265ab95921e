// Buckets and their settings through the SDK.
import * as sdk from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import type { TestCloud } from '../../../testing/create-cloud.ts';

let cloud: TestCloud;
let s3: S3Client;
let made = 0;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
});
afterAll(() => cloud.close());

const create = (Bucket: string, more: object = {}, client = s3) =>
  client.send(new sdk.CreateBucketCommand({ Bucket, ...more }));
async function fresh(): Promise<{ Bucket: string }> {
  const Bucket = `settings-${made++}`;
  await create(Bucket);
  return { Bucket };
}
const failure = (name: string, httpStatusCode: number, more: object = {}) => ({
  name,
  $metadata: { httpStatusCode },
  ...more,
});

describe('creating', () => {
  it.each([
    'ab',
    'A-bucket',
    'under_score',
    'two..dots',
    '192.168.5.4',
    'xn--bucket',
    'ends-s3alias',
    '-starts',
    'ends-',
    'x'.repeat(64),
  ])('refuses the name %s', async (Bucket) => {
    await expect(create(Bucket)).rejects.toMatchObject(
      failure('InvalidBucketName', 400, { message: 'The specified bucket is not valid.' }),
    );
  });

  // S3 API reference, CreateBucket: an own bucket again is a success in us-east-1 only.
  it('is idempotent for the owner in us-east-1', async () => {
    expect((await create('mine')).Location).toBe('/mine');
    await create('mine');
    const other = cloud.client(S3Client, { account: '111111111111' });
    await expect(create('mine', {}, other)).rejects.toMatchObject(
      failure('BucketAlreadyExists', 409, { BucketName: 'mine' }),
    );
  });

  it('elsewhere needs the region, and is refused the second time', async () => {
    const frankfurt = cloud.client(S3Client, { region: 'eu-central-1' });
    const home = { CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } };
    const away = { CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } };
    // The SDK adds the constraint by itself; a bare request does not.
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0';
    const bare = await fetch(`${cloud.endpoint}/located`, { method: 'PUT', headers: { authorization } });
    expect(await bare.text()).toContain(
      '<Code>IllegalLocationConstraintException</Code><Message>The unspecified location constraint is incompatible',
    );
    await expect(create('located', away, frankfurt)).rejects.toMatchObject({
      message:
        'The eu-west-1 location constraint is incompatible for the region specific endpoint this request was sent to.',
    });
    await create('located', home, frankfurt);
    await expect(create('located', home, frankfurt)).rejects.toMatchObject(
      failure('BucketAlreadyOwnedByYou', 409),
    );
    const location = await s3.send(new sdk.GetBucketLocationCommand({ Bucket: 'located' }));
    expect(location.LocationConstraint).toBe('eu-central-1');
    expect((await s3.send(new sdk.HeadBucketCommand({ Bucket: 'located' }))).BucketRegion).toBe('eu-central-1');
  });

  it('refuses us-east-1 and fancy places as constraints', async () => {
    for (const LocationConstraint of ['us-east-1', 'nowhere']) {
      await expect(
        create('odd', { CreateBucketConfiguration: { LocationConstraint } }),
      ).rejects.toMatchObject(failure('InvalidLocationConstraint', 400, { LocationConstraint }));
    }
    expect((await s3.send(new sdk.GetBucketLocationCommand(await fresh()))).LocationConstraint).toBeUndefined();
  });

  it('refuses ACLs that its ownership forbids', async () => {
    await expect(create('open', { ACL: 'public-read' })).rejects.toMatchObject(
      failure('InvalidBucketAclWithObjectOwnership', 400),
    );
    await expect(create('open', { ObjectOwnership: 'Random' })).rejects.toMatchObject(
      failure('InvalidArgument', 400, { message: 'Invalid x-amz-object-ownership header: Random' }),
    );
  });

  it('refuses what does not exist here rather than ignoring it', async () => {
    await expect(create('locked', { ObjectLockEnabledForBucket: true })).rejects.toMatchObject(
      failure('NotImplemented', 501),
    );
    await expect(
      s3.send(new sdk.HeadBucketCommand({ Bucket: 'locked' })),
    ).rejects.toMatchObject(failure('NotFound', 404));
  });
});

it('lists the buckets of one account, by name, page by page', async () => {
  const lister = cloud.client(S3Client, { account: '222222222222' });
  for (const name of ['list-c', 'list-a', 'other', 'list-b']) await create(name, {}, lister);
  const all = await lister.send(new sdk.ListBucketsCommand({}));
  expect(all.Buckets?.map(({ Name }) => Name)).toEqual(['list-a', 'list-b', 'list-c', 'other']);
  expect(all.Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
  const first = await lister.send(new sdk.ListBucketsCommand({ Prefix: 'list-', MaxBuckets: 2 }));
  expect(first.Buckets?.map(({ Name, BucketRegion }) => [Name, BucketRegion])).toEqual([
    ['list-a', 'us-east-1'],
    ['list-b', 'us-east-1'],
  ]);
  const { ContinuationToken } = first;
  const rest = await lister.send(new sdk.ListBucketsCommand({ Prefix: 'list-', MaxBuckets: 2, ContinuationToken }));
  expect(rest.Buckets?.map(({ Name }) => Name)).toEqual(['list-c']);
  expect(rest.ContinuationToken).toBeUndefined();
});

it('deletes empty buckets only, and all that was theirs', async () => {
  const bucket = await fresh();
  await s3.send(new sdk.PutObjectCommand({ ...bucket, Key: 'k', Body: 'x' }));
  await expect(s3.send(new sdk.DeleteBucketCommand(bucket))).rejects.toMatchObject(
    failure('BucketNotEmpty', 409, { message: 'The bucket you tried to delete is not empty' }),
  );
  await s3.send(new sdk.DeleteObjectCommand({ ...bucket, Key: 'k' }));
  await s3.send(new sdk.PutBucketTaggingCommand({ ...bucket, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }));
  await s3.send(new sdk.CreateMultipartUploadCommand({ ...bucket, Key: 'upload' }));
  await s3.send(new sdk.DeleteBucketCommand(bucket));
  await create(bucket.Bucket);
  await expect(s3.send(new sdk.GetBucketTaggingCommand(bucket))).rejects.toMatchObject({ name: 'NoSuchTagSet' });
  expect((await s3.send(new sdk.ListMultipartUploadsCommand(bucket))).Uploads).toBeUndefined();
});

it('knows the owner one expects', async () => {
  const bucket = await fresh();
  await s3.send(new sdk.HeadBucketCommand({ ...bucket, ExpectedBucketOwner: '000000000000' }));
  await expect(
    s3.send(new sdk.ListObjectsV2Command({ ...bucket, ExpectedBucketOwner: '111111111111' })),
  ).rejects.toMatchObject(failure('AccessDenied', 403, { message: 'Access Denied' }));
});

// What Terraform's aws_s3_bucket reads of a new bucket: S3 API reference; localstack snapshots.
describe('a new bucket answers', () => {
  it.each([
    ['GetBucketCors', 'NoSuchCORSConfiguration', 'The CORS configuration does not exist'],
    ['GetBucketLifecycleConfiguration', 'NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
    ['GetBucketPolicy', 'NoSuchBucketPolicy', 'The bucket policy does not exist'],
    ['GetBucketPolicyStatus', 'NoSuchBucketPolicy', 'The bucket policy does not exist'],
    ['GetBucketReplication', 'ReplicationConfigurationNotFoundError', 'The replication configuration was not found'],
    ['GetBucketTagging', 'NoSuchTagSet', 'The TagSet does not exist'],
    ['GetBucketWebsite', 'NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration'],
    ['GetObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket'],
  ] as const)('%s with %s', async (operation, name, message) => {
    const bucket = await fresh();
    await expect(send(operation, bucket)).rejects.toMatchObject(
      failure(name, 404, { message, BucketName: bucket.Bucket }),
    );
    await expect(send(operation, { Bucket: 'no-such-bucket' })).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  it.each([
    ['GetBucketVersioning', {}],
    ['GetBucketLogging', {}],
    ['GetBucketAccelerateConfiguration', {}],
    ['GetBucketNotificationConfiguration', {}],
    ['GetBucketRequestPayment', { Payer: 'BucketOwner' }],
    [
      'GetBucketEncryption',
      {
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false }],
        },
      },
    ],
    ['GetBucketOwnershipControls', { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } }],
    [
      'GetPublicAccessBlock',
      {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    ],
  ] as const)('%s', async (operation, expected) => {
    const { $metadata: _, ...answer } = await send(operation, await fresh());
    expect(answer).toEqual(expected);
  });

  function send(operation: string, input: { Bucket: string }): Promise<sdk.ServiceOutputTypes> {
    const commands = sdk as unknown as Record<string, new (input: object) => never>;
    const Command = commands[`${operation}Command`];
    if (Command === undefined) throw new Error(operation);
    return s3.send(new Command(input));
  }
});

describe('settings', () => {
  it('of ownership, public access and encryption come and go', async () => {
    const bucket = await fresh();
    const Rules = [{ ObjectOwnership: 'ObjectWriter' as const }];
    await s3.send(new sdk.PutBucketOwnershipControlsCommand({ ...bucket, OwnershipControls: { Rules } }));
    expect((await s3.send(new sdk.GetBucketOwnershipControlsCommand(bucket))).OwnershipControls).toEqual({ Rules });
    await s3.send(new sdk.DeleteBucketOwnershipControlsCommand(bucket));
    await expect(s3.send(new sdk.GetBucketOwnershipControlsCommand(bucket))).rejects.toMatchObject(
      failure('OwnershipControlsNotFoundError', 404),
    );
    await s3.send(new sdk.DeletePublicAccessBlockCommand(bucket));
    await expect(s3.send(new sdk.GetPublicAccessBlockCommand(bucket))).rejects.toMatchObject(
      failure('NoSuchPublicAccessBlockConfiguration', 404),
    );
    const rule = (SSEAlgorithm: 'AES256' | 'aws:kms', KMSMasterKeyID?: string) => ({
      ...bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm, KMSMasterKeyID }, BucketKeyEnabled: true }],
      },
    });
    await s3.send(new sdk.PutBucketEncryptionCommand(rule('AES256')));
    const shown = await s3.send(new sdk.GetBucketEncryptionCommand(bucket));
    expect(shown.ServerSideEncryptionConfiguration?.Rules?.[0]?.BucketKeyEnabled).toBe(true);
    await expect(s3.send(new sdk.PutBucketEncryptionCommand(rule('aws:kms')))).rejects.toMatchObject(
      failure('NotImplemented', 501),
    );
    await expect(s3.send(new sdk.PutBucketEncryptionCommand(rule('AES256', 'k')))).rejects.toMatchObject(
      failure('InvalidArgument', 400, {
        message: 'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
      }),
    );
  });

  const policy = (Bucket: string, Principal: unknown, more: object = {}) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*`, ...more }],
    });

  it('of policy are kept as written, and refused when public while that is blocked', async () => {
    const bucket = await fresh();
    const put = (Policy: string) => s3.send(new sdk.PutBucketPolicyCommand({ ...bucket, Policy }));
    const own = policy(bucket.Bucket, { AWS: 'arn:aws:iam::000000000000:root' });
    await put(own);
    expect((await s3.send(new sdk.GetBucketPolicyCommand(bucket))).Policy).toBe(own);
    expect((await s3.send(new sdk.GetBucketPolicyStatusCommand(bucket))).PolicyStatus?.IsPublic).toBe(false);
    await expect(put(policy(bucket.Bucket, '*'))).rejects.toMatchObject(failure('AccessDenied', 403));
    await s3.send(new sdk.DeletePublicAccessBlockCommand(bucket));
    await put(policy(bucket.Bucket, { AWS: '*' }));
    expect((await s3.send(new sdk.GetBucketPolicyStatusCommand(bucket))).PolicyStatus?.IsPublic).toBe(true);
    await s3.send(new sdk.DeleteBucketPolicyCommand(bucket));
    await expect(s3.send(new sdk.GetBucketPolicyCommand(bucket))).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  });

  // localstack/localstack, test_s3_api.snapshot.json, test_bucket_policy_exc (recorded against AWS)
  it.each([
    ['', "Policies must be valid JSON and the first byte must be '{'"],
    ['invalid json', "Policies must be valid JSON and the first byte must be '{'"],
    ['{}', 'Missing required field Statement'],
    [policy('another-bucket', '*'), 'Policy has invalid resource'],
    [policy('x', '*', { Action: 'sqs:SendMessage' }), 'Policy has invalid action'],
  ])('of policy refuse %.20s', async (Policy, message) => {
    await expect(
      s3.send(new sdk.PutBucketPolicyCommand({ ...(await fresh()), Policy })),
    ).rejects.toMatchObject(failure('MalformedPolicy', 400, { message }));
  });

  it('of ACL need ACLs to be on', async () => {
    const bucket = await fresh();
    const putAcl = () => s3.send(new sdk.PutBucketAclCommand({ ...bucket, ACL: 'public-read' }));
    await expect(putAcl()).rejects.toMatchObject(failure('AccessControlListNotSupported', 400));
    const Rules = [{ ObjectOwnership: 'BucketOwnerPreferred' as const }];
    await s3.send(new sdk.PutBucketOwnershipControlsCommand({ ...bucket, OwnershipControls: { Rules } }));
    await expect(putAcl()).rejects.toMatchObject(failure('AccessDenied', 403));
    await s3.send(new sdk.DeletePublicAccessBlockCommand(bucket));
    await putAcl();
    const { Grants, Owner } = await s3.send(new sdk.GetBucketAclCommand(bucket));
    expect(Grants).toEqual([
      { Grantee: { Type: 'CanonicalUser', ID: Owner?.ID }, Permission: 'FULL_CONTROL' },
      { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AllUsers' }, Permission: 'READ' },
    ]);
    await s3.send(new sdk.PutObjectCommand({ ...bucket, Key: 'k', Body: 'x', ACL: 'public-read' }));
    const acl = await s3.send(new sdk.GetObjectAclCommand({ ...bucket, Key: 'k' }));
    expect(acl.Grants).toHaveLength(2);
  });
});

// localstack/localstack, test_s3_api.snapshot.json, test_tagging_validation (recorded against AWS)
describe('tags', () => {
  const pair = (Key: string, Value: string) => ({ Key, Value });
  it.each([
    [[pair('Key1', 'a'), pair('Key1', 'b')], 'Cannot provide multiple Tags with the same key', { TagKey: 'Key1' }],
    [[pair('Key1,Key2', 'a')], 'The TagKey you have provided is invalid', { TagKey: 'Key1,Key2' }],
    [[pair('Key1', 'Val1,Val2')], 'The TagValue you have provided is invalid', { TagKey: 'Key1', TagValue: 'Val1,Val2' }],
    [[pair('aws:prefixed', 'a')], 'System tags cannot be added/updated by requester', { TagKey: 'aws:prefixed' }],
  ])('%# are refused', async (TagSet, message, fields) => {
    const bucket = await fresh();
    await expect(
      s3.send(new sdk.PutBucketTaggingCommand({ ...bucket, Tagging: { TagSet } })),
    ).rejects.toMatchObject(failure('InvalidTag', 400, { message, ...fields }));
  });

  it('of objects are at most ten, and go with the object', async () => {
    const bucket = { ...(await fresh()), Key: 'k' };
    await s3.send(new sdk.PutObjectCommand({ ...bucket, Body: 'x', Tagging: 'tag1=val1' }));
    const tagsOf = async () => (await s3.send(new sdk.GetObjectTaggingCommand(bucket))).TagSet;
    const putTags = (TagSet: sdk.Tag[]) => s3.send(new sdk.PutObjectTaggingCommand({ ...bucket, Tagging: { TagSet } }));
    expect(await tagsOf()).toEqual([pair('tag1', 'val1')]);
    await putTags([pair('z', '1'), pair('a', '')]);
    expect(await tagsOf()).toEqual([pair('a', ''), pair('z', '1')]);
    const eleven = Array.from({ length: 11 }, (_, n) => pair(`k${n}`, 'v'));
    await expect(putTags(eleven)).rejects.toMatchObject(
      failure('BadRequest', 400, { message: 'Object tags cannot be greater than 10' }),
    );
    await s3.send(new sdk.DeleteObjectTaggingCommand(bucket));
    expect(await tagsOf()).toEqual([]);
    await putTags([pair('a', '1')]);
    await s3.send(new sdk.PutObjectCommand({ ...bucket, Body: 'y' }));
    expect(await tagsOf()).toEqual([]);
  });

  it.each(['key1=val1&key1=val2', 'key1=val1,key2=val2'])('header %s is refused', async (Tagging) => {
    await expect(
      s3.send(new sdk.PutObjectCommand({ ...(await fresh()), Key: 'k', Body: 'x', Tagging })),
    ).rejects.toMatchObject(
      failure('InvalidArgument', 400, {
        message:
          "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
        ArgumentName: 'x-amz-tagging',
        ArgumentValue: Tagging,
      }),
    );
  });
});
