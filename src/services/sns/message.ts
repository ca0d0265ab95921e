// A published message, and which text each protocol gets of it.

export interface MessageAttribute {
  readonly dataType: string;
  readonly text?: string;
  readonly binary?: Uint8Array;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

export interface PublishedMessage {
  readonly id: string;
  readonly topicArn: string;
  readonly subject?: string | undefined;
  /** The text for every protocol, or JSON by protocol when `isPerProtocol`. */
  readonly body: string;
  readonly isPerProtocol: boolean;
  readonly attributes: MessageAttributes;
  readonly publishedMs: number;
  readonly groupId?: string | undefined;
  readonly traceHeader?: string | undefined;
}

/** The message for a protocol: its own entry, or `default`. */
export function textFor(
  message: Pick<PublishedMessage, 'body' | 'isPerProtocol'>,
  protocol: string,
): string {
  if (!message.isPerProtocol) return message.body;
  const entries = JSON.parse(message.body) as Record<string, unknown>;
  const own = entries[protocol];
  return typeof own === 'string' ? own : String(entries['default']);
}
