// Token buckets of throttled methods: `rateLimit` requests a second, `burstLimit` at once.
import { type WorkContext, localSlot } from '../../kernel/context.ts';
import type { MethodSetting } from './store.ts';

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

const buckets = localSlot(() => new Map<string, Bucket>());

/** Takes one token; false when there is none left. */
export function takeToken(key: string, setting: MethodSetting, context: WorkContext): boolean {
  const { rateLimit, burstLimit } = setting;
  if (rateLimit < 0 || burstLimit < 0) return true;
  const known = context.local(buckets);
  const nowMs = context.clock.now();
  const { tokens, atMs } = known.get(key) ?? { tokens: burstLimit, atMs: nowMs };
  const refilled = Math.min(burstLimit, tokens + ((nowMs - atMs) / 1_000) * rateLimit);
  const taken = refilled >= 1;
  known.set(key, { tokens: taken ? refilled - 1 : refilled, atMs: nowMs });
  return taken;
}
