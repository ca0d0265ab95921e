// What a workload is, and what all of them share: prepared requests sent one after the other.
import type { Answer } from './http-connection.ts';
import type { Scenario } from './load.ts';
import { CREDENTIALS } from './sign.ts';

export interface Workload {
  readonly name: string;
  /** What the command line calls it. */
  readonly id: string;
  /** 32 when absent. */
  readonly connections?: number;
  /** Bytes of an answer: the bare server answers as many. About 220 when absent. */
  readonly answerBytes?: number;
  readonly goal?: Goal;
  prepare(endpoint: string): Promise<Scenario>;
}

/** At least so many a second, such a part of the bare server's, or at most so many of its round trips. */
export interface Goal {
  readonly perSecond?: number;
  readonly bareRatio?: number;
  readonly bareRoundTrips?: number;
}

/** Requests signed in advance where each has a key of its own; then again from the first. */
export const PREPARED = 20_000;

export const clientSettings = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: CREDENTIALS,
  forcePathStyle: true,
});

export function expectOk(answer: Answer): Answer {
  if (answer.status === 200) return answer;
  throw new Error(`answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
}

/** Sends prepared requests one after the other. */
export function sendAll(requests: readonly Buffer[]): Scenario {
  return async (connection, number) => {
    const request = requests[number % requests.length];
    if (request !== undefined) expectOk(await connection.send(request));
  };
}

export function prepareMany(count: number, make: (number: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, number) => make(number));
}
