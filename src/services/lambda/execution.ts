// Runs a function version: definition for the engine, credentials of its role, concurrency limits.
import { randomUuid } from '../../base/random.ts';
import {
  type FunctionDefinition,
  type FunctionResult,
  FunctionUnavailable,
} from '../../base/function-runner.ts';
import { type SessionSecrets, issueSession, newSessionSecrets } from '../../kernel/credentials.ts';
import { type Scope, type WorkContext, localSlot } from '../../kernel/context.ts';
import { runnerRefused, throttled } from './errors.ts';
import { functionArn } from './function-reference.ts';
import { CONCURRENT_EXECUTIONS } from './limits.ts';
import { logGroupOf } from './present.ts';
import type { ResolvedFunction } from './resolve.ts';
import type { FunctionVersion, StoredCode } from './store.ts';

/** Environments are replaced before their credentials expire. */
const CREDENTIALS_PERIOD_MS = 6 * 3_600_000;

/** What runs now, and which credentials functions were given; both may be forgotten on restart. */
const executions = localSlot(() => ({
  runningByFunction: new Map<string, number>(),
  runningByAccount: new Map<string, number>(),
  credentials: new Map<string, Promise<SessionSecrets>>(),
}));

export interface Execution {
  readonly requestId: string;
  readonly payload: Uint8Array;
  /** ARN as the caller named it. */
  readonly invokedArn: string;
  readonly clientContext?: string;
  readonly traceId?: string;
}

/** Runs one invocation. Throws TooManyRequestsException at the limits of concurrency. */
export async function execute(
  resolved: ResolvedFunction,
  execution: Execution,
  context: WorkContext,
): Promise<FunctionResult> {
  const release = occupy(resolved, context);
  try {
    const definition = await defineExecution(resolved, context);
    return await context.ports.functions.invoke(definition, execution);
  } catch (error) {
    if (error instanceof FunctionUnavailable) throw runnerRefused(error.reason, error.message);
    throw error;
  } finally {
    release();
  }
}

function occupy({ scope, version, record }: ResolvedFunction, context: WorkContext): () => void {
  const { runningByAccount, runningByFunction } = context.local(executions);
  const accountKey = `${scope.account}/${scope.region}`;
  const functionKey = `${accountKey}/${version.name}`;
  const ofFunction = runningByFunction.get(functionKey) ?? 0;
  const ofAccount = runningByAccount.get(accountKey) ?? 0;
  if (record.reservedConcurrency !== undefined && ofFunction >= record.reservedConcurrency) {
    throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
  }
  if (ofAccount >= CONCURRENT_EXECUTIONS) throw throttled('ConcurrentInvocationLimitExceeded');
  runningByFunction.set(functionKey, ofFunction + 1);
  runningByAccount.set(accountKey, ofAccount + 1);
  return () => {
    decrement(runningByFunction, functionKey);
    decrement(runningByAccount, accountKey);
  };
}

function decrement(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}

async function defineExecution(
  { scope, version }: ResolvedFunction,
  context: WorkContext,
): Promise<FunctionDefinition> {
  const period = credentialsPeriod(context);
  const credentials = await credentialsOf({ scope, role: version.role, name: version.name, period }, context);
  const readCode = (code: StoredCode): FunctionDefinition['code'] => ({
    sha256: code.sha256,
    read: () => context.blobs.get(code.blobId),
  });
  return {
    key: environmentKey(scope, version, period),
    arn: functionArn(scope, version.name),
    name: version.name,
    version: version.version,
    account: scope.account,
    region: scope.region,
    runtime: version.runtime,
    handler: version.handler,
    code: readCode(version.code),
    layers: version.layers.map((layer) => readCode(layer.code)),
    environment: {
      ...version.environment,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
      // The SDKs inside reach this cloud by the variable that AWS defined for it.
      AWS_ENDPOINT_URL: version.environment?.['AWS_ENDPOINT_URL'] ?? context.endpoint,
    },
    memoryMb: version.memoryMb,
    timeoutMs: version.timeoutSec * 1_000,
    ephemeralStorageMb: version.ephemeralStorageMb,
    architecture: version.architecture,
    logGroup: logGroupOf(version),
  };
}

/** Environments of a version that was replaced or deleted end with their current invocation. */
export async function retireVersion(
  scope: Scope,
  version: FunctionVersion,
  context: WorkContext,
): Promise<void> {
  const period = credentialsPeriod(context);
  for (const key of [period, period - 1]) {
    await context.ports.functions.retire(environmentKey(scope, version, key));
  }
}

function environmentKey(scope: Scope, version: FunctionVersion, period: number): string {
  return `${functionArn(scope, version.name, version.version)}/${version.buildId}/${period}`;
}

function credentialsPeriod(context: WorkContext): number {
  return Math.floor(context.clock.now() / CREDENTIALS_PERIOD_MS);
}

interface CredentialRequest {
  readonly scope: Scope;
  readonly role: string;
  readonly name: string;
  readonly period: number;
}

/** One session per function and period, shared by its environments. */
function credentialsOf(request: CredentialRequest, context: WorkContext): Promise<SessionSecrets> {
  const { credentials } = context.local(executions);
  const { scope, role, name, period } = request;
  const key = `${scope.account}/${scope.region}/${name}/${role}/${period}`;
  const known = credentials.get(key);
  if (known !== undefined) return known;
  const issued = issueRoleSession(request, context);
  credentials.set(key, issued);
  // A failed attempt is not remembered.
  issued.catch(() => credentials.delete(key));
  return issued;
}

async function issueRoleSession(
  { scope, role, name, period }: CredentialRequest,
  context: WorkContext,
): Promise<SessionSecrets> {
  const roleName = role.split('/').at(-1) ?? role;
  const secrets = newSessionSecrets(context.random, scope.account);
  await context.store.transact((tx) =>
    issueSession(tx, {
      secrets,
      nowMs: context.clock.now(),
      principal: {
        kind: 'role',
        account: scope.account,
        arn: `arn:aws:sts::${scope.account}:assumed-role/${roleName}/${name}`,
        roleArn: role,
        userId: `AROA${roleName.toUpperCase().slice(0, 17)}:${name}`,
      },
      expiresAtMs: (period + 2) * CREDENTIALS_PERIOD_MS,
    }),
  );
  return secrets;
}

/** A request id for an invocation that no HTTP request carries. */
export function newInvocationId(context: WorkContext): string {
  return randomUuid(context.random);
}
