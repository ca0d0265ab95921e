// What tables have besides their definition: recovery, insights, policies and tags, brought from what
// is there to what a template wants. Asking first makes a step that was interrupted safe to repeat.
import type { Tag } from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../base/errors.ts';
import type { Call } from '../../../kernel/context.ts';
import type {
  IndexProperty,
  InsightsProperty,
  PolicyProperty,
  RecoveryProperty,
} from './table-properties.ts';

/** A table in a region. */
export interface Place {
  /** Calls operations of that region. */
  readonly call: Call;
  readonly name: string;
}

/** Calls of another region. */
export function inRegion(call: Call, region: string): Call {
  return (service, operation, input, options) =>
    call(service, operation, input, { ...options, region });
}

export interface Features {
  readonly recovery: RecoveryProperty | undefined;
  readonly insights: InsightsProperty | undefined;
  readonly indexInsights: readonly Pick<
    IndexProperty,
    'IndexName' | 'ContributorInsightsSpecification'
  >[];
  readonly policy: PolicyProperty | undefined;
  readonly streamPolicy: PolicyProperty | undefined;
  readonly tags: readonly Tag[];
}

export async function applyFeatures(place: Place, wanted: Features): Promise<void> {
  const { Table } = await place.call('dynamodb', 'DescribeTable', { TableName: place.name });
  await applyRecovery(place, wanted.recovery);
  await applyInsights(place, undefined, wanted.insights);
  for (const { IndexName, ContributorInsightsSpecification } of wanted.indexInsights) {
    await applyInsights(place, IndexName, ContributorInsightsSpecification);
  }
  await applyPolicy(place, Table?.TableArn, wanted.policy);
  if (Table?.StreamSpecification?.StreamEnabled === true) {
    await applyPolicy(place, Table.LatestStreamArn, wanted.streamPolicy);
  }
  await applyTags(place, Table?.TableArn, wanted.tags);
}

async function applyRecovery(
  { call, name: TableName }: Place,
  wanted: RecoveryProperty | undefined,
): Promise<void> {
  const { ContinuousBackupsDescription } = await call('dynamodb', 'DescribeContinuousBackups', {
    TableName,
  });
  const current = ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  const enabled = wanted?.PointInTimeRecoveryEnabled === true;
  const days = wanted?.RecoveryPeriodInDays;
  const isEnabled = current?.PointInTimeRecoveryStatus === 'ENABLED';
  if (enabled === isEnabled && (!enabled || (days ?? 35) === current?.RecoveryPeriodInDays)) return;
  await call('dynamodb', 'UpdateContinuousBackups', {
    TableName,
    PointInTimeRecoverySpecification: {
      PointInTimeRecoveryEnabled: enabled,
      ...(days === undefined || !enabled ? {} : { RecoveryPeriodInDays: days }),
    },
  });
}

async function applyInsights(
  { call, name: TableName }: Place,
  IndexName: string | undefined,
  wanted: InsightsProperty | undefined,
): Promise<void> {
  const target = { TableName, ...(IndexName === undefined ? {} : { IndexName }) };
  const current = await call('dynamodb', 'DescribeContributorInsights', target);
  const enabled = wanted?.Enabled === true;
  const isEnabled = current.ContributorInsightsStatus === 'ENABLED';
  const mode = wanted?.Mode ?? current.ContributorInsightsMode;
  if (enabled === isEnabled && (!enabled || mode === current.ContributorInsightsMode)) return;
  await call('dynamodb', 'UpdateContributorInsights', {
    ...target,
    ContributorInsightsAction: enabled ? 'ENABLE' : 'DISABLE',
    ...(wanted?.Mode === undefined ? {} : { ContributorInsightsMode: wanted.Mode }),
  });
}

/** Putting the policy that is there changes nothing. */
async function applyPolicy(
  { call }: Place,
  ResourceArn: string | undefined,
  wanted: PolicyProperty | undefined,
): Promise<void> {
  if (wanted === undefined) {
    await call('dynamodb', 'DeleteResourcePolicy', { ResourceArn });
    return;
  }
  const { PolicyDocument: document } = wanted;
  const Policy = typeof document === 'string' ? document : JSON.stringify(document);
  await call('dynamodb', 'PutResourcePolicy', {
    ResourceArn,
    Policy,
    ConfirmRemoveSelfResourceAccess: true,
  });
}

async function applyTags(
  { call }: Place,
  ResourceArn: string | undefined,
  wanted: readonly Tag[],
): Promise<void> {
  const { Tags: current = [] } = await call('dynamodb', 'ListTagsOfResource', { ResourceArn });
  const gone = current.filter((tag) => !wanted.some((other) => other.Key === tag.Key));
  if (gone.length > 0) {
    const TagKeys = gone.map((tag) => tag.Key ?? '');
    await call('dynamodb', 'UntagResource', { ResourceArn, TagKeys });
  }
  if (wanted.length > 0) await call('dynamodb', 'TagResource', { ResourceArn, Tags: [...wanted] });
}

/** The stack's tags, and the resource's own over them. */
export function mergeTags(
  stackTags: Readonly<Record<string, string>>,
  own: readonly Tag[] | undefined,
): Tag[] {
  const tags = new Map<string, string>(Object.entries(stackTags));
  for (const { Key, Value } of own ?? []) tags.set(Key ?? '', Value ?? '');
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

export async function tableExists({ call, name }: Place): Promise<boolean> {
  try {
    await call('dynamodb', 'DescribeTable', { TableName: name });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ResourceNotFoundException';
}
