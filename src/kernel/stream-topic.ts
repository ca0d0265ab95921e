// The topic that wakes readers of a stream: its owner notifies it, whoever polls the stream listens.

/**
 * Notified with every commit that adds records to the stream or closes one of its shards. A hint that
 * it is worth reading now, and no more: what is there to read comes from the owner's operations.
 */
export function streamTopic(streamArn: string): string {
  return `kernel/stream/${streamArn}`;
}
