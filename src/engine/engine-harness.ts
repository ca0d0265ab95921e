// For tests of the engine: functions from inline files, an engine in a scratch folder, captured logs.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import type {
  FunctionCode,
  FunctionDefinition,
  FunctionInvocation,
  FunctionResult,
} from '../base/function-runner.ts';
import { seededRandom } from '../base/random.ts';
import { createEngine, type Engine } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';

export type Files = Readonly<Record<string, string | Uint8Array | { content: string | Uint8Array; mode: number }>>;

export interface Outcome extends FunctionResult {
  /** The payload as text, and parsed where it is JSON. */
  readonly text: string;
  readonly json: unknown;
}

export interface Harness extends AsyncDisposable {
  readonly engine: Engine;
  readonly workDir: string;
  readonly notices: string[];
  /** Log messages by stream, in order. */
  readonly logs: Map<string, string[]>;
  /** All messages of all streams. */
  messages(): string[];
  define(files: Files, options?: Partial<FunctionDefinition>): Promise<FunctionDefinition>;
  invoke(
    definition: FunctionDefinition,
    event?: unknown,
    options?: Partial<FunctionInvocation>,
  ): Promise<Outcome>;
  /** Resolves once all log lines handed on so far are stored. */
  settled(): Promise<void>;
}

export function createHarness(options: Partial<EngineOptions> = {}): Harness {
  const workDir = mkdtempSync(join(tmpdir(), 'cloudlet-engine-'));
  const logs = new Map<string, string[]>();
  const notices: string[] = [];
  const pending = new Set<Promise<unknown>>();
  let invocations = 0;
  let definitions = 0;
  const engine = createEngine({
    workDir,
    logs: {
      async write(_definition, stream, lines) {
        const known = logs.get(stream) ?? [];
        logs.set(stream, known);
        known.push(...lines.map(({ message }) => message));
      },
    },
    endpoint: () => 'http://127.0.0.1:4566',
    random: seededRandom(randomBytes(4).readUInt32BE()),
    isolation: process.env['CLOUDLET_TEST_ISOLATION'] === 'sandbox' ? 'sandbox' : 'process',
    onNotice: (notice) => notices.push(notice),
    track(work) {
      pending.add(work);
      void work.finally(() => pending.delete(work));
    },
    ...options,
  });

  async function close(): Promise<void> {
    await engine.close();
    await rm(workDir, { recursive: true, force: true });
  }

  return {
    engine,
    workDir,
    notices,
    logs,
    messages: () => [...logs.values()].flat(),
    async define(files, given = {}) {
      definitions += 1;
      const name = given.name ?? `function-${definitions}`;
      return {
        key: `${name}/${definitions}`,
        arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
        name,
        version: '$LATEST',
        account: '000000000000',
        region: 'us-east-1',
        runtime: 'nodejs20.x',
        handler: 'index.handler',
        code: codeOf(await zipOf(files)),
        layers: [],
        environment: {},
        memoryMb: 256,
        timeoutMs: 10_000,
        ephemeralStorageMb: 512,
        architecture: 'x86_64',
        logGroup: `/aws/lambda/${name}`,
        ...given,
      };
    },
    async invoke(definition, event = {}, given = {}) {
      invocations += 1;
      const result = await engine.invoke(definition, {
        requestId: `00000000-0000-4000-8000-${String(invocations).padStart(12, '0')}`,
        payload: Buffer.from(JSON.stringify(event)),
        invokedArn: definition.arn,
        ...given,
      });
      const text = Buffer.from(result.payload).toString();
      return { ...result, text, json: parseOr(text) };
    },
    async settled() {
      // The last line of an invocation is handed on in the turn after its answer.
      await new Promise((resolve) => setImmediate(resolve));
      while (pending.size > 0) await Promise.all(pending);
    },
    [Symbol.asyncDispose]: close,
  };
}

export function zipOf(files: Files): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, file] of Object.entries(files)) {
    const isPlain = typeof file === 'string' || file instanceof Uint8Array;
    const { content, mode } = isPlain ? { content: file, mode: 0o644 } : file;
    zip.addBuffer(Buffer.from(content), name, { mode: mode | 0o100000 });
  }
  zip.end();
  return buffer(zip.outputStream);
}

export function codeOf(zip: Uint8Array): FunctionCode {
  const sha256 = createHash('sha256').update(zip).digest('base64');
  return { sha256, read: async () => zip };
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a process runs; one that has ended and waits for its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return !existsSync('/proc/self/stat');
  }
}
