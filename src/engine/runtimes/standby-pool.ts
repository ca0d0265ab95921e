// Runtimes booted ahead: empty processes that wait to be told which function they are.
import type { Guest } from './guest.ts';
import { createEmptyZygotes } from './empty-zygotes.ts';
import type { BootRequest, Launcher } from './launcher.ts';
import type { Zygote } from './zygote.ts';

export interface StandbyPool {
  /** One booted ahead if there is one, else a new one. */
  take(request: BootRequest): Promise<Guest>;
  close(): Promise<void>;
}

export interface StandbySettings {
  /** Processes kept ready per kind, from its first use on; 0 turns the pool off. */
  readonly size: number;
  /** Whether Python processes are forked from one of their kind, which saves time and memory. */
  readonly forksEmpty: boolean;
}

/** Processes of one kind are alike until they have their function. */
interface Flavour {
  readonly request: BootRequest;
  readonly ready: Guest[];
  /** What they are forked from; undefined where each is booted. */
  zygote: Promise<Zygote | undefined> | undefined;
  /** The same, once it can fork. */
  parent: Zygote | undefined;
  booting: number;
  /** For the choice of whom to give up: grows with every take. */
  lastTaken: number;
}

/** Kinds kept at a time: a runtime with what it has loaded and, for Node.js, a memory size. */
const MAX_FLAVOURS = 4;
/** Refilling waits until the function that was just started has probably answered. */
const REFILL_DELAY_MS = 30;

export function createStandbyPool(launcher: Launcher, { size, forksEmpty }: StandbySettings): StandbyPool {
  const flavours = new Map<string, Flavour>();
  const ending = new Set<Promise<unknown>>();
  const zygotes = createEmptyZygotes(launcher, forksEmpty);
  let takes = 0;
  let refilling: NodeJS.Timeout | undefined;
  let closed = false;
  let impossible = false;

  function flavourOf(request: BootRequest): Flavour {
    const { runtime, memoryMb, ephemeralStorageMb } = request;
    // The heap's size is set when the process starts; Python has no such limit.
    const heap = runtime.family === 'nodejs' ? memoryMb : 0;
    const storage = launcher.isolation.boundsStorage ? ephemeralStorageMb : 0;
    const preload = request.preload ?? [];
    const key = `${runtime.id} ${heap} ${storage} ${preload.join()}`;
    let flavour = flavours.get(key);
    if (flavour === undefined) {
      if (flavours.size >= MAX_FLAVOURS) giveUpOne();
      const ahead = { runtime, memoryMb, ephemeralStorageMb, preload };
      flavour = { request: ahead, ready: [], zygote: undefined, parent: undefined, booting: 0, lastTaken: 0 };
      flavours.set(key, flavour);
    }
    flavour.lastTaken = takes += 1;
    return flavour;
  }

  function giveUpOne(): void {
    let oldest: [string, Flavour] | undefined;
    for (const entry of flavours) {
      if (oldest === undefined || entry[1].lastTaken < oldest[1].lastTaken) oldest = entry;
    }
    if (oldest === undefined) return;
    flavours.delete(oldest[0]);
    for (const guest of oldest[1].ready.splice(0)) dismiss(guest);
    void oldest[1].zygote?.then((zygote) => zygote?.endWhenUnused());
  }

  function dismiss(guest: Guest): void {
    guest.kill();
    ending.add(guest.ended);
    void guest.ended.then(() => ending.delete(guest.ended));
  }

  function refill(): void {
    refilling = undefined;
    for (const flavour of flavours.values()) {
      while (!closed && flavour.ready.length + flavour.booting < size) bootOne(flavour);
    }
  }

  function bootOne(flavour: Flavour): void {
    flavour.booting += 1;
    const boot = bootAhead(flavour).then(
      (guest) => {
        flavour.booting -= 1;
        return guest === undefined ? undefined : keep(flavour, guest);
      },
      // The next take boots for itself, and reports what is wrong.
      () => void (flavour.booting -= 1),
    );
    ending.add(boot);
    void boot.then(() => ending.delete(boot));
  }

  function keep(flavour: Flavour, guest: Guest): void {
    const wanted = !closed && [...flavours.values()].includes(flavour);
    if (!wanted) return dismiss(guest);
    flavour.ready.push(guest);
    return void dropWhenEnded(flavour, guest);
  }

  async function bootAhead(flavour: Flavour): Promise<Guest | undefined> {
    if (!(await launcher.isolation.canBootAhead())) {
      impossible = true;
      return undefined;
    }
    const zygote = await (flavour.zygote ??= openZygote(flavour));
    return zygote === undefined ? launcher.boot(flavour.request) : zygote.fork(flavour.request);
  }

  async function openZygote(flavour: Flavour): Promise<Zygote | undefined> {
    const zygote = await zygotes.open(flavour.request);
    flavour.parent = zygote;
    if (zygote !== undefined) void forgetWhenEnded(flavour, zygote);
    return zygote;
  }

  async function forgetWhenEnded(flavour: Flavour, zygote: Zygote): Promise<void> {
    await zygote.guest.ended;
    flavour.parent = undefined;
    flavour.zygote = undefined;
  }

  async function dropWhenEnded(flavour: Flavour, guest: Guest): Promise<void> {
    await guest.ended;
    const at = flavour.ready.indexOf(guest);
    if (at !== -1) flavour.ready.splice(at, 1);
  }

  return {
    async take(request) {
      const fits = request.complete === undefined && request.tree !== undefined;
      if (size === 0 || closed || impossible || !fits) return launcher.boot(request);
      const flavour = flavourOf(request);
      refilling ??= setTimeout(refill, REFILL_DELAY_MS).unref();
      const booted = flavour.ready.findIndex(({ api }) => api.awaitsAssignment);
      // One that is still at it is ahead of a new one all the same.
      const [guest] = flavour.ready.splice(Math.max(0, booted), 1);
      const forked = guest ?? (await flavour.parent?.fork(request).catch(() => undefined));
      return forked ?? launcher.boot({ ...request, preload: [] });
    },
    async close() {
      closed = true;
      clearTimeout(refilling);
      for (const { ready } of flavours.values()) for (const guest of ready.splice(0)) dismiss(guest);
      await zygotes.close();
      while (ending.size > 0) await Promise.all(ending);
    },
  };
}
