// The Logs API's own shapes of events: fewer kinds than the Telemetry API has, and fewer members.

export interface TelemetryEvent {
  readonly time: string;
  readonly type: string;
  readonly record: unknown;
}

/** What the Telemetry API added later. */
const UNKNOWN = /^platform\.(init|restore|telemetrySubscription)/;

/**
 * AWS: docs.aws.amazon.com/lambda/latest/dg/runtimes-logs-api.html, "Log message types"; the schema of
 * 2020-08-15 has no platform.runtimeDone, that of 2021-03-18 does.
 */
export function toLogsEvents(event: TelemetryEvent, schemaVersion: string): TelemetryEvent[] {
  const { type, record } = event;
  if (UNKNOWN.test(type)) return [];
  const { requestId, status, metrics } = (record ?? {}) as Record<string, unknown>;
  switch (type) {
    case 'platform.start':
      return [{ ...event, record: { requestId } }];
    case 'platform.runtimeDone':
      return schemaVersion === '2020-08-15' ? [] : [{ ...event, record: { requestId, status } }];
    case 'platform.report':
      return [
        { ...event, type: 'platform.end', record: { requestId } },
        { ...event, record: { requestId, metrics } },
      ];
    default:
      return [event];
  }
}

/** The schema that a subscription names; the first one when it names none. */
export function readSchemaVersion(subscription: Buffer): string {
  const { schemaVersion } = JSON.parse(subscription.toString()) as { schemaVersion?: unknown };
  return typeof schemaVersion === 'string' ? schemaVersion : '2020-08-15';
}
