// The instant of a request in the form of common logs.

/** `21/Nov/2026:08:09:10 +0000` */
export function commonLogTime(epochMs: number): string {
  const [, day, month, year, time] =
    /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(epochMs).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}
