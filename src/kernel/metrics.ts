// Metrics of the cloud and its users: counted in memory for next to nothing, stored per minute on the
// cloud's clock. Services count; whoever serves CloudWatch reads.
import type { Activity } from '../base/activity.ts';
import type { Cancel, Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Key, Store } from '../base/store.ts';
import type { Scope } from './call.ts';
import { type MetricAggregate, OpenAggregate, mergeAggregates } from './metric-aggregate.ts';
import type { MetricId, MetricPeriod } from './metric-id.ts';
import {
  DAY_MS,
  ROWS_PER_WRITE,
  dropOldRows,
  lastDayOf,
  listMetrics,
  readMinutes,
  startOfDay,
  writeParts,
} from './metric-rows.ts';

/** Where the values of one metric go. Made once and kept: adding costs a few nanoseconds. */
export interface MetricSeries {
  /** @param nowMs the cloud's time. */
  add(value: number, nowMs: number): void;
}

export interface MetricFilter {
  readonly namespace?: string;
  readonly name?: string;
}

export interface Metrics {
  /** The series of a metric; the same one for the same metric, as long as there are not too many. */
  series(scope: Scope, id: MetricId): MetricSeries;
  /** Every metric that has values not older than the retention. */
  list(scope: Scope, filter: MetricFilter): Promise<MetricId[]>;
  /** Minutes with values in `[fromMs, toMs)`, oldest first; what is not stored yet included. */
  read(scope: Scope, id: MetricId, period: MetricPeriod): Promise<MetricAggregate[]>;
  /** Stores what has been counted. It happens by itself every ten seconds of the cloud's time. */
  flush(): Promise<void>;
  /** Stores the rest and stops. */
  stop(): Promise<void>;
}

export interface MetricsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly activity: Activity;
  readonly log: Log;
}

const MINUTE_MS = 60_000;
/** What a killed process may lose. */
const FLUSH_AFTER_MS = 10_000;
/** AWS: data points of a minute are there for 15 days. <CloudWatch user guide, "Metrics retention"> */
const RETENTION_MS = 15 * DAY_MS;
/** Series remembered by name; a series that nobody remembers is made anew. */
const SERIES_MAX = 20_000;
/** Series with values that are not stored; beyond it values are dropped until the store keeps up. */
const UNSTORED_MAX = 100_000;

export function createMetrics({ store, clock, activity, log }: MetricsOptions): Metrics {
  const byKey = new Map<string, Series>();
  const unstored = new Set<Series>();
  let cancelFlush: Cancel | undefined;
  let flushing: Promise<void> | undefined;
  let sweptDayMs = 0;
  let isDropping = false;
  let stopped = false;

  /** True when there is room for one more series with values. */
  function admit(series: Series, nowMs: number): boolean {
    if (unstored.size >= UNSTORED_MAX) {
      if (!isDropping) log.warn('metrics are dropped: the store does not keep up');
      isDropping = true;
      return false;
    }
    unstored.add(series);
    if (!stopped) cancelFlush ??= clock.schedule(nowMs + FLUSH_AFTER_MS, flushInBackground);
    return true;
  }

  function flushInBackground(): void {
    cancelFlush = undefined;
    activity.run(flush).catch((error: unknown) => {
      log.error('metrics could not be stored', error);
      if (!stopped) cancelFlush ??= clock.schedule(clock.now() + FLUSH_AFTER_MS, flushInBackground);
    });
  }

  /** One at a time: two would read the same minute and each write its own sum. */
  async function flush(): Promise<void> {
    const before = flushing;
    const mine = (async (): Promise<void> => {
      await before?.catch(() => {});
      await writeAll();
      await sweep();
    })();
    flushing = mine;
    await mine;
  }

  async function writeAll(): Promise<void> {
    const taken = [...unstored];
    unstored.clear();
    isDropping = false;
    for (let at = 0; at < taken.length; at += ROWS_PER_WRITE) {
      const batch = taken.slice(at, at + ROWS_PER_WRITE).map((series) => ({ series, parts: series.take() }));
      try {
        await store.transact(async (tx) => {
          for (const { series, parts } of batch) await writeParts(tx, series, parts);
        });
      } catch (error) {
        for (const { series, parts } of batch) {
          series.giveBack(parts);
          unstored.add(series);
        }
        throw error;
      }
      for (const { series, parts } of batch) series.storedDayMs = lastDayOf(series.storedDayMs, parts);
    }
  }

  /** Once a day: drops what is older than the retention. */
  async function sweep(): Promise<void> {
    const dayMs = startOfDay(clock.now());
    if (dayMs === sweptDayMs) return;
    sweptDayMs = dayMs;
    await dropOldRows(store, dayMs - RETENTION_MS);
  }

  return {
    series(scope, id) {
      const key = keyOf(scope, id);
      const text = key.join('\0');
      const found = byKey.get(text);
      if (found !== undefined) return found;
      if (byKey.size >= SERIES_MAX) byKey.clear();
      const series = new Series(key, id, admit);
      byKey.set(text, series);
      return series;
    },
    async list({ account, region }, { namespace, name }) {
      const prefix = [account, region, ...(namespace === undefined ? [] : [namespace])];
      if (namespace !== undefined && name !== undefined) prefix.push(name);
      const ids = await listMetrics(store, prefix);
      for (const { key, id } of unstored) {
        if (prefix.every((part, at) => key[at] === part)) ids.set(key.join('\0'), id);
      }
      return [...ids.values()].filter((id) => name === undefined || id.name === name);
    },
    async read(scope, id, period) {
      const key = keyOf(scope, id);
      const found = await store.read((view) => readMinutes(view, key, period));
      for (const series of unstored) {
        if (series.key.join('\0') !== key.join('\0')) continue;
        for (const part of series.peek()) {
          if (part.minuteMs >= period.fromMs && part.minuteMs < period.toMs) addPart(found, part);
        }
      }
      return [...found.values()].toSorted((a, b) => a.minuteMs - b.minuteMs);
    },
    flush,
    async stop() {
      stopped = true;
      cancelFlush?.();
      await flush().catch((error: unknown) => log.error('metrics could not be stored', error));
    },
  };
}

/** The name and dimensions as a key: dimensions in order of their names, so that their order is no matter. */
function keyOf({ account, region }: Scope, { namespace, name, dimensions, unit }: MetricId): Key {
  const sorted = dimensions.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [account, region, namespace, name, JSON.stringify([unit, ...sorted])];
}

class Series implements MetricSeries {
  readonly key: Key;
  readonly id: MetricId;
  readonly #admit: (series: Series, nowMs: number) => boolean;
  #open: OpenAggregate | undefined;
  #openMinuteMs = -1;
  #closed: MetricAggregate[] = [];
  /** The last day that stands in its row. */
  storedDayMs = -1;

  constructor(key: Key, id: MetricId, admit: (series: Series, nowMs: number) => boolean) {
    this.key = key;
    this.id = id;
    this.#admit = admit;
  }

  add(value: number, nowMs: number): void {
    const minuteMs = nowMs - (nowMs % MINUTE_MS);
    if (this.#open === undefined || minuteMs !== this.#openMinuteMs) {
      if (!this.#admit(this, nowMs)) return;
      if (this.#open !== undefined) this.#closed.push(this.#open.close());
      this.#open = new OpenAggregate(minuteMs);
      this.#openMinuteMs = minuteMs;
    }
    this.#open.add(value);
  }

  peek(): readonly MetricAggregate[] {
    return this.#open === undefined ? this.#closed : [...this.#closed, this.#open.close()];
  }

  take(): readonly MetricAggregate[] {
    const parts = this.peek();
    this.#closed = [];
    this.#open = undefined;
    return parts;
  }

  giveBack(parts: readonly MetricAggregate[]): void {
    this.#closed = [...parts, ...this.#closed];
  }
}

function addPart(found: Map<number, MetricAggregate>, part: MetricAggregate): void {
  const stored = found.get(part.minuteMs);
  found.set(part.minuteMs, stored === undefined ? part : mergeAggregates(stored, part));
}
