// Waits for a wake-up or an instant, without counting as work in flight.
import type { RequestContext } from '../../kernel/context.ts';

/** Resolves when `woken` does, at `untilMs` on the cloud's clock, or when the caller goes away. */
export async function waitUntil(
  ctx: RequestContext,
  untilMs: number,
  woken: Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, over.signal]);
  const slept = ctx.clock.sleep(untilMs - ctx.clock.now(), signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  try {
    await ctx.activity.park(Promise.race([woken, slept]));
  } finally {
    over.abort();
  }
}
