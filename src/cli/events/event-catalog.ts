// All sample events that `cloudlet generate-event` knows, found by service and name.
import { APPLICATION_EVENTS } from './application-events.ts';
import { COGNITO_EVENTS } from './cognito-events.ts';
import { HTTP_EVENTS } from './http-events.ts';
import { MESSAGE_EVENTS } from './message-events.ts';
import type { AnySampleEvent } from './sample-event.ts';
import { SCHEDULE_EVENTS } from './schedule-events.ts';
import { STORAGE_EVENTS } from './storage-events.ts';
import { STREAM_EVENTS } from './stream-events.ts';

export const SAMPLE_EVENTS: readonly AnySampleEvent[] = [
  ...STORAGE_EVENTS,
  ...HTTP_EVENTS,
  ...MESSAGE_EVENTS,
  ...STREAM_EVENTS,
  ...SCHEDULE_EVENTS,
  ...COGNITO_EVENTS,
  ...APPLICATION_EVENTS,
].toSorted((a, b) => (`${a.service} ${a.name}` < `${b.service} ${b.name}` ? -1 : 1));

/** The event with the defaults of all fields that are not given. */
export function makeSample(
  sample: AnySampleEvent,
  given: Readonly<Record<string, string | number | boolean>> = {},
): unknown {
  const defaults = Object.entries(sample.fields).map(([name, field]) => [name, field.default]);
  return sample.make({ ...Object.fromEntries(defaults), ...given });
}
