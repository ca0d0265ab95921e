// Operations on buckets themselves: create, head, delete, list, location.
import { randomText } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import { AFTER_ANY } from '../../../base/tuple.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { cannedGrants, isPublic, parseGrantHeader } from '../acl.ts';
import type { Grant, Permission } from '../acl.ts';
import { requireBucket } from '../bucket-access.ts';
import {
  bucketAclNotAllowed,
  bucketAlreadyExists,
  bucketAlreadyOwnedByYou,
  bucketNotEmpty,
  accessDenied,
  featureNotImplemented,
  headerNotImplemented,
  invalidArgument,
} from '../errors.ts';
import { afterKey, afterPrefix } from '../key-order.ts';
import { canonicalUserId } from '../owner.ts';
import { bucketRegion, checkBucketName, checkOwnership } from '../rules.ts';
import {
  buckets,
  bucketsOfAccount,
  deleteBucketRows,
  objects,
  parts,
  putSetting,
  uploads,
} from '../store.ts';
import type { Bucket } from '../store.ts';
import { checkTags, sortTags } from '../tags.ts';
import { releasePiece } from '../versions.ts';
import { readTags } from './shapes.ts';
import type { Empty } from './shapes.ts';

/** Since April 2023 every new bucket has it. S3 user guide, "Blocking public access". */
const BLOCK_ALL = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

export async function createBucket(
  input: InputOf<'s3', 'CreateBucket'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'CreateBucket'>> {
  const name = input.Bucket ?? '';
  checkBucketName(name);
  const configuration = input.CreateBucketConfiguration;
  if (configuration?.Bucket !== undefined || configuration?.Location !== undefined) {
    throw featureNotImplemented('A directory bucket');
  }
  if (input.ObjectLockEnabledForBucket === true) {
    throw headerNotImplemented('x-amz-bucket-object-lock-enabled');
  }
  if (input.BucketNamespace !== undefined && input.BucketNamespace !== 'global') {
    throw headerNotImplemented('x-amz-bucket-namespace');
  }
  const region = bucketRegion(configuration?.LocationConstraint, context.region);
  const ownership = checkOwnership(input.ObjectOwnership);
  const acl = requestedGrants(input, context.account);
  if (acl !== undefined && input.ACL !== 'private') {
    if (ownership === 'BucketOwnerEnforced') throw bucketAclNotAllowed();
    if (isPublic(acl)) throw accessDenied();
  }
  const tags = readTags(configuration?.Tags);
  checkTags(tags, 'bucket');
  const constraint = configuration?.LocationConstraint;
  const bucket: Bucket = {
    name,
    account: context.account,
    region,
    createdMs: context.nowMs,
    ...(constraint === undefined || constraint.length === 0 ? {} : { locationConstraint: constraint }),
    ownership,
    publicAccessBlock: BLOCK_ALL,
  };
  await context.store.transact(async (tx) => {
    const existing = await buckets.get(tx, [name]);
    if (existing !== undefined) {
      refuseExisting(existing, context);
      return;
    }
    buckets.put(tx, [name], bucket);
    bucketsOfAccount.put(tx, [context.account, name], true);
    if (acl !== undefined) putSetting(tx, { bucket: name, kind: 'acl' }, acl);
    if (tags.length > 0) putSetting(tx, { bucket: name, kind: 'tagging' }, sortTags(tags));
  });
  return {
    Location: region === 'us-east-1' ? `/${name}` : `http://${name}.s3.amazonaws.com/`,
    BucketArn: `arn:aws:s3:::${name}`,
  };
}

/** AWS: making one's own bucket again is a success in us-east-1 only. S3 API reference, CreateBucket. */
function refuseExisting(existing: Bucket, context: RequestContext): void {
  if (existing.account !== context.account) throw bucketAlreadyExists(existing.name);
  if (existing.region === 'us-east-1' && context.region === 'us-east-1') return;
  throw bucketAlreadyOwnedByYou(existing.name);
}

interface GrantMembers {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/** The grants that ACL headers ask for; undefined without such headers. */
export function requestedGrants(
  input: GrantMembers,
  account: string,
  bucketOwner: string = account,
): Grant[] | undefined {
  const headers: [string | undefined, Permission][] = [
    [input.GrantFullControl, 'FULL_CONTROL'],
    [input.GrantRead, 'READ'],
    [input.GrantReadACP, 'READ_ACP'],
    [input.GrantWrite, 'WRITE'],
    [input.GrantWriteACP, 'WRITE_ACP'],
  ];
  const explicit = headers.flatMap(([header, permission]) =>
    header === undefined ? [] : parseGrantHeader(header, permission),
  );
  if (input.ACL === undefined) return explicit.length === 0 ? undefined : explicit;
  if (explicit.length > 0) {
    throw invalidArgument(
      'Specifying both Canned ACLs and Header Grants is not allowed',
      'x-amz-acl',
      input.ACL,
    );
  }
  return cannedGrants(input.ACL, {
    owner: canonicalUserId(account),
    bucketOwner: canonicalUserId(bucketOwner),
  });
}

export async function headBucket(
  input: InputOf<'s3', 'HeadBucket'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'HeadBucket'>> {
  const bucket = await context.store.read((view) => requireBucket(view, input));
  return {
    BucketArn: `arn:aws:s3:::${bucket.name}`,
    BucketRegion: bucket.region,
    AccessPointAlias: false,
  };
}

export async function getBucketLocation(
  input: InputOf<'s3', 'GetBucketLocation'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketLocation'>> {
  const bucket = await context.store.read((view) => requireBucket(view, input));
  // AWS: us-east-1 is told as no location at all.
  if (bucket.region === 'us-east-1') return {};
  const constraint = bucket.locationConstraint ?? bucket.region;
  return {
    LocationConstraint: constraint as NonNullable<
      OutputOf<'s3', 'GetBucketLocation'>['LocationConstraint']
    >,
  };
}

export async function deleteBucket(
  input: InputOf<'s3', 'DeleteBucket'>,
  context: RequestContext,
): Promise<Empty> {
  await context.store.transact(async (tx) => {
    const bucket = await requireBucket(tx, input);
    const [any] = await objects.list(tx, [bucket.name], { limit: 1 });
    if (any !== undefined) throw bucketNotEmpty(bucket.name, bucket.versioning !== undefined);
    await dropUploads(tx, bucket, context);
    deleteBucketRows(tx, bucket);
  });
  return {};
}

const PAGE = 1000;

/** AWS: uploads under way do not keep a bucket alive; they go with it. */
async function dropUploads(tx: Tx, bucket: Bucket, context: RequestContext): Promise<void> {
  for (;;) {
    const rows = await parts.list(tx, [bucket.name], { limit: PAGE });
    for (const row of rows) {
      await releasePiece({ tx, context }, row.value.piece.id);
      parts.delete(tx, row.key);
    }
    if (rows.length < PAGE) break;
  }
  for (;;) {
    const rows = await uploads.list(tx, [bucket.name], { limit: PAGE });
    for (const row of rows) uploads.delete(tx, row.key);
    if (rows.length < PAGE) break;
  }
}

export async function listBuckets(
  input: InputOf<'s3', 'ListBuckets'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'ListBuckets'>> {
  const { MaxBuckets: max = 10_000, Prefix: prefix = '', ContinuationToken: token } = input;
  if (max < 1 || max > 10_000) {
    throw invalidArgument(
      'Argument max-buckets must be an integer between 1 and 10000',
      'max-buckets',
      String(max),
    );
  }
  const { account } = context;
  const found: Bucket[] = [];
  await context.store.read(async (view) => {
    let from = token === undefined ? prefix : afterKey(decodeToken(token));
    const to = afterPrefix(prefix) ?? AFTER_ANY;
    while (found.length <= max) {
      const limit = Math.min(PAGE, max + 1);
      const rows = await bucketsOfAccount.range(view, [account, from], [account, to], { limit });
      for (const row of rows) {
        const name = String(row.key[1]);
        from = afterKey(name);
        const bucket = await buckets.get(view, [name]);
        if (bucket === undefined) continue;
        if (input.BucketRegion === undefined || input.BucketRegion === bucket.region) {
          found.push(bucket);
        }
      }
      if (rows.length < limit) break;
    }
  });
  const page = found.slice(0, max);
  // AWS: region and ARN are told to callers that use the paged form only. API reference, ListBuckets.
  const paged = [input.MaxBuckets, input.Prefix, token, input.BucketRegion].some(
    (value) => value !== undefined,
  );
  const last = page.at(-1);
  return {
    Owner: { ID: canonicalUserId(account) },
    Buckets: page.map((bucket) => ({
      Name: bucket.name,
      CreationDate: new Date(bucket.createdMs),
      ...(paged
        ? { BucketRegion: bucket.region, BucketArn: `arn:aws:s3:::${bucket.name}` }
        : {}),
    })),
    ...(input.Prefix === undefined ? {} : { Prefix: prefix }),
    ...(found.length > max && last !== undefined
      ? { ContinuationToken: Buffer.from(last.name).toString('base64') }
      : {}),
  };
}

function decodeToken(token: string): string {
  const name = Buffer.from(token, 'base64').toString();
  if (name === '') {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token');
  }
  return name;
}

/** A name for rules that came without one: 48 characters, as AWS makes them. */
export function drawRuleId(context: Pick<RequestContext, 'random'>): string {
  return randomText(context.random, 48, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
}
