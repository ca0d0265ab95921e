// Durations as people and ISO 8601 write them: `30s`, `1h30m`, `250ms`, `PT6H`, `P1DT12H`.
import { UserError } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const ISO = /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const ISO_UNITS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000] as const;

/** Milliseconds of a duration; a bare number is milliseconds. Throws ERR_DURATION. */
export function parseDuration(text: string | number): number {
  if (typeof text === 'number') return checked(text, String(text));
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return checked(Number(trimmed), text);
  const iso = ISO.exec(trimmed);
  if (iso !== null && trimmed !== 'P' && !trimmed.endsWith('T')) {
    const parts = ISO_UNITS_MS.map((unitMs, i) => Number(iso[i + 1] ?? 0) * unitMs);
    return checked(
      parts.reduce((sum, ms) => sum + ms, 0),
      text,
    );
  }
  if (!/^(\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*)+$/.test(trimmed)) throw notADuration(text);
  let totalMs = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)/g)) {
    totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  }
  return checked(totalMs, text);
}

function checked(ms: number, text: string): number {
  if (!Number.isFinite(ms) || ms < 0) throw notADuration(text);
  return Math.round(ms);
}

function notADuration(text: string): UserError {
  return new UserError('ERR_DURATION', `not a duration: ${JSON.stringify(text)}`, {
    fix: 'write it like 30s, 5m, 1h30m, 2d or PT6H',
  });
}
