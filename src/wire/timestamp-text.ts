// Timestamps as text, in Smithy's three formats.
import {
  _parseEpochTimestamp as parseEpoch,
  _parseRfc3339DateTimeWithOffset as parseDateTime,
  _parseRfc7231DateTime as parseHttpDate,
  dateToUtcString,
} from '@smithy/core/serde';

export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

/** The instant, or undefined when the text is not in that format. */
export function parseTimestamp(text: string, format: TimestampFormat): Date | undefined {
  try {
    const date = parsers[format](text);
    return date !== undefined && !Number.isNaN(date.getTime()) ? date : undefined;
  } catch {
    return undefined;
  }
}

/** `2026-01-02T03:04:05Z`; `Fri, 02 Jan 2026 03:04:05 GMT`; `1767323045.5`. */
export function formatTimestamp(date: Date, format: TimestampFormat): string {
  if (format === 'date-time') return date.toISOString().replace('.000Z', 'Z');
  return format === 'http-date' ? dateToUtcString(date) : String(date.getTime() / 1000);
}

const parsers: Readonly<Record<TimestampFormat, (text: string) => Date | undefined>> = {
  'date-time': parseDateTime,
  'http-date': parseHttpDate,
  'epoch-seconds': parseEpoch,
};
