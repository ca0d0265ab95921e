// How much memory a process uses: from /proc where there is one, else asked of `ps`.
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';

export interface MemoryMeter {
  /** Resident memory now, MB; 0 when the process is gone. */
  currentMb(): number;
  /** The most it ever was, MB, rounded up as REPORT shows it. */
  peakMb(): number;
  close(): void;
}

const PEAK = /VmHWM:\s+(\d+) kB/;
const RESIDENT = /VmRSS:\s+(\d+) kB/;
const buffer = Buffer.alloc(4096);

/** @param locate gives the process once it is there; asked until then. */
export function createMemoryMeter(locate: () => number | undefined): MemoryMeter {
  let found: MemoryMeter | undefined;
  let open = true;

  function meter(): MemoryMeter | undefined {
    if (found !== undefined || !open) return found;
    const pid = locate();
    if (pid !== undefined) found = openProcMeter(pid) ?? createPsMeter(pid);
    return found;
  }

  return {
    currentMb: () => meter()?.currentMb() ?? 0,
    peakMb: () => meter()?.peakMb() ?? 0,
    close() {
      open = false;
      found?.close();
    },
  };
}

function openProcMeter(pid: number): MemoryMeter | undefined {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/status`, 'r');
  } catch {
    return undefined;
  }
  let open = true;
  let peakKb = 0;

  /** Reads the file anew through the descriptor: it names this process even if its id is reused. */
  function read(field: RegExp): number {
    if (!open) return 0;
    try {
      const length = readSync(fd, buffer, 0, buffer.length, 0);
      const kb = Number(field.exec(buffer.toString('latin1', 0, length))?.[1] ?? 0);
      if (kb > peakKb) peakKb = kb;
      return kb;
    } catch {
      return 0;
    }
  }

  return {
    currentMb: () => read(RESIDENT) / 1024,
    peakMb() {
      read(PEAK);
      return Math.ceil(peakKb / 1024);
    },
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** Differs: between two polls the peak may be missed, because only Linux keeps it for other processes. */
export function createPsMeter(pid: number): MemoryMeter {
  let currentKb = 0;
  let peakKb = 0;
  let asking = false;
  let open = true;

  function ask(): void {
    if (asking || !open) return;
    asking = true;
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      asking = false;
      currentKb = error === null ? Number(stdout.trim()) || 0 : 0;
      if (currentKb > peakKb) peakKb = currentKb;
    });
  }

  ask();
  return {
    currentMb() {
      ask();
      return currentKb / 1024;
    },
    peakMb() {
      ask();
      return Math.ceil(peakKb / 1024);
    },
    close() {
      open = false;
    },
  };
}
