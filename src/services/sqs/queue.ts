// Queues: their settings, names and addresses.
import { formatArn, parseArn } from '../../base/arn.ts';

export interface RedrivePolicy {
  readonly targetArn: string;
  readonly maxReceives: number;
}

export type RedrivePermission = 'allowAll' | 'denyAll' | 'byQueue';

export interface RedriveAllowPolicy {
  readonly permission: RedrivePermission;
  readonly sourceArns: readonly string[];
}

export interface FifoSettings {
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'messageGroup';
  readonly throughputLimit: 'perQueue' | 'perMessageGroupId';
}

/** What SetQueueAttributes may change. */
export interface QueueSettings {
  readonly visibilityTimeoutSec: number;
  readonly delaySec: number;
  readonly maximumMessageBytes: number;
  readonly retentionSec: number;
  readonly receiveWaitSec: number;
  /** JSON text as given. */
  readonly policy?: string | undefined;
  readonly redrivePolicy?: RedrivePolicy | undefined;
  readonly redriveAllowPolicy?: RedriveAllowPolicy | undefined;
  readonly managedEncryption: boolean;
  readonly kmsKeyId?: string | undefined;
  readonly kmsReuseSec?: number | undefined;
  readonly fifo?: FifoSettings | undefined;
}

export interface Queue extends QueueSettings {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /**
   * Names the set of messages the queue holds. A purge or a new queue of the same name starts
   * another one at once; the old one is erased in the background.
   */
  readonly backlog: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly purgedMs?: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface QueueAddress {
  readonly account: string;
  readonly name: string;
}

/** Source: SQS API reference, CreateQueue. */
export const DEFAULT_SETTINGS: QueueSettings = {
  visibilityTimeoutSec: 30,
  delaySec: 0,
  maximumMessageBytes: 1_048_576,
  retentionSec: 345_600,
  receiveWaitSec: 0,
  managedEncryption: true,
};

export const DEFAULT_FIFO: FifoSettings = {
  contentBasedDeduplication: false,
  deduplicationScope: 'queue',
  throughputLimit: 'perQueue',
};

export function queueArn(queue: { account: string; region: string; name: string }): string {
  return formatArn({
    service: 'sqs',
    region: queue.region,
    account: queue.account,
    resource: queue.name,
  });
}

/** The queue an ARN names, or undefined when it is no queue's. */
export function parseQueueArn(text: string): (QueueAddress & { region: string }) | undefined {
  const arn = parseArn(text);
  if (arn === undefined || arn.service !== 'sqs' || !isQueueName(arn.resource)) return undefined;
  return { account: arn.account, region: arn.region, name: arn.resource };
}

/**
 * The queue an address names: `…/ACCOUNT/NAME` on whatever host, or a bare name.
 * @param account whose queue a bare name is.
 */
export function parseQueueUrl(url: string, account: string): QueueAddress {
  const path = url.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/, '');
  const [name = '', owner = account] = path
    .split('/')
    .filter((part) => part !== '')
    .toReversed();
  return { account: /^\d{12}$/.test(owner) ? owner : account, name };
}

export function isQueueName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,80}$/.test(name) || /^[A-Za-z0-9_-]{1,75}\.fifo$/.test(name);
}

/** Whether a dead-letter queue lets `sourceArn` use it. */
export function permitsSource(deadLetterQueue: QueueSettings, sourceArn: string): boolean {
  const allowed = deadLetterQueue.redriveAllowPolicy;
  if (allowed === undefined || allowed.permission === 'allowAll') return true;
  return allowed.permission === 'byQueue' && allowed.sourceArns.includes(sourceArn);
}
