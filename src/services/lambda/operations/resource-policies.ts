// PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy: a function's policy as one document.
import { randomUuid } from '../../../base/random.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, policyNotFound } from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { resolveFunction } from '../resolve.ts';
import { changeRevision, checkPolicySize, policyKey, readPolicy, toDocument } from '../resource-policy.ts';
import { type PolicyStatement, policies } from '../store.ts';
import { getPolicy } from './permissions.ts';

export async function putResourcePolicy(
  input: InputOf<'lambda', 'PutResourcePolicy'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutResourcePolicy'>> {
  const reference = readReference(input.ResourceArn, context);
  const statements = readStatements(input.Policy ?? '', reference, context);
  checkPolicySize(statements);
  const RevisionId = await context.store.transact(async (tx) => {
    await resolveFunction(tx, reference);
    const next = await changeRevision(tx, reference, { expected: input.RevisionId, context });
    policies.put(tx, policyKey(reference), { statements });
    return next;
  });
  return { Policy: JSON.stringify(toDocument(statements)), RevisionId };
}

export async function getResourcePolicy(
  input: InputOf<'lambda', 'GetResourcePolicy'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetResourcePolicy'>> {
  const { name, scope, qualifier } = readReference(input.ResourceArn, context);
  // One and the same policy, whichever way it was put.
  return getPolicy({ FunctionName: functionArn(scope, name), Qualifier: qualifier }, context);
}

export async function deleteResourcePolicy(
  input: InputOf<'lambda', 'DeleteResourcePolicy'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteResourcePolicy'>> {
  const reference = readReference(input.ResourceArn, context);
  await context.store.transact(async (tx) => {
    await resolveFunction(tx, reference);
    if ((await readPolicy(tx, reference)) === undefined) throw policyNotFound('get');
    await changeRevision(tx, reference, { expected: input.RevisionId, context });
    policies.delete(tx, policyKey(reference));
  });
  return {};
}

/** AWS: "The value must be a complete ARN, and the operation does not accept wildcard characters." */
function readReference(arn: string | undefined, context: RequestContext): FunctionReference {
  if (arn?.startsWith('arn:') !== true) throw invalidParameter(`${arn} is not the ARN of a function.`);
  const reference = parseFunctionReference(arn, undefined, context);
  if (reference.qualifier !== '$LATEST') return reference;
  throw invalidParameter('We currently do not support adding policies for $LATEST.');
}

/** Differs: the words of the refusals are not on record. */
function readStatements(
  text: string,
  { scope, name, qualifier }: FunctionReference,
  context: RequestContext,
): PolicyStatement[] {
  const resource = functionArn(scope, name, qualifier);
  const list = statementsOf(text);
  if (list.length === 0) throw invalidParameter('The policy has no statements.');
  const statements = list.map((each) => {
    if (!isStatement(each)) {
      throw invalidParameter('Every statement of the policy needs Effect, Principal, Action and Resource.');
    }
    if (each.Resource !== resource) throw invalidParameter(`The policy must be for the resource ${resource}.`);
    return { ...each, Sid: each.Sid ?? randomUuid(context.random) };
  });
  const labels = new Set(statements.map(({ Sid }) => Sid));
  if (labels.size < statements.length) throw invalidParameter('Statement ids of the policy must be unique.');
  return statements;
}

function statementsOf(text: string): readonly unknown[] {
  const document = parseJson(text);
  const statements: unknown =
    typeof document === 'object' && document !== null && 'Statement' in document ? document.Statement : [];
  return Array.isArray(statements) ? (statements as unknown[]) : [statements];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidParameter('The policy is not valid JSON.');
  }
}

type GivenStatement = Omit<PolicyStatement, 'Sid'> & { readonly Sid?: string };

function isStatement(value: unknown): value is GivenStatement {
  if (typeof value !== 'object' || value === null) return false;
  const { Sid, Effect, Principal, Action, Resource, Condition } = value as Readonly<Record<string, unknown>>;
  return (
    (Sid === undefined || typeof Sid === 'string') &&
    (Effect === 'Allow' || Effect === 'Deny') &&
    (Principal === '*' || isObject(Principal)) &&
    (typeof Action === 'string' || Array.isArray(Action)) &&
    typeof Resource === 'string' &&
    (Condition === undefined || isObject(Condition))
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
