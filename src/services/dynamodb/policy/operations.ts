// PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy.
import { parseArn } from '../../../base/arn.ts';
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalid, invalidParameter } from '../errors.ts';
import { requireNamedTable } from '../operations/require-table.ts';
import type { TableHandle } from '../store.ts';
import { loadStream } from '../streams/store.ts';
import { canonicalPolicy, locksOut } from './document.ts';
import { policyNotFound, streamOfTableNotFound, wouldLockOut } from './errors.ts';
import { loadPolicy, savePolicy, type PolicyPlace, type PolicyRecord } from './store.ts';

const NO_POLICY = 'NO_POLICY';
const RESOURCE = /^table\/([a-zA-Z0-9_.-]+)(?:\/(stream|index)\/(.+))?$/;

interface Target {
  readonly arn: string;
  readonly tableName: string;
  /** The stream's label; empty for the table. */
  readonly label: string;
}

/** AWS: checks in this order. ack-api-quirks dynamodb, DDB-TABLE-212 */
function readTarget(arn: string, ctx: RequestContext): Target {
  if (!arn.startsWith('arn:')) throw invalidParameter(`ARNs must start with 'arn:': ${arn}`);
  const parsed = parseArn(arn);
  const [, tableName, kind, rest = ''] = RESOURCE.exec(parsed?.resource ?? '') ?? [];
  if (parsed?.service !== 'dynamodb' || tableName === undefined) {
    throw invalidParameter(`Provided Arn is not a DynamoDB resource arn: ${arn}`);
  }
  if (parsed.account !== ctx.account) {
    throw invalid('This action is only supported by accounts that match the resource owner’s account.');
  }
  if (parsed.region !== ctx.region) throw invalidParameter(`Invalid resource Arn: ${arn}`);
  if (kind === 'index') {
    throw invalidParameter(
      `Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}`,
    );
  }
  return { arn, tableName, label: rest };
}

async function requirePlace(
  view: ReadTx,
  ctx: RequestContext,
  { tableName, label }: Target,
): Promise<PolicyPlace> {
  const { prefix } = await requireNamedTable(view, ctx, tableName);
  if (label !== '' && (await loadStream(view, ctx, { tableName, label })) === undefined) {
    throw streamOfTableNotFound(label, tableName);
  }
  return { prefix, label };
}

export async function putResourcePolicy(
  input: InputOf<'dynamodb', 'PutResourcePolicy'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'PutResourcePolicy'>> {
  const target = readTarget(input.ResourceArn ?? '', ctx);
  const text = canonicalPolicy(input.Policy ?? '');
  if (input.ConfirmRemoveSelfResourceAccess !== true && locksOut(text, callerNames(ctx))) {
    throw wouldLockOut();
  }
  const saved = await ctx.store.transact(async (tx) => {
    const place = await requirePlace(tx, ctx, target);
    const current = await loadPolicy(tx, place);
    checkRevision(current, { expected: input.ExpectedRevisionId, target });
    return current?.text === text ? current : replacePolicy(tx, ctx, { place, current, text });
  });
  return { RevisionId: saved.revisionId };
}

/** The ARNs by which a policy may mean the caller. */
function callerNames({ principal }: RequestContext): string[] {
  const root = `arn:aws:iam::${principal.account}:root`;
  if (principal.kind === 'user') return [root, principal.arn];
  return principal.kind === 'role' ? [root, principal.arn, principal.roleArn] : [root];
}

/** AWS: the revision is the time of the change in milliseconds, and grows with every change. */
function replacePolicy(
  tx: Tx,
  ctx: RequestContext,
  {
    place,
    current,
    text,
  }: {
    readonly place: PolicyPlace;
    readonly current: PolicyRecord | undefined;
    readonly text: string | undefined;
  },
): PolicyRecord {
  const revision = Math.max(ctx.nowMs, Number(current?.revisionId ?? 0) + 1);
  const revisionId = String(revision);
  const policy: PolicyRecord = { revisionId, ...(text === undefined ? {} : { text }) };
  savePolicy(tx, place, policy);
  return policy;
}

/** The policy a new table comes with. */
export function savePolicyOfNewTable(
  tx: Tx,
  ctx: RequestContext,
  { table, text }: { readonly table: TableHandle; readonly text: string },
): void {
  replacePolicy(tx, ctx, { place: { prefix: table.prefix, label: '' }, current: undefined, text });
}

/** Messages: moto, whose tests of them ran against AWS, and ack-api-quirks dynamodb, DDB-TABLE-205. */
function checkRevision(
  current: PolicyRecord | undefined,
  { expected, target }: { readonly expected: string | undefined; readonly target: Target },
): void {
  if (expected === undefined) return;
  const { tableName } = target;
  if (current?.text === undefined) {
    if (expected === NO_POLICY) return;
    throw policyNotFound(
      `Requested update for policy with revision id ${expected}, but table ${tableName} has no associated policy.`,
    );
  }
  if (expected === NO_POLICY) {
    throw policyNotFound(
      `Requested policy update expecting none to be present for table ${tableName}, but a policy exists with revision id ${current.revisionId}.`,
    );
  }
  if (expected !== current.revisionId) {
    throw policyNotFound(
      `Requested update for policy with revision id ${expected}, but the policy associated to target table ${tableName} has revision id ${current.revisionId}.`,
    );
  }
}

export async function getResourcePolicy(
  input: InputOf<'dynamodb', 'GetResourcePolicy'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'GetResourcePolicy'>> {
  const target = readTarget(input.ResourceArn ?? '', ctx);
  const policy = await ctx.store.read(async (view) =>
    loadPolicy(view, await requirePlace(view, ctx, target)),
  );
  if (policy?.text === undefined) throw policyNotFound(target.arn);
  return { Policy: policy.text, RevisionId: policy.revisionId };
}

/** AWS: tells the revision it removed; a repetition tells when that was. DDB-TABLE-205 */
export async function deleteResourcePolicy(
  input: InputOf<'dynamodb', 'DeleteResourcePolicy'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DeleteResourcePolicy'>> {
  const target = readTarget(input.ResourceArn ?? '', ctx);
  const gone = await ctx.store.transact(async (tx) => {
    const place = await requirePlace(tx, ctx, target);
    const current = await loadPolicy(tx, place);
    checkRevision(current, { expected: input.ExpectedRevisionId, target });
    if (current?.text !== undefined) replacePolicy(tx, ctx, { place, current, text: undefined });
    return current;
  });
  return gone === undefined ? {} : { RevisionId: gone.revisionId };
}
