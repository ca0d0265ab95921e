// createCloud(): a whole cloud inside a test, in memory, on a virtual clock, ready in milliseconds.
import { parseDuration } from '../base/duration.ts';
import type { FaultRule } from '../kernel/faults.ts';
import type { ServiceSettings } from '../kernel/settings.ts';
import { type Cloud, openCloud } from '../server/cloud.ts';
import type { CostReport } from '../server/cost-report.ts';

export interface CreateCloudOptions {
  /** A SAM or CloudFormation template, or its folder: built and deployed before the cloud is handed over. */
  readonly template?: string;
  /** Parameters of the template. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Makes ids, faults and the start of time the same in every run. */
  readonly seed?: number;
  readonly faults?: readonly FaultRule[];
  /** Throttling, lagging reads and the like: off unless asked for. */
  readonly settings?: ServiceSettings;
  /** Where the clock starts. Default: now; with a seed, 2026-01-01T00:00:00Z. */
  readonly startTime?: Date;
  /** Functions may be made with runtimes that AWS no longer takes (`nodejs12.x`). Default false. */
  readonly allowDeprecatedRuntimes?: boolean;
  /**
   * A Node.js major that is missing on this machine is fetched on its first use, which takes seconds. Default
   * false: what `cloudlet runtimes install` has fetched is used, else the Node.js that runs the test.
   */
  readonly fetchRuntimes?: boolean;
  /** How functions are kept apart. Default `process`; `sandbox` fails where there is none. */
  readonly isolation?: 'auto' | 'process' | 'sandbox';
  /** `cloud`: functions reach nothing but this cloud, which the sandbox alone can do. Default `open`. */
  readonly functionNetwork?: 'cloud' | 'open';
  /** `system` lets time pass by itself. Default `virtual`. */
  readonly clock?: 'virtual' | 'system';
}

/** Any client class of the AWS SDK for JavaScript v3. */
export type ClientClass<Client> = new (config: ClientSettings) => Client;

interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Buckets in the path: `BUCKET.127.0.0.1` is no host name. */
  readonly forcePathStyle: true;
  readonly maxAttempts: number;
}

export interface ClientOptions {
  /** 12 digits. Default 000000000000. */
  readonly account?: string;
  /** Default us-east-1. */
  readonly region?: string;
  /** How often the client tries a call. Default 1: a test sees the first answer. */
  readonly maxAttempts?: number;
}

export interface TestClock {
  now(): Date;
  /** Moves time, e.g. `'30s'`, `'PT6H'`, or milliseconds, and resolves when all that fell due is done. */
  advance(duration: string | number): Promise<void>;
}

export interface CostOptions {
  /** 12 digits. Default 000000000000. */
  readonly account?: string;
  /** Counts from this UTC day on. Default: from the beginning. */
  readonly since?: Date;
}

export interface TestCloud extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:40123` */
  readonly endpoint: string;
  readonly clock: TestClock;
  /** A client of the AWS SDK v3, pointed at this cloud. */
  client<Client>(clientClass: ClientClass<Client>, options?: ClientOptions): Client;
  /** Outputs of the deployed template, with addresses that this machine reaches; empty without one. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Replaces the fault rules in force. */
  setFaults(rules: readonly FaultRule[]): void;
  /**
   * What functions cost so far by AWS's price list, free tier and tax left out. GB-seconds are measured,
   * so assert bounds of them; requests are exact.
   */
  cost(options?: CostOptions): Promise<CostReport>;
  /** Resolves when everything that was set in motion has come to rest. */
  settle(): Promise<void>;
  /** An independent copy: same state, same time. */
  fork(): Promise<TestCloud>;
  /** Stops it. Rejects when the cloud met a bug of its own, so that no test passes over one. */
  close(): Promise<void>;
}

/**
 * Starts a cloud that lives in this process: no files, no Docker, no shared state with other clouds.
 * Use `await using cloud = await createCloud()` or call `close()`.
 */
export async function createCloud(options: CreateCloudOptions = {}): Promise<TestCloud> {
  const cloud = await openCloud({
    clock: options.clock ?? 'virtual',
    allowDeprecatedRuntimes: options.allowDeprecatedRuntimes ?? false,
    fetchRuntimes: options.fetchRuntimes ?? false,
    isolation: options.isolation ?? 'process',
    functionNetwork: options.functionNetwork ?? 'open',
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    ...(options.startTime === undefined ? {} : { startMs: options.startTime.getTime() }),
  });
  if (options.template === undefined) return wrap(cloud, {});
  try {
    // Loaded only here: a test without a template does not wait for the builder.
    const { deployForTest } = await import('./deploy-for-test.ts');
    return wrap(cloud, await deployForTest(cloud.endpoint, options.template, options.parameters ?? {}));
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

function wrap(cloud: Cloud, outputs: Readonly<Record<string, string>>): TestCloud {
  const clients: { destroy?: () => void }[] = [];

  async function close(): Promise<void> {
    for (const client of clients) client.destroy?.();
    await cloud.close();
    if (cloud.defects.length > 0) {
      throw new AggregateError(cloud.defects, 'the cloud answered with an internal error during this test');
    }
  }

  return {
    get endpoint() {
      return cloud.endpoint;
    },
    clock: {
      now: () => new Date(cloud.clock.now()),
      async advance(duration) {
        await cloud.advance(parseDuration(duration));
      },
    },
    client(clientClass, { account = '000000000000', region = 'us-east-1', maxAttempts = 1 } = {}) {
      const client = new clientClass({
        endpoint: cloud.endpoint,
        region,
        credentials: { accessKeyId: account, secretAccessKey: 'test' },
        forcePathStyle: true,
        maxAttempts,
      });
      clients.push(client as { destroy?: () => void });
      return client;
    },
    outputs,
    setFaults: (rules) => cloud.kernel.faults.replace(rules),
    cost: ({ account = '000000000000', since } = {}) => cloud.cost(account, since?.getTime()),
    settle: () => cloud.quiet(),
    async fork() {
      const copy = await cloud.fork();
      const moved = Object.entries(outputs).map(([name, value]) => [
        name,
        value.replaceAll(cloud.endpoint, copy.endpoint),
      ]);
      return wrap(copy, Object.fromEntries(moved) as Record<string, string>);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
