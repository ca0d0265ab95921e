// Names in the log: of an environment's stream, and of the runtime in INIT_START.
import { createHash } from 'node:crypto';
import type { FunctionDefinition } from '../../base/function-runner.ts';
import type { Random } from '../../base/random.ts';

/** AWS: `2026/11/21/[$LATEST]` and 32 hex digits. */
export function logStreamName(nowMs: number, version: string, random: Random): string {
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[${version}]${Buffer.from(random.bytes(16)).toString('hex')}`;
}

/** The runtime as INIT_START names it: the identifier asked for, not what runs it here. */
export function describeRuntime(definition: FunctionDefinition): { text: string; arn: string } {
  const match = /^([a-z]+)(.*?)(\.x)?$/.exec(definition.runtime);
  const text = `${match?.[1] ?? ''}:${(match?.[2] ?? '').replace(/^\./, '')}.v1`;
  const digest = createHash('sha256').update(text).digest('hex');
  return { text, arn: `arn:aws:lambda:${definition.region}::runtime:${digest}` };
}
