// Prices against AWS's own: listed rates of us-east-1, the pricing page's examples, tiers.
import { describe, expect, test } from 'vitest';
import {
  type Architecture,
  NO_USE,
  addUse,
  formatUsd,
  gbSecondsOf,
  priceInvocation,
  priceMonth,
  toUsd,
  useOfInvocation,
} from './price-list.ts';

const HALF_GB = 512;

function invocation(memoryMb: number, billedMs: number, more: object = {}) {
  const plain = { region: 'us-east-1', architecture: 'x86_64' as Architecture, ephemeralStorageMb: 512 };
  return { ...plain, memoryMb, billedMs, ...more };
}

/** So many GB-seconds as one use. */
function gbSeconds(count: number): number {
  return count * 1_024_000;
}

describe('one invocation', () => {
  const request = 0.0000002;
  // AWS: price per 1 ms by memory. <aws.amazon.com/lambda/pricing, US East (N. Virginia)>
  const perMs: [number, Architecture, string][] = [
    [128, 'x86_64', '0.0000000021'],
    [512, 'x86_64', '0.0000000083'],
    [1_024, 'x86_64', '0.0000000167'],
    [1_536, 'x86_64', '0.0000000250'],
    [10_240, 'x86_64', '0.0000001667'],
    [128, 'arm64', '0.0000000017'],
    [512, 'arm64', '0.0000000067'],
    [1_024, 'arm64', '0.0000000133'],
    [10_240, 'arm64', '0.0000001333'],
  ];
  test.each(perMs)('1 ms of %i MB on %s', (memoryMb, architecture, price) => {
    const total = toUsd(priceInvocation(invocation(memoryMb, 1, { architecture })));
    expect((total - request).toFixed(10)).toBe(price);
  });

  test('storage beyond 512 MB costs extra, the first 512 MB do not', () => {
    const plain = priceInvocation(invocation(1_024, 1_000));
    expect(priceInvocation(invocation(1_024, 1_000, { ephemeralStorageMb: 128 }))).toBe(plain);
    const more = priceInvocation(invocation(1_024, 1_000, { ephemeralStorageMb: 1_536 }));
    expect(formatUsd(more - plain, 10)).toBe('0.0000000309');
  });

  test('in a provisioned environment at its own rate', () => {
    const price = priceInvocation(invocation(1_024, 1_000, { provisioned: true }));
    expect(formatUsd(price, 10)).toBe('0.0000099222');
  });

  test('a region that costs more, and one that is not listed', () => {
    expect(formatUsd(priceInvocation(invocation(1_024, 1_000, { region: 'af-south-1' })), 10)).toBe('0.0000223700');
    const unknown = priceInvocation(invocation(1_024, 1_000, { region: 'mars-north-1' }));
    expect(unknown).toBe(priceInvocation(invocation(1_024, 1_000)));
    expect(priceInvocation(invocation(1_024, 1_000, { region: '__proto__' }))).toBe(unknown);
  });

  test('a thousand invocations cost a thousand times one, to the last digit', () => {
    const one = invocation(128, 1);
    const uses = Array.from({ length: 1_000 }, () => useOfInvocation(one)).reduce(addUse);
    const [total = 0n] = priceMonth(one, [uses]);
    expect(total).toBe(priceInvocation(one) * 1_000n);
  });
});

describe('a month', () => {
  const x86 = { region: 'us-east-1', architecture: 'x86_64' } as const;

  // AWS: "Mobile application backend", before the free tier: 3 million requests of 120 ms at 1,536 MB are
  // 540,000 GB-s, of which 2 million and 140,000 GB-s are charged. <aws.amazon.com/lambda/pricing>
  test("the pricing page's example: 2.33 for duration, 0.40 for requests", () => {
    expect(gbSecondsOf({ ...NO_USE, mbMs: 3_000_000 * 120 * 1_536 })).toBe(540_000);
    const [price = 0n] = priceMonth(x86, [{ ...NO_USE, requests: 2_000_000, mbMs: gbSeconds(140_000) }]);
    expect(formatUsd(price, 2)).toBe('2.73');
  });

  // <AWS Price List, AWSLambda, us-east-1>: rates of the three tiers as listed there.
  const tiers: [Architecture, number, string, number, string, string][] = [
    ['x86_64', 6e9, '0.0000166667', 15e9, '0.0000150000', '0.0000133334'],
    ['arm64', 7.5e9, '0.0000133334', 18.75e9, '0.0000120001', '0.0000106667'],
  ];
  test.each(tiers)('tiers of %s', (architecture, second, firstRate, third, secondRate, thirdRate) => {
    const group = { region: 'us-east-1', architecture };
    const price = (count: number): bigint => priceMonth(group, [{ ...NO_USE, mbMs: gbSeconds(count) }])[0] ?? 0n;
    expect(formatUsd(price(1), 10)).toBe(firstRate);
    expect(formatUsd(price(second) - price(second - 1), 10)).toBe(firstRate);
    expect(formatUsd(price(second + 1) - price(second), 10)).toBe(secondRate);
    expect(formatUsd(price(third) - price(third - 1), 10)).toBe(secondRate);
    expect(formatUsd(price(third + 1) - price(third), 10)).toBe(thirdRate);
  });

  test('what a tier saves is shared in proportion', () => {
    const big = { ...NO_USE, mbMs: gbSeconds(8e9) };
    const small = { ...NO_USE, mbMs: gbSeconds(4e9) };
    const [a = 0n, b = 0n] = priceMonth(x86, [big, small]);
    expect(a).toBe(b * 2n);
    expect(formatUsd(a + b, 2)).toBe('190000.20');
  });

  // <AWS Price List, AWSLambda, us-east-1>: Lambda-Provisioned-Concurrency and -GB-Second, with -ARM.
  test.each([
    ['x86_64', '0.0000041667', '0.0000097222'],
    ['arm64', '0.0000033334', '0.0000077778'],
  ] as const)('provisioned concurrency on %s', (architecture, held, run) => {
    const group = { region: 'us-east-1', architecture };
    const [holding = 0n] = priceMonth(group, [{ ...NO_USE, heldMbMs: gbSeconds(1) }]);
    const [running = 0n] = priceMonth(group, [{ ...NO_USE, provisionedMbMs: gbSeconds(1) }]);
    expect([formatUsd(holding, 10), formatUsd(running, 10)]).toEqual([held, run]);
  });

  test('nothing costs nothing', () => {
    expect(priceMonth(x86, [NO_USE])).toEqual([0n]);
    expect(formatUsd(0n, 4)).toBe('0.0000');
  });
});

test('amounts as text: rounded half up, never in exponents', () => {
  expect(formatUsd(1n)).toBe('0.000000000000');
  expect(formatUsd(500_000n)).toBe('0.000000000001');
  expect(formatUsd(1_234n * 10n ** 18n, 2)).toBe('1234.00');
  expect(formatUsd(priceInvocation(invocation(HALF_GB, 13)))).toBe('0.000000308334');
});
