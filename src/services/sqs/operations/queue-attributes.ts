// Queue attributes between AWS's names and text, and the queue's settings.
import { ownEntry } from '../../../base/own-entry.ts';
import type { FifoSettings, Queue, QueueSettings } from '../queue.ts';
import { DEFAULT_FIFO, queueArn } from '../queue.ts';
import { readRedriveAllowPolicy, readRedrivePolicy } from '../redrive-policy.ts';
import {
  encryptionsAreExclusive,
  invalidAttributeValue,
  unknownAttribute,
  unsupported,
} from '../errors.ts';
import type { QueueCounts } from '../message.ts';

type Patch = { -readonly [K in keyof QueueSettings]?: QueueSettings[K] };
type WireAttributes = Readonly<Partial<Record<string, string>>>;

interface Setting {
  /** Applies the attribute's text to the settings. */
  read(text: string, patch: Patch): void;
  /** The attribute's text; undefined when the queue has none. */
  show(queue: QueueSettings): string | undefined;
}

/** Names of the counts, which only GetQueueAttributes has. */
const COUNTS: Readonly<Record<string, keyof QueueCounts>> = {
  ApproximateNumberOfMessages: 'visible',
  ApproximateNumberOfMessagesNotVisible: 'inFlight',
  ApproximateNumberOfMessagesDelayed: 'delayed',
};

/** Shown, never set. */
const FACTS: Readonly<Record<string, (queue: Queue) => string>> = {
  QueueArn: queueArn,
  CreatedTimestamp: (queue) => String(Math.floor(queue.createdMs / 1000)),
  LastModifiedTimestamp: (queue) => String(Math.floor(queue.modifiedMs / 1000)),
};

/** Of FIFO queues only; `FifoQueue` itself never changes. */
const FIFO: Readonly<Record<string, (fifo: FifoSettings) => string>> = {
  FifoQueue: () => 'true',
  ContentBasedDeduplication: (fifo) => String(fifo.contentBasedDeduplication),
  DeduplicationScope: (fifo) => fifo.deduplicationScope,
  FifoThroughputLimit: (fifo) => fifo.throughputLimit,
};

const SETTINGS: Readonly<Record<string, Setting>> = {
  VisibilityTimeout: integer('visibilityTimeoutSec', {
    name: 'VisibilityTimeout',
    from: 0,
    to: 43_200,
  }),
  MaximumMessageSize: integer('maximumMessageBytes', {
    name: 'MaximumMessageSize',
    from: 1024,
    to: 1_048_576,
  }),
  MessageRetentionPeriod: integer('retentionSec', {
    name: 'MessageRetentionPeriod',
    from: 60,
    to: 1_209_600,
  }),
  DelaySeconds: integer('delaySec', { name: 'DelaySeconds', from: 0, to: 900 }),
  ReceiveMessageWaitTimeSeconds: integer('receiveWaitSec', {
    name: 'ReceiveMessageWaitTimeSeconds',
    from: 0,
    to: 20,
  }),
  Policy: {
    read(text, patch) {
      if (text !== '' && !isJsonObject(text)) throw invalidAttributeValue('Policy');
      patch.policy = text === '' ? undefined : text;
    },
    show: (queue) => queue.policy,
  },
  RedrivePolicy: {
    read(text, patch) {
      patch.redrivePolicy = readRedrivePolicy(text);
    },
    show: ({ redrivePolicy }) =>
      redrivePolicy === undefined
        ? undefined
        : JSON.stringify({
            deadLetterTargetArn: redrivePolicy.targetArn,
            maxReceiveCount: redrivePolicy.maxReceives,
          }),
  },
  RedriveAllowPolicy: {
    read(text, patch) {
      patch.redriveAllowPolicy = readRedriveAllowPolicy(text);
    },
    show: ({ redriveAllowPolicy: allow }) =>
      allow === undefined
        ? undefined
        : JSON.stringify({
            redrivePermission: allow.permission,
            ...(allow.permission === 'byQueue' ? { sourceQueueArns: allow.sourceArns } : {}),
          }),
  },
  SqsManagedSseEnabled: {
    read(text, patch) {
      patch.managedEncryption = boolean('SqsManagedSseEnabled', text);
    },
    show: (queue) => String(queue.managedEncryption),
  },
  KmsMasterKeyId: {
    read(text, patch) {
      // Differs: keys of one's own are refused, because there is no KMS to ask for them yet. The
      // key AWS manages for SQS needs no one's permission, so it is the same as
      // SqsManagedSseEnabled.
      if (text !== '' && text !== 'alias/aws/sqs' && !text.endsWith(':alias/aws/sqs')) {
        throw unsupported(`encryption with the KMS key ${text} (alias/aws/sqs works)`);
      }
      patch.kmsKeyId = text === '' ? undefined : text;
    },
    show: (queue) => queue.kmsKeyId,
  },
  KmsDataKeyReusePeriodSeconds: {
    read(text, patch) {
      patch.kmsReuseSec = readInteger(text, {
        name: 'KmsDataKeyReusePeriodSeconds',
        from: 60,
        to: 86_400,
      });
    },
    show: (queue) => (queue.kmsKeyId === undefined ? undefined : String(queue.kmsReuseSec ?? 300)),
  },
};

/**
 * The settings the attributes ask for. Throws for unknown names and values out of range.
 * @param fifo the FIFO settings there are; absent for standard queues.
 */
export function readSettings(attributes: WireAttributes, fifo: FifoSettings | undefined): Patch {
  const patch: Patch = {};
  for (const [name, text] of Object.entries(attributes)) {
    if (text === undefined) continue;
    if (fifo !== undefined && Object.hasOwn(FIFO, name)) {
      patch.fifo = readFifo(patch.fifo ?? fifo, { name, text });
      continue;
    }
    const setting = ownEntry(SETTINGS, name);
    if (setting === undefined) throw unknownAttribute(name);
    setting.read(text, patch);
  }
  if (patch.kmsKeyId !== undefined) {
    if (patch.managedEncryption === true) throw encryptionsAreExclusive();
    patch.managedEncryption = false;
  } else if (patch.managedEncryption === true) {
    patch.kmsKeyId = undefined;
  }
  checkThroughput(patch.fifo);
  return patch;
}

// Source: SQS API reference, CreateQueue, "high throughput for FIFO queues".
function checkThroughput(fifo: FifoSettings | undefined): void {
  if (fifo?.throughputLimit !== 'perMessageGroupId' || fifo.deduplicationScope === 'messageGroup')
    return;
  throw invalidAttributeValue(
    'FifoThroughputLimit',
    'perMessageGroupId is allowed only when DeduplicationScope is messageGroup.',
  );
}

/** The first of the attributes whose value differs from the queue's; undefined when all agree. */
export function findDifference(
  queue: Queue,
  attributes: WireAttributes,
  asked: Patch,
): string | undefined {
  const wished: QueueSettings = { ...queue, ...asked };
  return Object.keys(attributes).find((name) => {
    const show = (settings: QueueSettings): string | undefined =>
      SETTINGS[name]?.show(settings) ?? (settings.fifo && FIFO[name]?.(settings.fifo));
    return show(queue) !== show(wished);
  });
}

/** The names asked for, `All` spelled out. Throws for a name SQS does not know. */
export function readAttributeNames(names: readonly string[] | undefined): Set<string> {
  const known = [FACTS, COUNTS, SETTINGS, FIFO].flatMap((part) => Object.keys(part));
  const wanted = new Set<string>();
  for (const name of names ?? []) {
    if (name === 'All') for (const each of known) wanted.add(each);
    else if (known.includes(name)) wanted.add(name);
    else throw unknownAttribute(name);
  }
  return wanted;
}

/** Whether any of the names needs the messages counted. */
export function wantsCounts(names: ReadonlySet<string>): boolean {
  return Object.keys(COUNTS).some((name) => names.has(name));
}

export function showAttributes(
  queue: Queue,
  names: ReadonlySet<string>,
  counts: QueueCounts,
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of names) {
    const count = COUNTS[name];
    const text =
      count === undefined
        ? (FACTS[name]?.(queue) ??
          SETTINGS[name]?.show(queue) ??
          (queue.fifo && FIFO[name]?.(queue.fifo)))
        : String(counts[count]);
    if (text !== undefined) shown[name] = text;
  }
  return shown;
}

type IntegerField = {
  [K in keyof QueueSettings]-?: QueueSettings[K] extends number ? K : never;
}[keyof QueueSettings];

interface IntegerRange {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

function integer(field: IntegerField, range: IntegerRange): Setting {
  return {
    read(text, patch) {
      patch[field] = readInteger(text, range);
    },
    show: (queue) => String(queue[field]),
  };
}

function readInteger(text: string, { name, from, to }: IntegerRange): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw invalidAttributeValue(name);
}

function boolean(name: string, text: string): boolean {
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  throw invalidAttributeValue(name);
}

/** Whether CreateQueue's attributes ask for a FIFO queue. */
export function readFifoWish(attributes: WireAttributes): FifoSettings | undefined {
  // AWS: a standard queue knows no FifoQueue; false too is an unknown attribute.
  return /^true$/i.test(attributes['FifoQueue'] ?? '') ? DEFAULT_FIFO : undefined;
}

function readFifo(
  fifo: FifoSettings,
  { name, text }: { name: string; text: string },
): FifoSettings {
  switch (name) {
    case 'ContentBasedDeduplication':
      return { ...fifo, contentBasedDeduplication: boolean(name, text) };
    case 'DeduplicationScope':
      if (text !== 'queue' && text !== 'messageGroup') throw invalidAttributeValue(name);
      return { ...fifo, deduplicationScope: text };
    case 'FifoThroughputLimit':
      if (text !== 'perQueue' && text !== 'perMessageGroupId') throw invalidAttributeValue(name);
      return { ...fifo, throughputLimit: text };
    default:
      // Recorded: test_set_unsupported_attribute_fifo.
      if (boolean(name, text)) return fifo;
      throw invalidAttributeValue(name, 'Modifying queue type is not supported.');
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
