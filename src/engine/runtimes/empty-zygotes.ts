// Python processes without a function, from which environments are forked before they have one.
import { NO_EVENTS } from '../runtime-api/runtime-api.ts';
import type { Guest } from './guest.ts';
import type { BootRequest, Launcher } from './launcher.ts';
import type { Zygote } from './zygote.ts';

export interface EmptyZygotes {
  /** Undefined where environments cannot be forked: then each is to be booted. */
  open(request: BootRequest): Promise<Zygote | undefined>;
  close(): Promise<void>;
}

/** None of a function's code runs in it. What its children cost the kernel before they move counts for it. */
const ZYGOTE_MEMORY_MB = 65_536;

export function createEmptyZygotes(launcher: Launcher, isAllowed: boolean): EmptyZygotes {
  const all = new Set<Guest>();
  let works = isAllowed && launcher.isolation.forks !== undefined && process.platform !== 'win32';
  let closed = false;

  async function keep(guest: Guest): Promise<void> {
    all.add(guest);
    await guest.ended;
    all.delete(guest);
  }

  return {
    async open(request) {
      if (!works || closed || request.runtime.family !== 'python') return undefined;
      const zygote = await launcher.bootZygote({ ...request, memoryMb: ZYGOTE_MEMORY_MB, forks: 'empty' });
      const { guest } = zygote;
      const isReady = waitUntilReady(guest);
      void keep(guest);
      if (closed) guest.kill();
      if (!(await isReady)) return undefined;
      try {
        await zygote.prepare();
        return zygote;
      } catch {
        works = false;
        guest.kill();
        return undefined;
      }
    },
    async close() {
      closed = true;
      for (const guest of all) guest.kill();
      await Promise.all([...all].map(({ ended }) => ended));
    },
  };
}

function waitUntilReady(guest: Guest): Promise<boolean> {
  return new Promise((resolve) => {
    guest.api.events = { ...NO_EVENTS, ready: () => resolve(true) };
    void guest.ended.then(() => resolve(false));
  });
}
