// What functions cost: their counted use, by AWS's price list, tier by tier and month by month.
import {
  type AttoUsd,
  type FunctionUse,
  NO_USE,
  PRICE_LIST_PUBLISHED,
  addUse,
  gbSecondsOf,
  isListed,
  priceMonth,
  toUsd,
} from '../base/price-list.ts';
import type { DailyUse } from './usage-meter.ts';

export interface FunctionCost {
  readonly name: string;
  readonly region: string;
  readonly requests: number;
  /** Of its runs: memory in GB (1,024 MB) times billed seconds. */
  readonly gbSeconds: number;
  /** Requests, duration, storage beyond 512 MB and provisioned concurrency. */
  readonly usd: number;
}

export interface CostReport {
  /** First UTC day that is counted, `2026-11-01`; undefined: from the beginning. */
  readonly since?: string;
  readonly totalUsd: number;
  /** The most expensive first. */
  readonly byFunction: readonly FunctionCost[];
  /** Date of the price list. Free tier, savings plans and tax are left out. */
  readonly prices: string;
  /** Regions that the price list does not know: priced as us-east-1. */
  readonly unlistedRegions?: readonly string[];
}

interface Sum {
  readonly name: string;
  readonly region: string;
  use: FunctionUse;
  price: AttoUsd;
}

/** Sums days up. Tiers are those of a month of an account, so a report that begins within one starts anew. */
export function reportCost(days: readonly DailyUse[], since?: string): CostReport {
  const sums = new Map<string, Sum>();
  for (const group of groupByBill(days)) {
    const prices = priceMonth(group[0], group.map(({ use }) => use));
    group.forEach(({ functionName: name, region, use }, i) => {
      const key = `${region}/${name}`;
      const before = sums.get(key) ?? { name, region, use: NO_USE, price: 0n };
      sums.set(key, { ...before, use: addUse(before.use, use), price: before.price + (prices[i] ?? 0n) });
    });
  }
  const sorted = [...sums.values()].toSorted(compareSums);
  const unlisted = [...new Set(sorted.map(({ region }) => region))].filter((region) => !isListed(region));
  return {
    ...(since === undefined ? {} : { since }),
    totalUsd: toUsd(sorted.reduce((total, { price }) => total + price, 0n)),
    byFunction: sorted.map(({ name, region, use, price }) => ({
      name,
      region,
      requests: use.requests,
      gbSeconds: gbSecondsOf(use),
      usd: toUsd(price),
    })),
    prices: PRICE_LIST_PUBLISHED,
    ...(unlisted.length === 0 ? {} : { unlistedRegions: unlisted }),
  };
}

/** Days that one line of a bill adds up: the same month, region and architecture. */
function groupByBill(days: readonly DailyUse[]): [DailyUse, ...DailyUse[]][] {
  const groups = new Map<string, [DailyUse, ...DailyUse[]]>();
  for (const daily of days) {
    const key = `${daily.day.slice(0, 7)}/${daily.region}/${daily.architecture}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [daily]);
    else group.push(daily);
  }
  return [...groups.values()];
}

function compareSums(a: Sum, b: Sum): number {
  if (a.price !== b.price) return a.price < b.price ? 1 : -1;
  return a.name < b.name ? -1 : 1;
}
