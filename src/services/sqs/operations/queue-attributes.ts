// Queue attributes between AWS's names and text, and the queue's settings.
import type { Queue, QueueSettings } from '../queue.ts';
import { queueArn } from '../queue.ts';
import { readRedriveAllowPolicy, readRedrivePolicy } from '../redrive-policy.ts';
import {
  encryptionsAreExclusive,
  invalidAttributeValue,
  unknownAttribute,
  unsupported,
} from '../errors.ts';
import type { QueueCounts } from '../store.ts';

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

const FIFO_ATTRIBUTES = new Set([
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
]);

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

/** The settings the attributes ask for. Throws for unknown names and values out of range. */
export function readSettings(attributes: WireAttributes): Patch {
  const patch: Patch = {};
  for (const [name, text] of Object.entries(attributes)) {
    if (text === undefined) continue;
    if (FIFO_ATTRIBUTES.has(name)) throw refuseFifo(name, text);
    const setting = SETTINGS[name];
    if (setting === undefined) throw unknownAttribute(name);
    setting.read(text, patch);
  }
  if (patch.kmsKeyId !== undefined) {
    if (patch.managedEncryption === true) throw encryptionsAreExclusive();
    patch.managedEncryption = false;
  } else if (patch.managedEncryption === true) {
    patch.kmsKeyId = undefined;
  }
  return patch;
}

/** The first of the attributes whose value differs from the queue's; undefined when all agree. */
export function findDifference(
  queue: Queue,
  attributes: WireAttributes,
  asked: Patch,
): string | undefined {
  const wished: QueueSettings = { ...queue, ...asked };
  return Object.keys(attributes).find((name) => {
    const setting = SETTINGS[name];
    return setting !== undefined && setting.show(queue) !== setting.show(wished);
  });
}

/** The names asked for, `All` spelled out. Throws for a name SQS does not know. */
export function readAttributeNames(names: readonly string[] | undefined): Set<string> {
  const known = [...Object.keys(FACTS), ...Object.keys(COUNTS), ...Object.keys(SETTINGS)];
  const wanted = new Set<string>();
  for (const name of names ?? []) {
    if (name === 'All') for (const each of known) wanted.add(each);
    else if (known.includes(name) || FIFO_ATTRIBUTES.has(name)) wanted.add(name);
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
        ? (FACTS[name]?.(queue) ?? SETTINGS[name]?.show(queue))
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

// AWS: a standard queue knows none of these names; FifoQueue=false too is an unknown attribute.
function refuseFifo(name: string, text: string): Error {
  return name === 'FifoQueue' && /^true$/i.test(text)
    ? unsupported('FIFO queues')
    : unknownAttribute(name);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
