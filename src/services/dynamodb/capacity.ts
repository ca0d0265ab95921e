// Capacity units: what reads and writes cost.
import { READ_UNIT_BYTES, WRITE_UNIT_BYTES } from './limits.ts';

/** Units one operation used on a table and its indexes. */
export interface Consumption {
  readonly table: number;
  readonly localIndexes: Readonly<Record<string, number>>;
  readonly globalIndexes: Readonly<Record<string, number>>;
}

export const NOTHING_CONSUMED: Consumption = { table: 0, localIndexes: {}, globalIndexes: {} };

/** A transaction's operations cost twice: prepare and commit. */
export const TRANSACTION_FACTOR = 2;

/** Units of reading `bytes` at once. AWS: what finds nothing costs the least there is. */
export function readUnits(bytes: number, consistent: boolean): number {
  const units = Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES));
  return consistent ? units : units / 2;
}

/** Units of a write: of the larger of what was there and what is there now. */
export function writeUnits(oldBytes: number, newBytes: number): number {
  return Math.max(1, Math.ceil(Math.max(oldBytes, newBytes) / WRITE_UNIT_BYTES));
}

export function totalUnits({ table, localIndexes, globalIndexes }: Consumption): number {
  return table + sum(localIndexes) + sum(globalIndexes);
}

export function addConsumption(a: Consumption, b: Consumption): Consumption {
  return {
    table: a.table + b.table,
    localIndexes: addByName(a.localIndexes, b.localIndexes),
    globalIndexes: addByName(a.globalIndexes, b.globalIndexes),
  };
}

export function scaleConsumption(consumption: Consumption, factor: number): Consumption {
  const scale = (units: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(Object.entries(units).map(([name, amount]) => [name, amount * factor]));
  return {
    table: consumption.table * factor,
    localIndexes: scale(consumption.localIndexes),
    globalIndexes: scale(consumption.globalIndexes),
  };
}

function addByName(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const result: Record<string, number> = { ...a };
  for (const [name, units] of Object.entries(b)) result[name] = (result[name] ?? 0) + units;
  return result;
}

function sum(units: Readonly<Record<string, number>>): number {
  return Object.values(units).reduce((total, amount) => total + amount, 0);
}
