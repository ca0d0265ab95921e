// AddPermission, RemovePermission, GetPolicy: the resource policy of a function, version or alias.
import { randomUuid } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { policyNotFound, staleRevision, statementExists, statementNotFound } from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { resolveFunction } from '../resolve.ts';
import { type PolicyRecord, type PolicyStatement, functionKey, policies } from '../store.ts';

export async function addPermission(
  input: InputOf<'lambda', 'AddPermission'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'AddPermission'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const statement = toStatement(input, reference);
  await context.store.transact(async (tx) => {
    await resolveFunction(tx, reference);
    const policy = await readPolicy(tx, reference);
    if (input.RevisionId !== undefined && input.RevisionId !== policy?.revisionId) throw staleRevision();
    const statements = policy?.statements ?? [];
    if (statements.some(({ Sid }) => Sid === statement.Sid)) throw statementExists(statement.Sid);
    policies.put(tx, policyKey(reference), {
      statements: [...statements, statement],
      revisionId: randomUuid(context.random),
    });
  });
  return { Statement: JSON.stringify(statement) };
}

export async function removePermission(
  input: InputOf<'lambda', 'RemovePermission'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'RemovePermission'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const sid = input.StatementId ?? '';
  await context.store.transact(async (tx) => {
    await resolveFunction(tx, reference);
    const policy = await readPolicy(tx, reference);
    if (policy === undefined) throw policyNotFound();
    if (input.RevisionId !== undefined && input.RevisionId !== policy.revisionId) throw staleRevision();
    const statements = policy.statements.filter(({ Sid }) => Sid !== sid);
    if (statements.length === policy.statements.length) throw statementNotFound(sid);
    if (statements.length === 0) policies.delete(tx, policyKey(reference));
    else policies.put(tx, policyKey(reference), { statements, revisionId: randomUuid(context.random) });
  });
  return {};
}

export async function getPolicy(
  input: InputOf<'lambda', 'GetPolicy'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetPolicy'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  return context.store.read(async (view) => {
    await resolveFunction(view, reference);
    const policy = await readPolicy(view, reference);
    if (policy === undefined) throw policyNotFound();
    const document = { Version: '2012-10-17', Id: 'default', Statement: policy.statements };
    return { Policy: JSON.stringify(document), RevisionId: policy.revisionId };
  });
}

function policyKey({ scope, name, qualifier }: FunctionReference): string[] {
  return [...functionKey(scope, name), qualifier === '$LATEST' ? '' : (qualifier ?? '')];
}

function readPolicy(view: ReadTx, reference: FunctionReference): Promise<PolicyRecord | undefined> {
  return policies.get(view, policyKey(reference));
}

function toStatement(
  input: InputOf<'lambda', 'AddPermission'>,
  { scope, name, qualifier }: FunctionReference,
): PolicyStatement {
  const condition: Record<string, Record<string, string>> = {};
  if (input.SourceAccount !== undefined) {
    condition['StringEquals'] = { 'AWS:SourceAccount': input.SourceAccount };
  }
  if (input.SourceArn !== undefined) condition['ArnLike'] = { 'AWS:SourceArn': input.SourceArn };
  const equals: Record<string, string> = { ...condition['StringEquals'] };
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

function toPrincipal(principal: string): unknown {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (principal.startsWith('arn:')) return { AWS: principal };
  return { Service: principal };
}
