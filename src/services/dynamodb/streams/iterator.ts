// Shard iterators: a place in a shard, as a text that clients hand back.

/** Where to read from. */
export interface ShardPosition {
  readonly shardId: string;
  /** The first sequence to read. */
  readonly from: number;
  /** From the oldest record there is, whichever that is by then: trimming does not overtake it. */
  readonly fromHorizon: boolean;
}

export interface ShardIterator extends ShardPosition {
  readonly streamArn: string;
  readonly issuedMs: number;
}

/** AWS: the stream's ARN, a 1 and an opaque text, with bars between. */
export function encodeIterator({
  streamArn,
  shardId,
  from,
  fromHorizon,
  issuedMs,
}: ShardIterator): string {
  const opaque = JSON.stringify([shardId, from, fromHorizon ? 1 : 0, issuedMs]);
  return `${streamArn}|1|${Buffer.from(opaque).toString('base64')}`;
}

/** Undefined when the text is no iterator. */
export function decodeIterator(text: string): ShardIterator | undefined {
  const [streamArn, version, opaque, ...more] = text.split('|');
  if (streamArn === undefined || version !== '1' || opaque === undefined || more.length > 0) {
    return undefined;
  }
  const parts = readParts(Buffer.from(opaque, 'base64').toString('utf8'));
  if (parts === undefined) return undefined;
  const [shardId, from, horizon, issuedMs] = parts;
  if (typeof shardId !== 'string' || !isCount(from) || !isCount(issuedMs)) return undefined;
  if (horizon !== 0 && horizon !== 1) return undefined;
  return { streamArn, shardId, from, fromHorizon: horizon === 1, issuedMs };
}

function readParts(text: string): readonly unknown[] | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) && parts.length === 4 ? parts : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
