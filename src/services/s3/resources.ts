// CloudFormation types of S3: AWS::S3::Bucket and AWS::S3::BucketPolicy.
import { JSON_VALUE, TEXT } from '../../kernel/property-shapes.ts';
import {
  hasChanged,
  jsonText,
  textOf,
  unlessAbsent,
  unlessGone,
} from '../../kernel/resource-requests.ts';
import type {
  Properties,
  ResourceHandler,
  ResourceRequest,
  ResourceResult,
} from '../../kernel/resources.ts';
import { SETTINGS } from './bucket-properties.ts';
import type { BucketTarget } from './bucket-properties.ts';
import { featureNotImplemented } from './errors.ts';

/** How S3 says that what is to be removed is not there. */
const GONE = 'NoSuchBucket';

const BUCKET_NAME_MAX = 63;

/** Properties that AWS knows and that no bucket here can have. */
const NOT_IMPLEMENTED = [
  'AbacStatus',
  'AccelerateConfiguration',
  'AnalyticsConfigurations',
  'IntelligentTieringConfigurations',
  'InventoryConfigurations',
  'LoggingConfiguration',
  'MetadataConfiguration',
  'MetadataTableConfiguration',
  'MetricsConfigurations',
  'ObjectLockConfiguration',
  'ObjectLockEnabled',
  'ReplicationConfiguration',
  'WebsiteConfiguration',
] as const;

const bucket: ResourceHandler = {
  type: 'AWS::S3::Bucket',
  shape: {
    type: 'object',
    properties: {
      BucketName: TEXT,
      AccessControl: TEXT,
      ...Object.fromEntries(SETTINGS.map(({ property, shape }) => [property, shape])),
      ...Object.fromEntries(NOT_IMPLEMENTED.map((property) => [property, JSON_VALUE])),
    },
  },
  replaceOn: ['BucketName'],
  async create(request) {
    refuseUnsupported(request.properties);
    const { properties, region } = request;
    const name = bucketName(request);
    const target: BucketTarget = { call: request.call, Bucket: name, stackTags: request.stackTags };
    await request.call('s3', 'CreateBucket', {
      Bucket: name,
      ...(region === 'us-east-1'
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' } }),
    });
    try {
      for (const setting of SETTINGS) {
        const value = properties[setting.property];
        if (value !== undefined || setting.property === 'Tags') await setting.put(target, value);
      }
      await putAccessControl(target, properties);
    } catch (error) {
      // What was made half is not known to the stack yet, so nobody else would remove it.
      await request.call('s3', 'DeleteBucket', { Bucket: name });
      throw error;
    }
    return describeBucket(name, region);
  },
  async find(request) {
    const Bucket = bucketName(request);
    return (await unlessAbsent(request.call('s3', 'HeadBucket', { Bucket }), GONE)) && Bucket;
  },
  async update(request) {
    refuseUnsupported(request.properties);
    const { physicalId: Bucket, properties, previous } = request;
    const target: BucketTarget = { call: request.call, Bucket, stackTags: request.stackTags };
    for (const setting of SETTINGS) {
      const value = properties[setting.property];
      const changed = hasChanged(setting.property, previous, properties);
      // Tags of the stack itself may have changed.
      if ((value !== undefined && changed) || setting.property === 'Tags') {
        await setting.put(target, value);
      } else if (changed) await setting.remove(target);
    }
    if (properties['AccessControl'] !== previous['AccessControl']) {
      await putAccessControl(target, properties);
    }
    return describeBucket(Bucket, request.region);
  },
  async delete({ call, physicalId }) {
    await unlessGone(call('s3', 'DeleteBucket', { Bucket: physicalId }), GONE);
  },
};

function bucketName(request: ResourceRequest): string {
  const given = textOf(request.properties, 'BucketName');
  // Bucket names know no capitals.
  return given ?? request.physicalName(BUCKET_NAME_MAX).toLowerCase();
}

async function putAccessControl(target: BucketTarget, properties: Properties): Promise<void> {
  const acl = textOf(properties, 'AccessControl');
  // `Private` is what holds without an ACL, and buckets whose ACLs are off would refuse it.
  if (acl === undefined || acl === 'Private') return;
  const ACL = acl.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase() as 'public-read';
  await target.call('s3', 'PutBucketAcl', { Bucket: target.Bucket, ACL });
}

function refuseUnsupported(properties: Properties): void {
  for (const property of NOT_IMPLEMENTED) {
    const value = properties[property];
    if (value === undefined || value === false) continue;
    throw featureNotImplemented(`The property ${property} of AWS::S3::Bucket`);
  }
}

/** Return values: CloudFormation template reference, AWS::S3::Bucket. */
function describeBucket(name: string, region: string): ResourceResult {
  const website = ['us-east-1', 'us-west-1', 'us-west-2', 'eu-west-1'].includes(region) ? '-' : '.';
  return {
    physicalId: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      WebsiteURL: `http://${name}.s3-website${website}${region}.amazonaws.com`,
    },
  };
}

const bucketPolicy: ResourceHandler = {
  type: 'AWS::S3::BucketPolicy',
  shape: {
    type: 'object',
    properties: { Bucket: TEXT, PolicyDocument: JSON_VALUE },
    required: ['Bucket', 'PolicyDocument'],
  },
  replaceOn: ['Bucket'],
  create: putPolicy,
  update: putPolicy,
  // A policy has no identity but its text.
  async candidates({ call, properties }) {
    const Bucket = textOf(properties, 'Bucket') ?? '';
    const found = await unlessAbsent(call('s3', 'GetBucketPolicy', { Bucket }), 'NoSuchBucketPolicy');
    return found?.Policy === jsonText(properties['PolicyDocument']) ? [Bucket] : [];
  },
  async delete({ call, physicalId }) {
    await unlessGone(call('s3', 'DeleteBucketPolicy', { Bucket: physicalId }), GONE);
  },
};

async function putPolicy({ call, properties }: ResourceRequest): Promise<ResourceResult> {
  const Bucket = textOf(properties, 'Bucket') ?? '';
  const Policy = jsonText(properties['PolicyDocument']);
  await call('s3', 'PutBucketPolicy', { Bucket, Policy });
  return { physicalId: Bucket };
}

export const RESOURCES: readonly ResourceHandler[] = [bucket, bucketPolicy];
