// Which events go where: the rules of a bucket's notification configuration.
import { parseArn } from '../../base/arn.ts';
import { invalidArgument, malformedXml } from './errors.ts';
import { NOTIFICATIONS_MAX } from './limits.ts';

export type DestinationKind = 'lambda' | 'sqs' | 'sns';

export interface NotificationRule {
  readonly id: string;
  readonly destination: DestinationKind;
  readonly arn: string;
  readonly events: readonly string[];
  readonly prefix?: string;
  readonly suffix?: string;
}

/** A rule as the document carries it. */
export interface RawRule {
  readonly id: string;
  readonly destination: DestinationKind;
  readonly arn: string;
  readonly events: readonly string[];
  readonly filters: readonly { readonly name: string; readonly value: string }[];
}

// S3 user guide, "Event notification types and destinations".
const EVENTS: Readonly<Record<string, readonly string[]>> = {
  ObjectCreated: ['Put', 'Post', 'Copy', 'CompleteMultipartUpload'],
  ObjectRemoved: ['Delete', 'DeleteMarkerCreated'],
  ObjectRestore: ['Post', 'Completed', 'Delete'],
  Replication: [
    'OperationFailedReplication',
    'OperationNotTracked',
    'OperationMissedThreshold',
    'OperationReplicatedAfterThreshold',
  ],
  LifecycleExpiration: ['Delete', 'DeleteMarkerCreated'],
  ObjectTagging: ['Put', 'Delete'],
};
const SINGLE_EVENTS: readonly string[] = [
  's3:ReducedRedundancyLostObject',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectAcl:Put',
];

const ARN_MEMBER: Readonly<Record<DestinationKind, string>> = {
  lambda: 'LambdaFunctionArn',
  sqs: 'QueueArn',
  sns: 'TopicArn',
};

/** The rules of a document, checked as AWS checks it before it looks at the destinations. */
export function checkRules(
  rules: readonly RawRule[],
  bucket: { readonly region: string },
): NotificationRule[] {
  if (rules.length > NOTIFICATIONS_MAX) throw malformedXml();
  const checked = rules.map((rule) => checkRule(rule, bucket));
  const ids = new Set(checked.map((rule) => rule.id));
  if (ids.size < checked.length) {
    throw invalidArgument(
      'Same ID used for multiple configurations. IDs must be unique',
      'Id',
      firstRepeated(checked.map((rule) => rule.id)),
    );
  }
  checked.forEach((rule, at) => {
    for (const earlier of checked.slice(0, at)) refuseOverlap(earlier, rule);
  });
  return checked;
}

function checkRule(rule: RawRule, bucket: { readonly region: string }): NotificationRule {
  if (rule.events.length === 0) throw malformedXml();
  const arn = parseArn(rule.arn);
  if (arn === undefined || arn.service !== rule.destination) {
    throw invalidArgument('The ARN could not be parsed', ARN_MEMBER[rule.destination], rule.arn);
  }
  if (arn.region !== bucket.region) {
    throw invalidArgument(
      'The notification destination service region is not valid for the bucket location constraint',
      ARN_MEMBER[rule.destination],
      rule.arn,
    );
  }
  if (rule.destination !== 'lambda' && arn.resource.endsWith('.fifo')) {
    // S3 user guide, "Supported event destinations": FIFO queues and topics are not.
    throw invalidArgument('FIFO destinations are not supported', ARN_MEMBER[rule.destination], rule.arn);
  }
  for (const event of rule.events) {
    if (!isKnownEvent(event)) throw malformedXml();
  }
  return {
    id: rule.id,
    destination: rule.destination,
    arn: rule.arn,
    events: rule.events,
    ...checkFilters(rule.filters),
  };
}

function checkFilters(filters: RawRule['filters']): { prefix?: string; suffix?: string } {
  const found: { prefix?: string; suffix?: string } = {};
  for (const { name, value } of filters) {
    const kind = name.toLowerCase();
    if (kind !== 'prefix' && kind !== 'suffix') {
      throw invalidArgument('filter rule name must be either prefix or suffix', name, value);
    }
    if (found[kind] !== undefined) {
      throw invalidArgument(
        'Cannot specify more than one prefix rule in a filter.'.replace('prefix', kind),
        'FilterRule.Name',
        name,
      );
    }
    if (value.length > 1024) throw malformedXml();
    found[kind] = value;
  }
  return found;
}

function isKnownEvent(event: string): boolean {
  if (SINGLE_EVENTS.includes(event)) return true;
  const [scheme, family = '', action = ''] = event.split(':');
  if (scheme !== 's3') return false;
  if (family === 'ObjectAcl') return action === '*';
  const actions = Object.hasOwn(EVENTS, family) ? EVENTS[family] : undefined;
  return actions !== undefined && (action === '*' || actions.includes(action));
}

/** Two rules must not both apply to one event of one key. */
function refuseOverlap(a: NotificationRule, b: NotificationRule): void {
  if (!a.events.some((event) => b.events.some((other) => eventsOverlap(event, other)))) return;
  const [prefixA, prefixB] = [a.prefix ?? '', b.prefix ?? ''];
  const [suffixA, suffixB] = [a.suffix ?? '', b.suffix ?? ''];
  if (!prefixA.startsWith(prefixB) && !prefixB.startsWith(prefixA)) return;
  if (!suffixA.endsWith(suffixB) && !suffixB.endsWith(suffixA)) return;
  const unfiltered = prefixA + prefixB + suffixA + suffixB === '';
  throw invalidArgument(
    unfiltered
      ? 'Configurations overlap. Configurations on the same bucket cannot share a common event type.'
      : 'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.',
    'Event',
    b.events.join(','),
  );
}

function eventsOverlap(a: string, b: string): boolean {
  return matchesEvent(a, b) || matchesEvent(b, a);
}

function matchesEvent(pattern: string, event: string): boolean {
  if (pattern === event) return true;
  return pattern.endsWith(':*') && event.startsWith(pattern.slice(0, -1));
}

/** The rules an event of `key` falls under. @param event e.g. `s3:ObjectCreated:Put` */
export function rulesFor(
  rules: readonly NotificationRule[],
  event: string,
  key: string,
): NotificationRule[] {
  return rules.filter(
    (rule) =>
      key.startsWith(rule.prefix ?? '') &&
      key.endsWith(rule.suffix ?? '') &&
      rule.events.some((pattern) => matchesEvent(pattern, event)),
  );
}

function firstRepeated(ids: readonly string[]): string {
  return ids.find((id, at) => ids.indexOf(id) !== at) ?? '';
}
