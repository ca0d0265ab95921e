// A process that environments are forked from: they share its memory until they write to it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlGroups } from '../isolation/control-groups.ts';
import type { Forks, HostLayout, Isolation } from '../isolation/isolation.ts';
import type { Watchdog } from '../isolation/watchdog.ts';
import type { LogChannels } from '../logs/log-channel.ts';
import { openRuntimeApi } from '../runtime-api/runtime-api.ts';
import { type ForkOrders, Supervision } from '../runtime-api/supervision.ts';
import { guardGuest, type Guest } from './guest.ts';

export interface Zygote {
  readonly guest: Guest;
  /** Environments that have not ended. */
  readonly size: number;
  /** Ends when its last environment has. */
  endWhenUnused(): void;
  /** Once the process has reported ready. Rejects where its children cannot be kept apart. */
  prepare(): Promise<void>;
  /** A new environment; it waits for its assignment. */
  fork(bounds: EnvironmentBounds): Promise<Guest>;
}

interface EnvironmentBounds {
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
}

export interface ZygoteSettings {
  readonly guest: Guest;
  readonly orders: ForkOrders;
  readonly isolation: Isolation;
  readonly channels: LogChannels;
  readonly watchdog: Watchdog;
  readonly groups: ControlGroups | undefined;
}

const NO_FORKS: Forks = {
  async prepare() {
    throw new Error(NO_WALLS);
  },
  order() {
    throw new Error(NO_WALLS);
  },
  locate() {
    throw new Error(NO_WALLS);
  },
  openNetwork: async () => undefined,
};
const NO_WALLS = 'the isolation driver has no walls for forked processes';
/** Half a megabyte of the kernel's memory for each environment counts for the process it was forked from. */
const FORKING_MEMORY_MB = 4096;
const FORK_LIMIT_MS = 20_000;

export function createZygote(settings: ZygoteSettings): Zygote {
  const { guest, orders, isolation, channels, watchdog, groups } = settings;
  const forks = isolation.forks ?? NO_FORKS;
  const forkFolder = guest.layout.forkFolder ?? '';
  let made = 0;
  let size = 0;
  let isUnwanted = false;

  function leaveOne(): void {
    size -= 1;
    if (isUnwanted && size === 0) guest.kill();
  }

  function newLayout(name: string, bounds: EnvironmentBounds): HostLayout {
    const folder = join(forkFolder, name);
    mkdirSync(join(folder, 'tmp'), { recursive: true });
    const group = groups?.create();
    group?.limitMemory(bounds.memoryMb, bounds.ephemeralStorageMb);
    const { ephemeralStorageMb } = bounds;
    const { forkFolder: _own, ...shared } = guest.layout;
    return { ...shared, folder, ephemeralStorageMb, socketPath: join(forkFolder, `${name}.sock`), group };
  }

  async function fork(bounds: EnvironmentBounds): Promise<Guest> {
    const name = String((made += 1));
    const supervision = new Supervision();
    const limit = setTimeout(() => supervision.fail(new Error('forking took too long')), FORK_LIMIT_MS);
    void guest.ended.then(() => supervision.fail(new Error('the process to fork from has ended')));
    const layout = newLayout(name, bounds);
    const path = layout.socketPath ?? '';
    const [api, channel] = await Promise.all([
      openRuntimeApi(path, undefined, supervision),
      channels.openAt(join(forkFolder, `${name}.log`)),
    ]);
    try {
      orders.give(forks.order(guest.layout, layout, name));
      const told = await supervision.forked;
      const located = forks.locate(guest.pid ?? 0, told);
      const { supervisor } = located;
      const [network] = await Promise.all([forks.openNetwork(supervisor), layout.group?.add(supervisor)]);
      let hasEnded = false;
      void supervision.ended.then(() => (hasEnded = true));
      supervision.letGo();
      const guarded = {
        pid: supervisor,
        functionPid: () => located.functionPid(),
        ended: supervision.ended,
        hasEnded: () => hasEnded,
        ref: () => supervision.ref(),
      };
      const owned = { ...layout, network, supervisor };
      return guardGuest(guarded, { layout: owned, isolation, api, channel, watchdog });
    } catch (error) {
      api.close();
      layout.group?.remove();
      channel.reader.destroy();
      throw error;
    } finally {
      clearTimeout(limit);
      channel.handedOver();
    }
  }

  return {
    guest,
    get size() {
      return size;
    },
    endWhenUnused() {
      isUnwanted = true;
      if (size === 0) guest.kill();
    },
    async prepare() {
      const { group, ephemeralStorageMb } = guest.layout;
      group?.limitMemory(FORKING_MEMORY_MB, ephemeralStorageMb);
      await forks.prepare(guest.pid ?? 0);
    },
    async fork(bounds) {
      size += 1;
      try {
        const forked = await fork(bounds);
        void forked.ended.then(leaveOne);
        return forked;
      } catch (error) {
        leaveOne();
        throw error;
      }
    },
  };
}
