// The dates of signatures: `20260102T030405Z`, or the `Date` header where that is all there is.

const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Epoch milliseconds; undefined when the text is not such a date, or no day of any calendar. */
export function parseAmzDate(text: string): number | undefined {
  // A busy second brings the same text thousands of times.
  if (text === lastText) return lastTimeMs;
  const timeMs = parseText(text);
  [lastText, lastTimeMs] = [text, timeMs];
  return timeMs;
}

let lastText = '';
let lastTimeMs: number | undefined;

function parseText(text: string): number | undefined {
  const match = AMZ_DATE.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number);
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC carries the 32nd of a month over into the next; such a date is none.
  return formatAmzDate(timeMs) === text ? timeMs : undefined;
}

export function formatAmzDate(timeMs: number): string {
  if (!Number.isFinite(timeMs) || Math.abs(timeMs) > 8.64e15) return '';
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** `Fri, 02 Jan 2026 03:04:05 GMT` as `20260102T030405Z`. */
export function convertHttpDate(text: string): string | undefined {
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : formatAmzDate(timeMs);
}
