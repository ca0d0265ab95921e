// Log groups and streams: their state, names and ARNs.
import { formatArn, parseArn } from '../../base/arn.ts';
import type { Scope } from '../../kernel/context.ts';

export interface LogGroup extends Scope {
  readonly name: string;
  /** Tells a group from a former one of the same name. */
  readonly id: string;
  readonly createdMs: number;
  readonly retentionDays?: number | undefined;
  readonly isProtected: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface LogStream {
  readonly name: string;
  /** Tells a stream from a former one of the same name. */
  readonly id: string;
  readonly createdMs: number;
  readonly firstEventMs?: number | undefined;
  readonly lastEventMs?: number | undefined;
  readonly lastIngestedMs?: number | undefined;
  readonly storedBytes: number;
}

export interface LogEvent {
  readonly timestampMs: number;
  readonly message: string;
  readonly ingestedMs: number;
}

/** Where an event stands: by time, then in the order of ingestion. */
export interface EventPosition {
  readonly timestampMs: number;
  readonly sequence: number;
}

export interface PlacedEvent extends LogEvent, EventPosition {}

const DAY_MS = 86_400_000;

/** `arn:aws:logs:REGION:ACCOUNT:log-group:NAME` */
export function groupArn(group: LogGroup): string {
  const { region, account, name } = group;
  return formatArn({ service: 'logs', region, account, resource: `log-group:${name}` });
}

/** The name a group goes by: a name, or an ARN with or without `:*`. */
export function groupNameOf(identifier: string): string {
  const arn = parseArn(identifier);
  if (arn === undefined) return identifier;
  return arn.resource.replace(/^log-group:/, '').replace(/:.*$/, '');
}

/** Events with a timestamp before this instant have expired. */
export function expiryMs(group: LogGroup, nowMs: number): number {
  return group.retentionDays === undefined ? 0 : nowMs - group.retentionDays * DAY_MS;
}

export function retentionMs(group: LogGroup): number | undefined {
  return group.retentionDays === undefined ? undefined : group.retentionDays * DAY_MS;
}
