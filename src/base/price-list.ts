// What running functions costs by AWS's price list (price-list.json). Pure, in whole units of 10^-18 USD.
import list from './price-list.json' with { type: 'json' };

/** 10^-18 US dollars: every listed price times every whole use is a whole number of these, or nearly. */
export type AttoUsd = bigint;
export type Architecture = 'x86_64' | 'arm64';

/** What a bill counts of one function, summed over any time. Memory and storage in MB times milliseconds. */
export interface FunctionUse {
  readonly requests: number;
  readonly mbMs: number;
  /** Of invocations in environments that provisioned concurrency keeps: another rate. */
  readonly provisionedMbMs: number;
  /** Provisioned concurrency held, used or not: environments times memory times time. */
  readonly heldMbMs: number;
  /** /tmp beyond the free 512 MB. */
  readonly storageMbMs: number;
}

/** One invocation as REPORT tells it. */
export interface InvocationUse {
  readonly region: string;
  readonly architecture: Architecture;
  readonly memoryMb: number;
  readonly billedMs: number;
  readonly ephemeralStorageMb: number;
  readonly provisioned?: boolean;
}

/** Where a month's use counts together: tiers apply per account, region and architecture. */
export interface PricedGroup {
  readonly region: string;
  readonly architecture: Architecture;
}

export const NO_USE: FunctionUse = { requests: 0, mbMs: 0, provisionedMbMs: 0, heldMbMs: 0, storageMbMs: 0 };
export const PRICE_LIST_PUBLISHED = list.published;

/** AWS: the first 512 MB of /tmp are part of the function. <aws.amazon.com/lambda/pricing> */
const FREE_STORAGE_MB = 512;
const MB_MS_PER_GB_SECOND = 1_024_000n;
const ATTO_DIGITS = 18;
/** AWS lists prices of a GB-second with ten decimals. */
const LISTED_STEP: AttoUsd = 10n ** 8n;
/** Regions that the list does not know are priced as this one. */
const FALLBACK_REGION = 'us-east-1';
/** AWS: Arm costs a fifth less; for provisioned concurrency the list we have says so of us-east-1. */
const PROVISIONED_ARM_PERCENT = 80n;

interface Tier {
  readonly fromMbMs: bigint;
  readonly rate: AttoUsd;
}

/** Per GB-second, and per request. */
interface Rates {
  readonly request: AttoUsd;
  readonly tiers: readonly Tier[];
  readonly provisioned: AttoUsd;
  readonly held: AttoUsd;
  readonly storage: AttoUsd;
}

const ratesByGroup = new Map<string, Rates>();

/** Whether the list has prices of this region; others are priced as us-east-1. */
export function isListed(region: string): boolean {
  return Object.hasOwn(list.regions, region);
}

/** The price of one invocation at the first tier: its request, its duration and its storage. */
export function priceInvocation(use: InvocationUse): AttoUsd {
  const rates = ratesOf(use);
  const mbMs = BigInt(use.memoryMb * use.billedMs);
  const perGbSecond = use.provisioned === true ? rates.provisioned : (rates.tiers[0]?.rate ?? 0n);
  const storageMb = Math.max(0, use.ephemeralStorageMb - FREE_STORAGE_MB);
  return (
    rates.request +
    priceOf(mbMs, perGbSecond) +
    priceOf(BigInt(storageMb * use.billedMs), rates.storage)
  );
}

/** What one invocation adds to a function's use. */
export function useOfInvocation(use: InvocationUse): FunctionUse {
  const mbMs = use.memoryMb * use.billedMs;
  return {
    requests: 1,
    mbMs: use.provisioned === true ? 0 : mbMs,
    provisionedMbMs: use.provisioned === true ? mbMs : 0,
    heldMbMs: 0,
    storageMbMs: Math.max(0, use.ephemeralStorageMb - FREE_STORAGE_MB) * use.billedMs,
  };
}

export function addUse(a: FunctionUse, b: FunctionUse): FunctionUse {
  return {
    requests: a.requests + b.requests,
    mbMs: a.mbMs + b.mbMs,
    provisionedMbMs: a.provisionedMbMs + b.provisionedMbMs,
    heldMbMs: a.heldMbMs + b.heldMbMs,
    storageMbMs: a.storageMbMs + b.storageMbMs,
  };
}

/**
 * Prices of the functions of one group and month, in the order given. What a tier saves on the whole is
 * shared by the functions in proportion to their duration.
 */
export function priceMonth(group: PricedGroup, uses: readonly FunctionUse[]): AttoUsd[] {
  const rates = ratesOf(group);
  const totalMbMs = uses.reduce((sum, use) => sum + BigInt(use.mbMs), 0n);
  const duration = priceTiers(totalMbMs, rates.tiers);
  return uses.map(
    (use) =>
      BigInt(use.requests) * rates.request +
      (totalMbMs === 0n ? 0n : divideRounded(duration * BigInt(use.mbMs), totalMbMs)) +
      priceOf(BigInt(use.provisionedMbMs), rates.provisioned) +
      priceOf(BigInt(use.heldMbMs), rates.held) +
      priceOf(BigInt(use.storageMbMs), rates.storage),
  );
}

/** Gigabyte-seconds of functions' runs, as the bill's duration line counts them. */
export function gbSecondsOf(use: FunctionUse): number {
  return (use.mbMs + use.provisionedMbMs) / Number(MB_MS_PER_GB_SECOND);
}

/** Decimal text with exactly so many decimals, e.g. `0.000000202083`. */
export function formatUsd(amount: AttoUsd, decimals = 12): string {
  const scaled = divideRounded(amount, 10n ** BigInt(ATTO_DIGITS - decimals));
  const digits = scaled.toString().padStart(decimals + 1, '0');
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** For JSON and assertions: the number nearest to the amount rounded to twelve decimals. */
export function toUsd(amount: AttoUsd): number {
  return Number(formatUsd(amount));
}

/** `0.0000166667` as whole units. */
function parseUsd(text: string): AttoUsd {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(ATTO_DIGITS, '0'));
}

function priceOf(mbMs: bigint, perGbSecond: AttoUsd): AttoUsd {
  return divideRounded(mbMs * perGbSecond, MB_MS_PER_GB_SECOND);
}

function priceTiers(totalMbMs: bigint, tiers: readonly Tier[]): AttoUsd {
  return tiers.reduce((sum, { fromMbMs, rate }, i) => {
    const next = tiers[i + 1]?.fromMbMs ?? totalMbMs;
    const upTo = totalMbMs < next ? totalMbMs : next;
    return upTo > fromMbMs ? sum + priceOf(upTo - fromMbMs, rate) : sum;
  }, 0n);
}

function ratesOf({ region, architecture }: PricedGroup): Rates {
  const key = `${region}/${architecture}`;
  let rates = ratesByGroup.get(key);
  if (rates === undefined) {
    rates = readRates(region, architecture);
    ratesByGroup.set(key, rates);
  }
  return rates;
}

function readRates(region: string, architecture: Architecture): Rates {
  const known: Readonly<Record<string, (typeof list.regions)['us-east-1']>> = list.regions;
  const row = isListed(region) ? known[region] : undefined;
  const listed = row ?? list.regions[FALLBACK_REGION];
  const isArm = architecture === 'arm64';
  const base = parseUsd(isArm ? listed.gbSecondArm : listed.gbSecondX86);
  const percent = isArm ? PROVISIONED_ARM_PERCENT : 100n;
  return {
    request: parseUsd(listed.requestsPerMillion) / 1_000_000n,
    tiers: list.tiers[architecture].map(({ fromGbSeconds, discountPercent }) => ({
      fromMbMs: BigInt(fromGbSeconds) * MB_MS_PER_GB_SECOND,
      rate: percentOf(base, BigInt(100 - discountPercent)),
    })),
    provisioned: percentOf(parseUsd(listed.provisionedRunGbSecond), percent),
    held: percentOf(parseUsd(listed.provisionedGbSecond), percent),
    storage: parseUsd(listed.storageGbSecond),
  };
}

/** Rounded to the decimals of the list: that is how its lower tiers come about. */
function percentOf(price: AttoUsd, percent: bigint): AttoUsd {
  return divideRounded(price * percent, 100n * LISTED_STEP) * LISTED_STEP;
}

/** Half up; amounts are never negative. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor / 2n) / divisor;
}
