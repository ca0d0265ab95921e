// AddLayerVersionPermission, RemoveLayerVersionPermission, GetLayerVersionPolicy.
import { randomUuid } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  layerVersionNotFound,
  policyNotFound,
  staleRevision,
  statementExists,
  statementNotFound,
} from '../errors.ts';
import {
  type LayerVersionReference,
  layerArn,
  layerVersionKey,
  parseLayerReference,
} from '../layer-reference.ts';
import { checkPolicySize, toDocument, toPrincipal } from '../resource-policy.ts';
import { type PolicyStatement, layerPolicies, layerVersions } from '../store.ts';

export async function addLayerVersionPermission(
  input: InputOf<'lambda', 'AddLayerVersionPermission'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'AddLayerVersionPermission'>> {
  const reference = readReference(input, context);
  const statement = toStatement(input, reference);
  const revisionId = await context.store.transact(async (tx) => {
    await requireVersion(tx, reference);
    const policy = await layerPolicies.get(tx, layerVersionKey(reference));
    const statements = policy?.statements ?? [];
    if (statements.some(({ Sid }) => Sid === statement.Sid)) throw statementExists(statement.Sid);
    checkRevision(input.RevisionId, policy?.revisionId);
    const changed = [...statements, statement];
    checkPolicySize(changed);
    const next = randomUuid(context.random);
    layerPolicies.put(tx, layerVersionKey(reference), { statements: changed, revisionId: next });
    return next;
  });
  return { Statement: JSON.stringify(statement), RevisionId: revisionId };
}

export async function removeLayerVersionPermission(
  input: InputOf<'lambda', 'RemoveLayerVersionPermission'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'RemoveLayerVersionPermission'>> {
  const reference = readReference(input, context);
  const sid = input.StatementId ?? '';
  await context.store.transact(async (tx) => {
    await requireVersion(tx, reference);
    const policy = await layerPolicies.get(tx, layerVersionKey(reference));
    checkRevision(input.RevisionId, policy?.revisionId);
    const statements = policy?.statements.filter(({ Sid }) => Sid !== sid) ?? [];
    if (statements.length === (policy?.statements.length ?? 0)) throw statementNotFound(sid);
    const key = layerVersionKey(reference);
    if (statements.length === 0) layerPolicies.delete(tx, key);
    else layerPolicies.put(tx, key, { statements, revisionId: randomUuid(context.random) });
  });
  return {};
}

export async function getLayerVersionPolicy(
  input: InputOf<'lambda', 'GetLayerVersionPolicy'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetLayerVersionPolicy'>> {
  const reference = readReference(input, context);
  return context.store.read(async (view) => {
    await requireVersion(view, reference);
    const policy = await layerPolicies.get(view, layerVersionKey(reference));
    if (policy === undefined) throw policyNotFound('remove');
    return { Policy: JSON.stringify(toDocument(policy.statements)), RevisionId: policy.revisionId };
  });
}

/** The policies of a layer are those of its owner: an ARN of another account finds nothing. */
function readReference(
  input: { readonly LayerName: string | undefined; readonly VersionNumber: number | undefined },
  context: RequestContext,
): LayerVersionReference {
  const layer = parseLayerReference(input.LayerName ?? '', context);
  const reference = { ...layer, version: input.VersionNumber ?? 0 };
  if (layer.scope.account !== context.account || !Number.isSafeInteger(reference.version)) {
    throw layerVersionNotFound(layerArn(reference, reference.version));
  }
  return reference;
}

async function requireVersion(view: ReadTx, reference: LayerVersionReference): Promise<void> {
  if ((await layerVersions.get(view, layerVersionKey(reference))) !== undefined) return;
  throw layerVersionNotFound(layerArn(reference, reference.version));
}

function checkRevision(expected: string | undefined, actual: string | undefined): void {
  if (expected !== undefined && expected !== actual) throw staleRevision('GetLayerPolicy');
}

function toStatement(
  input: InputOf<'lambda', 'AddLayerVersionPermission'>,
  reference: LayerVersionReference,
): PolicyStatement {
  const { OrganizationId } = input;
  return {
    Sid: input.StatementId ?? '',
    Effect: 'Allow',
    Principal: toPrincipal(input.Principal ?? ''),
    Action: input.Action ?? '',
    Resource: layerArn(reference, reference.version),
    ...(OrganizationId === undefined
      ? {}
      : { Condition: { StringEquals: { 'aws:PrincipalOrgID': OrganizationId } } }),
  };
}
