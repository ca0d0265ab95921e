// AddPermission, RemovePermission, GetPolicy: the resource policy of a function, version or alias.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  invalidParameter,
  noPolicyFor,
  policyNotFound,
  statementExists,
  statementNotFound,
} from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { changeRevision, checkPolicySize, policyKey, readPolicy, toDocument, toPrincipal } from '../resource-policy.ts';
import { resolveFunction } from '../resolve.ts';
import {
  type PolicyStatement,
  aliases,
  functionKey,
  getFunction,
  policies,
} from '../store.ts';

export async function addPermission(
  input: InputOf<'lambda', 'AddPermission'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'AddPermission'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  if (reference.qualifier === '$LATEST') {
    throw invalidParameter('We currently do not support adding policies for $LATEST.');
  }
  const statement = toStatement(input, reference);
  await context.store.transact(async (tx) => {
    await resolveFunction(tx, reference);
    const statements = (await readPolicy(tx, reference))?.statements ?? [];
    await changeRevision(tx, reference, { expected: input.RevisionId, context });
    if (statements.some(({ Sid }) => Sid === statement.Sid)) throw statementExists(statement.Sid);
    const changed = [...statements, statement];
    checkPolicySize(changed);
    policies.put(tx, policyKey(reference), { statements: changed });
  });
  return { Statement: JSON.stringify(statement) };
}

export async function removePermission(
  input: InputOf<'lambda', 'RemovePermission'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'RemovePermission'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const { scope, name } = reference;
  const sid = input.StatementId ?? '';
  await context.store.transact(async (tx) => {
    if ((await getFunction(tx, scope, name)) === undefined) throw noPolicyFor(functionArn(scope, name));
    await resolveFunction(tx, reference);
    const policy = await readPolicy(tx, reference);
    if (policy === undefined) throw policyNotFound('remove');
    const statements = policy.statements.filter(({ Sid }) => Sid !== sid);
    if (statements.length === policy.statements.length) throw statementNotFound(sid);
    await changeRevision(tx, reference, { expected: input.RevisionId, context });
    if (statements.length === 0) policies.delete(tx, policyKey(reference));
    else policies.put(tx, policyKey(reference), { statements });
  });
  return {};
}

export async function getPolicy(
  input: InputOf<'lambda', 'GetPolicy'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetPolicy'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const { scope, name, qualifier } = reference;
  return context.store.read(async (view) => {
    const { version } = await resolveFunction(view, reference);
    const policy = await readPolicy(view, reference);
    if (policy === undefined) throw policyNotFound('get');
    const alias =
      qualifier === undefined ? undefined : await aliases.get(view, [...functionKey(scope, name), qualifier]);
    return { Policy: JSON.stringify(toDocument(policy.statements)), RevisionId: alias?.revisionId ?? version.revisionId };
  });
}

function toStatement(
  input: InputOf<'lambda', 'AddPermission'>,
  { scope, name, qualifier }: FunctionReference,
): PolicyStatement {
  const condition: Record<string, Record<string, string>> = {};
  const equals: Record<string, string> = {};
  if (input.SourceAccount !== undefined) {
    equals['AWS:SourceAccount'] = input.SourceAccount;
  }
  if (input.SourceArn !== undefined) condition['ArnLike'] = { 'AWS:SourceArn': input.SourceArn };
  if (input.PrincipalOrgID !== undefined) equals['aws:PrincipalOrgID'] = input.PrincipalOrgID;
  if (input.FunctionUrlAuthType !== undefined) {
    equals['lambda:FunctionUrlAuthType'] = input.FunctionUrlAuthType;
  }
  if (input.EventSourceToken !== undefined) equals['lambda:EventSourceToken'] = input.EventSourceToken;
  if (Object.keys(equals).length > 0) condition['StringEquals'] = equals;
  if (input.InvokedViaFunctionUrl !== undefined) {
    condition['Bool'] = { 'lambda:InvokedViaFunctionUrl': String(input.InvokedViaFunctionUrl) };
  }
  return {
    Sid: input.StatementId ?? '',
    Effect: 'Allow',
    Principal: toPrincipal(input.Principal ?? ''),
    Action: input.Action ?? '',
    Resource: functionArn(scope, name, qualifier),
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}
