// Settings of buckets that are kept whole: versioning, tags, policy, CORS, encryption, ownership, blocks.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { changeBucket, requireBucket } from '../bucket-access.ts';
import type { BucketReference } from '../bucket-access.ts';
import type { CorsRule } from '../cors.ts';
import {
  accessDenied,
  featureNotImplemented,
  illegalVersioning,
  invalidArgument,
  invalidRequest,
  malformedXml,
  notConfigured,
} from '../errors.ts';
import { CORS_RULES_MAX } from '../limits.ts';
import { checkPolicy, isPublicPolicy } from '../policy.ts';
import { refuseMfa } from '../rules.ts';
import { deleteSetting, getSetting, putSetting } from '../store.ts';
import type { BucketSettings } from '../store.ts';
import { checkTags, sortTags } from '../tags.ts';
import { readTags, showTags } from './shapes.ts';
import type { Empty } from './shapes.ts';

function readSetting<K extends keyof BucketSettings>(
  context: RequestContext,
  reference: BucketReference,
  kind: K,
): Promise<BucketSettings[K] | undefined> {
  return context.store.read(async (view) => {
    const bucket = await requireBucket(view, reference);
    return getSetting(view, bucket.name, kind);
  });
}

export async function getBucketVersioning(
  input: InputOf<'s3', 'GetBucketVersioning'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketVersioning'>> {
  const bucket = await context.store.read((view) => requireBucket(view, input));
  return bucket.versioning === undefined ? {} : { Status: bucket.versioning };
}

export async function putBucketVersioning(
  input: InputOf<'s3', 'PutBucketVersioning'>,
  context: RequestContext,
): Promise<Empty> {
  const { Status, MFADelete } = input.VersioningConfiguration ?? {};
  refuseMfa(input.MFA);
  if (MFADelete === 'Enabled') throw featureNotImplemented('MFA delete');
  if (Status === undefined) throw illegalVersioning();
  if (Status !== 'Enabled' && Status !== 'Suspended') throw malformedXml();
  await changeBucket(context.store, input, () => ({ versioning: Status }));
  return {};
}

export async function getBucketTagging(
  input: InputOf<'s3', 'GetBucketTagging'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketTagging'>> {
  const tags = await readSetting(context, input, 'tagging');
  if (tags === undefined) throw notConfigured('tagging', input.Bucket ?? '');
  return { TagSet: showTags(tags) };
}

export async function putBucketTagging(
  input: InputOf<'s3', 'PutBucketTagging'>,
  context: RequestContext,
): Promise<Empty> {
  const tags = readTags(input.Tagging?.TagSet);
  await changeBucket(context.store, input, (tx, bucket) => {
    checkTags(tags, 'bucket');
    if (tags.length === 0) deleteSetting(tx, bucket.name, 'tagging');
    else putSetting(tx, { bucket: bucket.name, kind: 'tagging' }, sortTags(tags));
    return {};
  });
  return {};
}

export async function deleteBucketTagging(
  input: InputOf<'s3', 'DeleteBucketTagging'>,
  context: RequestContext,
): Promise<Empty> {
  return dropSetting(context, input, 'tagging');
}

async function dropSetting(
  context: RequestContext,
  reference: BucketReference,
  kind: keyof BucketSettings,
): Promise<Empty> {
  await changeBucket(context.store, reference, (tx, bucket) => {
    deleteSetting(tx, bucket.name, kind);
    return kind === 'cors' ? { hasCors: undefined } : {};
  });
  return {};
}

export async function getBucketPolicy(
  input: InputOf<'s3', 'GetBucketPolicy'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketPolicy'>> {
  const policy = await readSetting(context, input, 'policy');
  if (policy === undefined) throw notConfigured('policy', input.Bucket ?? '');
  return { Policy: policy };
}

export async function getBucketPolicyStatus(
  input: InputOf<'s3', 'GetBucketPolicyStatus'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketPolicyStatus'>> {
  const policy = await readSetting(context, input, 'policy');
  if (policy === undefined) throw notConfigured('policy', input.Bucket ?? '');
  return { PolicyStatus: { IsPublic: isPublicPolicy(policy) } };
}

export async function putBucketPolicy(
  input: InputOf<'s3', 'PutBucketPolicy'>,
  context: RequestContext,
): Promise<Empty> {
  const policy = input.Policy ?? '';
  await changeBucket(context.store, input, (tx, bucket) => {
    checkPolicy(policy, bucket.name);
    if (bucket.publicAccessBlock?.blockPublicPolicy === true && isPublicPolicy(policy)) {
      throw accessDenied();
    }
    putSetting(tx, { bucket: bucket.name, kind: 'policy' }, policy);
    return {};
  });
  return {};
}

export async function deleteBucketPolicy(
  input: InputOf<'s3', 'DeleteBucketPolicy'>,
  context: RequestContext,
): Promise<Empty> {
  return dropSetting(context, input, 'policy');
}

export async function getBucketCors(
  input: InputOf<'s3', 'GetBucketCors'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketCors'>> {
  const rules = await readSetting(context, input, 'cors');
  if (rules === undefined) throw notConfigured('cors', input.Bucket ?? '');
  return {
    CORSRules: rules.map((rule) => ({
      ...(rule.id === undefined ? {} : { ID: rule.id }),
      AllowedMethods: [...rule.allowedMethods],
      AllowedOrigins: [...rule.allowedOrigins],
      ...(rule.allowedHeaders === undefined ? {} : { AllowedHeaders: [...rule.allowedHeaders] }),
      ...(rule.exposeHeaders === undefined ? {} : { ExposeHeaders: [...rule.exposeHeaders] }),
      ...(rule.maxAgeSec === undefined ? {} : { MaxAgeSeconds: rule.maxAgeSec }),
    })),
  };
}

export async function putBucketCors(
  input: InputOf<'s3', 'PutBucketCors'>,
  context: RequestContext,
): Promise<Empty> {
  const shapes = input.CORSConfiguration?.CORSRules ?? [];
  if (shapes.length === 0 || shapes.length > CORS_RULES_MAX) throw malformedXml();
  const rules = shapes.map((shape): CorsRule => {
    const { AllowedMethods: allowedMethods, AllowedOrigins: allowedOrigins } = shape;
    if (allowedMethods === undefined || allowedOrigins === undefined) throw malformedXml();
    checkCorsTexts(allowedMethods, [...allowedOrigins, ...(shape.AllowedHeaders ?? [])]);
    return {
      allowedMethods,
      allowedOrigins,
      ...(shape.ID === undefined ? {} : { id: shape.ID }),
      ...(shape.AllowedHeaders === undefined ? {} : { allowedHeaders: shape.AllowedHeaders }),
      ...(shape.ExposeHeaders === undefined ? {} : { exposeHeaders: shape.ExposeHeaders }),
      ...(shape.MaxAgeSeconds === undefined ? {} : { maxAgeSec: shape.MaxAgeSeconds }),
    };
  });
  await changeBucket(context.store, input, (tx, bucket) => {
    putSetting(tx, { bucket: bucket.name, kind: 'cors' }, rules);
    return { hasCors: true };
  });
  return {};
}

const CORS_METHODS: readonly string[] = ['GET', 'PUT', 'HEAD', 'POST', 'DELETE'];

function checkCorsTexts(methods: readonly string[], patterns: readonly string[]): void {
  if (methods.length === 0) throw malformedXml();
  for (const method of methods) {
    if (CORS_METHODS.includes(method)) continue;
    throw invalidRequest(
      `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`,
    );
  }
  for (const pattern of patterns) {
    if (pattern.indexOf('*') === pattern.lastIndexOf('*')) continue;
    throw invalidRequest(`AllowedOrigin "${pattern}" can not have more than one wildcard.`);
  }
}

export async function deleteBucketCors(
  input: InputOf<'s3', 'DeleteBucketCors'>,
  context: RequestContext,
): Promise<Empty> {
  return dropSetting(context, input, 'cors');
}

export async function getBucketEncryption(
  input: InputOf<'s3', 'GetBucketEncryption'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketEncryption'>> {
  const bucket = await context.store.read((view) => requireBucket(view, input));
  // AWS: SSE-S3 is what every bucket has, configured or not. localstack snapshot
  // test_s3_default_bucket_encryption.
  return {
    ServerSideEncryptionConfiguration: {
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
          BucketKeyEnabled: bucket.bucketKeyEnabled ?? false,
        },
      ],
    },
  };
}

export async function putBucketEncryption(
  input: InputOf<'s3', 'PutBucketEncryption'>,
  context: RequestContext,
): Promise<Empty> {
  const rules = input.ServerSideEncryptionConfiguration?.Rules ?? [];
  await changeBucket(context.store, input, () => {
    const [rule] = rules;
    const preset = rule?.ApplyServerSideEncryptionByDefault;
    if (rule === undefined || rules.length > 1 || preset === undefined) throw malformedXml();
    switch (preset.SSEAlgorithm) {
      case 'AES256':
        break;
      case 'aws:kms':
      case 'aws:kms:dsse':
        throw featureNotImplemented(`Default encryption with ${preset.SSEAlgorithm}`);
      case 'aws:backup':
      case 'aws:fsx':
      case undefined:
      default:
        throw malformedXml();
    }
    if (preset.KMSMasterKeyID !== undefined) {
      throw invalidArgument(
        'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
        'ApplyServerSideEncryptionByDefault',
      );
    }
    const blocked = rule.BlockedEncryptionTypes?.EncryptionType ?? [];
    // Blocking SSE-C asks for nothing: it is refused anyway.
    if (blocked.some((type) => type !== 'SSE-C' && type !== 'NONE')) throw malformedXml();
    return { bucketKeyEnabled: rule.BucketKeyEnabled ?? false };
  });
  return {};
}

export async function deleteBucketEncryption(
  input: InputOf<'s3', 'DeleteBucketEncryption'>,
  context: RequestContext,
): Promise<Empty> {
  await changeBucket(context.store, input, () => ({ bucketKeyEnabled: undefined }));
  return {};
}

export async function getPublicAccessBlock(
  input: InputOf<'s3', 'GetPublicAccessBlock'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetPublicAccessBlock'>> {
  const bucket = await context.store.read((view) => requireBucket(view, input));
  const block = bucket.publicAccessBlock;
  if (block === undefined) throw notConfigured('publicAccessBlock', bucket.name);
  return {
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: block.blockPublicAcls,
      IgnorePublicAcls: block.ignorePublicAcls,
      BlockPublicPolicy: block.blockPublicPolicy,
      RestrictPublicBuckets: block.restrictPublicBuckets,
    },
  };
}

export async function putPublicAccessBlock(
  input: InputOf<'s3', 'PutPublicAccessBlock'>,
  context: RequestContext,
): Promise<Empty> {
  const block = input.PublicAccessBlockConfiguration;
  if (block === undefined) throw malformedXml();
  await changeBucket(context.store, input, () => ({
    publicAccessBlock: {
      blockPublicAcls: block.BlockPublicAcls ?? false,
      ignorePublicAcls: block.IgnorePublicAcls ?? false,
      blockPublicPolicy: block.BlockPublicPolicy ?? false,
      restrictPublicBuckets: block.RestrictPublicBuckets ?? false,
    },
  }));
  return {};
}

export async function deletePublicAccessBlock(
  input: InputOf<'s3', 'DeletePublicAccessBlock'>,
  context: RequestContext,
): Promise<Empty> {
  await changeBucket(context.store, input, () => ({ publicAccessBlock: undefined }));
  return {};
}

export async function getBucketOwnershipControls(
  input: InputOf<'s3', 'GetBucketOwnershipControls'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketOwnershipControls'>> {
  const bucket = await context.store.read((view) => requireBucket(view, input));
  if (bucket.ownership === undefined) throw notConfigured('ownership', bucket.name);
  return { OwnershipControls: { Rules: [{ ObjectOwnership: bucket.ownership }] } };
}

const OWNERSHIPS: readonly string[] = [
  'BucketOwnerEnforced',
  'BucketOwnerPreferred',
  'ObjectWriter',
];

export async function putBucketOwnershipControls(
  input: InputOf<'s3', 'PutBucketOwnershipControls'>,
  context: RequestContext,
): Promise<Empty> {
  const rules = input.OwnershipControls?.Rules ?? [];
  const wanted = rules[0]?.ObjectOwnership;
  if (rules.length !== 1 || wanted === undefined || !OWNERSHIPS.includes(wanted)) {
    throw malformedXml();
  }
  await changeBucket(context.store, input, () => ({ ownership: wanted }));
  return {};
}

export async function deleteBucketOwnershipControls(
  input: InputOf<'s3', 'DeleteBucketOwnershipControls'>,
  context: RequestContext,
): Promise<Empty> {
  await changeBucket(context.store, input, () => ({ ownership: undefined }));
  return {};
}
