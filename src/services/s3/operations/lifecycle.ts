// Lifecycle configuration of a bucket: put, get, delete.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { changeBucket, requireBucket } from '../bucket-access.ts';
import { featureNotImplemented, headerNotImplemented, malformedXml, notConfigured } from '../errors.ts';
import { checkLifecycleRules } from '../lifecycle.ts';
import type { LifecycleFilter, LifecycleRule } from '../lifecycle.ts';
import { LIFECYCLE_WORKER, scheduleLifecycle } from '../lifecycle-run.ts';
import { deleteSetting, getSetting, putSetting } from '../store.ts';
import { drawRuleId } from './buckets.ts';
import { readTags, showTags } from './shapes.ts';
import type { Empty } from './shapes.ts';

type PutInput = InputOf<'s3', 'PutBucketLifecycleConfiguration'>;
type RuleShape = NonNullable<NonNullable<PutInput['LifecycleConfiguration']>['Rules']>[number];

const DEFAULT_MINIMUM = 'all_storage_classes_128K';

export async function putBucketLifecycleConfiguration(
  input: PutInput,
  context: RequestContext,
): Promise<OutputOf<'s3', 'PutBucketLifecycleConfiguration'>> {
  const minimum = input.TransitionDefaultMinimumObjectSize;
  if (minimum !== undefined && minimum !== DEFAULT_MINIMUM) {
    throw headerNotImplemented('x-amz-transition-default-minimum-object-size');
  }
  const rules = (input.LifecycleConfiguration?.Rules ?? []).map((shape) => readRule(shape, context));
  await changeBucket(context.store, input, (tx, bucket) => {
    checkLifecycleRules(rules);
    putSetting(tx, { bucket: bucket.name, kind: 'lifecycle' }, rules);
    scheduleLifecycle(tx, context, bucket);
    return { hasLifecycle: true };
  });
  return { TransitionDefaultMinimumObjectSize: DEFAULT_MINIMUM };
}

function readRule(shape: RuleShape, context: RequestContext): LifecycleRule {
  if (shape.Transitions !== undefined || shape.NoncurrentVersionTransitions !== undefined) {
    throw featureNotImplemented('A lifecycle transition to another storage class');
  }
  if (shape.Status !== 'Enabled' && shape.Status !== 'Disabled') throw malformedXml();
  const { Expiration: expiration, NoncurrentVersionExpiration: older } = shape;
  if (older !== undefined && older.NoncurrentDays === undefined) throw malformedXml();
  const abortDays = shape.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
  return {
    id: shape.ID === undefined || shape.ID === '' ? drawRuleId(context) : shape.ID,
    enabled: shape.Status === 'Enabled',
    ...readFilter(shape),
    ...(expiration?.Days === undefined ? {} : { expirationDays: expiration.Days }),
    ...(expiration?.Date === undefined ? {} : { expirationDateMs: expiration.Date.getTime() }),
    ...(expiration?.ExpiredObjectDeleteMarker === undefined
      ? {}
      : { expiredObjectDeleteMarker: expiration.ExpiredObjectDeleteMarker }),
    ...(older?.NoncurrentDays === undefined ? {} : { noncurrentDays: older.NoncurrentDays }),
    ...(older?.NewerNoncurrentVersions === undefined
      ? {}
      : { newerNoncurrentVersions: older.NewerNoncurrentVersions }),
    ...(abortDays === undefined ? {} : { abortIncompleteUploadDays: abortDays }),
  };
}

function readFilter(shape: RuleShape): Pick<LifecycleRule, 'filter' | 'filterForm'> {
  const { Filter: filter, Prefix: legacyPrefix } = shape;
  if (filter === undefined) {
    if (legacyPrefix === undefined) throw malformedXml();
    return { filterForm: 'prefix-of-rule', filter: { prefix: legacyPrefix } };
  }
  const given = Object.values(filter).filter((value) => value !== undefined);
  if (given.length > 1 || legacyPrefix !== undefined) throw malformedXml();
  if (filter.And !== undefined) return { filterForm: 'and', filter: readAnd(filter.And) };
  if (filter.Tag !== undefined) return { filterForm: 'tag', filter: { tags: readTags([filter.Tag]) } };
  if (filter.ObjectSizeGreaterThan !== undefined) {
    const objectSizeGreaterThan = filter.ObjectSizeGreaterThan;
    return { filterForm: 'greater', filter: { objectSizeGreaterThan } };
  }
  if (filter.ObjectSizeLessThan !== undefined) {
    const objectSizeLessThan = filter.ObjectSizeLessThan;
    return { filterForm: 'less', filter: { objectSizeLessThan } };
  }
  if (filter.Prefix !== undefined) return { filterForm: 'prefix', filter: { prefix: filter.Prefix } };
  return { filterForm: 'none', filter: {} };
}

function readAnd(and: NonNullable<NonNullable<RuleShape['Filter']>['And']>): LifecycleFilter {
  return {
    ...(and.Prefix === undefined ? {} : { prefix: and.Prefix }),
    ...(and.Tags === undefined ? {} : { tags: readTags(and.Tags) }),
    ...(and.ObjectSizeGreaterThan === undefined
      ? {}
      : { objectSizeGreaterThan: and.ObjectSizeGreaterThan }),
    ...(and.ObjectSizeLessThan === undefined
      ? {}
      : { objectSizeLessThan: and.ObjectSizeLessThan }),
  };
}

export async function getBucketLifecycleConfiguration(
  input: InputOf<'s3', 'GetBucketLifecycleConfiguration'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketLifecycleConfiguration'>> {
  const rules = await context.store.read(async (view) => {
    const bucket = await requireBucket(view, input);
    return getSetting(view, bucket.name, 'lifecycle');
  });
  if (rules === undefined) throw notConfigured('lifecycle', input.Bucket ?? '');
  return {
    Rules: rules.map((rule) => showRule(rule)),
    TransitionDefaultMinimumObjectSize: DEFAULT_MINIMUM,
  };
}

function showRule(rule: LifecycleRule) {
  const { expirationDays, expirationDateMs, expiredObjectDeleteMarker } = rule;
  const expiration = {
    ...(expirationDays === undefined ? {} : { Days: expirationDays }),
    ...(expirationDateMs === undefined ? {} : { Date: new Date(expirationDateMs) }),
    ...(expiredObjectDeleteMarker === undefined
      ? {}
      : { ExpiredObjectDeleteMarker: expiredObjectDeleteMarker }),
  };
  return {
    ID: rule.id,
    Status: rule.enabled ? ('Enabled' as const) : ('Disabled' as const),
    ...showFilter(rule),
    ...(Object.keys(expiration).length === 0 ? {} : { Expiration: expiration }),
    ...(rule.noncurrentDays === undefined
      ? {}
      : {
          NoncurrentVersionExpiration: {
            NoncurrentDays: rule.noncurrentDays,
            ...(rule.newerNoncurrentVersions === undefined
              ? {}
              : { NewerNoncurrentVersions: rule.newerNoncurrentVersions }),
          },
        }),
    ...(rule.abortIncompleteUploadDays === undefined
      ? {}
      : {
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: rule.abortIncompleteUploadDays },
        }),
  };
}

function showFilter({ filter, filterForm }: LifecycleRule) {
  const { prefix, tags = [], objectSizeGreaterThan, objectSizeLessThan } = filter;
  const members = {
    ...(prefix === undefined ? {} : { Prefix: prefix }),
    ...(objectSizeGreaterThan === undefined ? {} : { ObjectSizeGreaterThan: objectSizeGreaterThan }),
    ...(objectSizeLessThan === undefined ? {} : { ObjectSizeLessThan: objectSizeLessThan }),
  };
  switch (filterForm) {
    case 'prefix-of-rule':
      return { Prefix: prefix ?? '' };
    case 'and':
      return {
        Filter: { And: { ...members, ...(tags.length === 0 ? {} : { Tags: showTags(tags) }) } },
      };
    case 'tag': {
      const [tag] = showTags(tags);
      return { Filter: tag === undefined ? {} : { Tag: tag } };
    }
    case 'none':
    case 'prefix':
    case 'greater':
    case 'less':
      return { Filter: members };
  }
}

export async function deleteBucketLifecycle(
  input: InputOf<'s3', 'DeleteBucketLifecycle'>,
  context: RequestContext,
): Promise<Empty> {
  await changeBucket(context.store, input, async (tx, bucket) => {
    deleteSetting(tx, bucket.name, 'lifecycle');
    await context.timers.cancel(tx, LIFECYCLE_WORKER, bucket.name);
    return { hasLifecycle: undefined };
  });
  return {};
}
