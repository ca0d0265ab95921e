// From a stored version to what the engine runs: code, settings, and credentials of the role.
import type { FunctionDefinition } from '../../base/function-runner.ts';
import { type SessionSecrets, issueSession, newSessionSecrets } from '../../kernel/credentials.ts';
import { type Scope, type WorkContext, localSlot } from '../../kernel/context.ts';
import { accountUse } from './invocation/account-use.ts';
import type { AccountUse } from './invocation/admission.ts';
import type { FunctionMetrics } from './function-metrics.ts';
import { functionArn } from './function-reference.ts';
import { logGroupOf } from './present.ts';
import type { FunctionVersion, StoredCode } from './store.ts';
import { lineageHash } from './invocation/trace.ts';

/** Environments are replaced before their credentials expire. */
const CREDENTIALS_PERIOD_MS = 6 * 3_600_000;

/** Sessions remembered at a time. */
const CREDENTIALS_MAX = 10_000;

/** What the engine is told of a version, with what every invocation of it needs. */
export interface DefinedFunction {
  readonly definition: FunctionDefinition;
  readonly lineageHash: string;
  readonly use: AccountUse;
  /** By qualifier; empty for the function itself. */
  readonly metrics: Map<string, FunctionMetrics>;
  /** Counts up when credentials are replaced. */
  readonly period: number;
}

/** Definitions in use, and the credentials in them; both may be forgotten on restart. */
const defined = localSlot(() => ({
  /** By the stored version itself, which is the same object as long as it does not change. */
  functions: new WeakMap<FunctionVersion, DefinedFunction>(),
  credentials: new Map<string, Promise<SessionSecrets>>(),
}));

/** The definition of a version; made once in a period of credentials. */
export function defineFunction(
  scope: Scope,
  version: FunctionVersion,
  context: WorkContext,
): DefinedFunction | Promise<DefinedFunction> {
  const period = credentialsPeriod(context.clock.now());
  const known = context.local(defined).functions.get(version);
  if (known !== undefined && known.period === period && known.definition.account === scope.account) {
    return known;
  }
  return makeDefinition(scope, version, { context, period });
}

async function makeDefinition(
  scope: Scope,
  version: FunctionVersion,
  { context, period }: { readonly context: WorkContext; readonly period: number },
): Promise<DefinedFunction> {
  const credentials = await credentialsOf({ scope, role: version.role, name: version.name, period }, context);
  const { blobs } = context;
  const readCode = (code: StoredCode): FunctionDefinition['code'] => ({
    sha256: code.sha256,
    read: () => blobs.get(code.blobId),
  });
  const arn = functionArn(scope, version.name);
  const definition: FunctionDefinition = {
    key: environmentKey(scope, version, period),
    arn,
    name: version.name,
    version: version.version,
    account: scope.account,
    region: scope.region,
    runtime: version.runtime,
    handler: version.handler,
    code: readCode(version.code),
    ...(version.image === undefined ? {} : { image: version.image }),
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
    ...(version.logging === undefined ? {} : { logging: version.logging }),
    // AWS: `$LATEST` is never restored from a snapshot.
    ...(version.snapStart === true && version.version !== '$LATEST' ? { snapStart: true } : {}),
  };
  const made: DefinedFunction = {
    definition,
    lineageHash: lineageHash(arn),
    use: accountUse(scope, context),
    metrics: new Map(),
    period,
  };
  context.local(defined).functions.set(version, made);
  return made;
}

/** When the credentials of definitions made now are replaced, epoch ms. */
export function nextCredentialsMs(nowMs: number): number {
  return (credentialsPeriod(nowMs) + 1) * CREDENTIALS_PERIOD_MS;
}

/** Environments of a version that was replaced or deleted end with their current invocation. */
export async function retireVersion(
  scope: Scope,
  version: FunctionVersion,
  context: WorkContext,
): Promise<void> {
  const period = credentialsPeriod(context.clock.now());
  for (const key of [period, period - 1]) {
    await context.ports.functions.retire(environmentKey(scope, version, key));
  }
}

function environmentKey(scope: Scope, version: FunctionVersion, period: number): string {
  return `${functionArn(scope, version.name, version.version)}/${version.buildId}/${period}`;
}

function credentialsPeriod(nowMs: number): number {
  return Math.floor(nowMs / CREDENTIALS_PERIOD_MS);
}

interface CredentialRequest {
  readonly scope: Scope;
  readonly role: string;
  readonly name: string;
  readonly period: number;
}

/** One session per function and period, shared by its environments. */
function credentialsOf(request: CredentialRequest, context: WorkContext): Promise<SessionSecrets> {
  const { credentials } = context.local(defined);
  const { scope, role, name, period } = request;
  const key = `${scope.account}/${scope.region}/${name}/${role}/${period}`;
  const known = credentials.get(key);
  if (known !== undefined) return known;
  // Those of earlier periods are not asked for any more, and the others are issued anew.
  if (credentials.size >= CREDENTIALS_MAX) credentials.clear();
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
