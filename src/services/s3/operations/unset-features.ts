// Features that no bucket here has: what AWS answers when they are not configured, so that tools that
// read every setting of a bucket (Terraform) find it as it is.
import type { ServiceError } from '../../../base/errors.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { requireBucket } from '../bucket-access.ts';
import type { BucketReference } from '../bucket-access.ts';
import { featureNotImplemented, invalidRequest, malformedXml, notConfigured } from '../errors.ts';
import { locateObject } from '../locate.ts';
import type { ObjectReference } from '../locate.ts';
import type { Empty } from './shapes.ts';

type Reader<Output> = (input: BucketReference, context: RequestContext) => Promise<Output>;

/** Answers `output` for a bucket that exists. */
function answering<Output>(output: Output): Reader<Output> {
  return async (input, context) => {
    await context.store.read((view) => requireBucket(view, input));
    return output;
  };
}

/** Throws what AWS throws for a bucket that exists without the feature. */
function missing(error: (bucket: string) => ServiceError): Reader<never> {
  return async (input, context) => {
    const bucket = await context.store.read((view) => requireBucket(view, input));
    throw error(bucket.name);
  };
}

export const getBucketAccelerateConfiguration = answering<
  OutputOf<'s3', 'GetBucketAccelerateConfiguration'>
>({});
export const getBucketLogging = answering<OutputOf<'s3', 'GetBucketLogging'>>({});
export const getBucketRequestPayment = answering<OutputOf<'s3', 'GetBucketRequestPayment'>>({
  Payer: 'BucketOwner',
});
export const getBucketAbac = answering<OutputOf<'s3', 'GetBucketAbac'>>({
  AbacStatus: { Status: 'Disabled' },
});
export const getBucketReplication = missing((bucket) => notConfigured('replication', bucket));
export const getBucketWebsite = missing((bucket) => notConfigured('website', bucket));
export const getObjectLockConfiguration = missing((bucket) => notConfigured('objectLock', bucket));
export const getConfigurationById = missing((bucket) => notConfigured('byId', bucket));
export const listConfigurations = answering({ IsTruncated: false });

/** Deleting what is not configured succeeds. */
export const deleteNothing = answering({});
export const deleteConfigurationById = missing((bucket) => notConfigured('byId', bucket));

/** Retention and legal hold of an object in a bucket without Object Lock. */
export async function getObjectLockState(
  input: ObjectReference & Pick<InputOf<'s3', 'GetObjectRetention'>, 'RequestPayer'>,
  context: RequestContext,
): Promise<never> {
  await context.store.read((view) => locateObject(view, input, { method: 'GET' }));
  throw invalidRequest('Bucket is missing Object Lock Configuration');
}

/** AWS: PutBucketRequestPayment with what is so anyway changes nothing. */
export async function putBucketRequestPayment(
  input: InputOf<'s3', 'PutBucketRequestPayment'>,
  context: RequestContext,
): Promise<Empty> {
  const { Payer } = input.RequestPaymentConfiguration ?? {};
  await context.store.read((view) => requireBucket(view, input));
  if (Payer === 'BucketOwner') return {};
  if (Payer !== 'Requester') throw malformedXml();
  throw featureNotImplemented('A bucket whose requester pays');
}
