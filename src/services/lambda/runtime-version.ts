// The version of a runtime that functions of it run on.
import { createHash } from 'node:crypto';
import type { Scope } from '../../kernel/context.ts';

/** Differs: a runtime has one version, that of this machine, whatever the region. */
export function runtimeVersionArn(scope: Pick<Scope, 'region'>, runtime: string): string {
  const id = createHash('sha256').update(runtime).digest('hex');
  return `arn:aws:lambda:${scope.region}::runtime:${id}`;
}
