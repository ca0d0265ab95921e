// Resource policies of functions and layer versions: their statements as AWS prints them, and where they are.
import { randomUuid } from '../../base/random.ts';
import type { ReadTx, Tx } from '../../base/store.ts';
import type { RequestContext } from '../../kernel/context.ts';
import { policyTooLong, staleRevision } from './errors.ts';
import type { FunctionReference } from './function-reference.ts';
import { POLICY_BYTES_MAX } from './limits.ts';
import { type PolicyRecord, type PolicyStatement, functionKey, policies, touchRevision } from './store.ts';

/** An account number, an ARN, a service, or `*`. */
export function toPrincipal(principal: string): PolicyStatement['Principal'] {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (principal.startsWith('arn:')) return { AWS: principal };
  return { Service: principal };
}

export function toDocument(Statement: readonly PolicyStatement[]): Record<string, unknown> {
  return { Version: '2012-10-17', Id: 'default', Statement };
}

export function checkPolicySize(statements: readonly PolicyStatement[]): void {
  const bytes = Buffer.byteLength(JSON.stringify(toDocument(statements)));
  if (bytes > POLICY_BYTES_MAX) throw policyTooLong(bytes, POLICY_BYTES_MAX);
}

/** The row of a function's, version's or alias's policy. */
export function policyKey({ scope, name, qualifier }: FunctionReference): readonly string[] {
  return [...functionKey(scope, name), qualifier === '$LATEST' ? '' : (qualifier ?? '')];
}

export function readPolicy(view: ReadTx, reference: FunctionReference): Promise<PolicyRecord | undefined> {
  return policies.get(view, policyKey(reference));
}

/** The revision of a policy is that of the function, version or alias it stands on; gives the new one. */
export async function changeRevision(
  tx: Tx,
  { scope, name, qualifier }: FunctionReference,
  change: { readonly expected: string | undefined; readonly context: RequestContext },
): Promise<string> {
  const next = randomUuid(change.context.random);
  const previous = await touchRevision(tx, { scope, name, qualifier }, next);
  if (change.expected !== undefined && change.expected !== previous) throw staleRevision();
  return next;
}
