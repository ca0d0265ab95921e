// Finds the bucket a request names, and changes its settings.
import type { ReadTx, Store, Tx } from '../../base/store.ts';
import { noSuchBucket } from './errors.ts';
import { checkExpectedOwner } from './rules.ts';
import { buckets } from './store.ts';
import type { Bucket } from './store.ts';

/** The members by which every request names its bucket. */
export interface BucketReference {
  readonly Bucket?: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

/** The bucket; throws NoSuchBucket, or AccessDenied when another owner was expected. */
export async function requireBucket(view: ReadTx, reference: BucketReference): Promise<Bucket> {
  const name = reference.Bucket ?? '';
  const bucket = await buckets.get(view, [name]);
  if (bucket === undefined) throw noSuchBucket(name);
  checkExpectedOwner(bucket, reference.ExpectedBucketOwner);
  return bucket;
}

/** Changes a bucket in a transaction; `change` gives the members to set, `undefined` unsets one. */
export function changeBucket(
  store: Store,
  reference: BucketReference,
  change: (tx: Tx, bucket: Bucket) => Promise<BucketChange> | BucketChange,
): Promise<void> {
  return store.transact(async (tx) => {
    const bucket = await requireBucket(tx, reference);
    const members = Object.entries({ ...bucket, ...(await change(tx, bucket)) });
    const kept = members.filter(([, value]) => value !== undefined);
    buckets.put(tx, [bucket.name], Object.fromEntries(kept) as unknown as Bucket);
  });
}

export type BucketChange = { readonly [Member in keyof Bucket]?: Bucket[Member] | undefined };
