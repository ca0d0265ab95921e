// Sessions: AssumeRole and GetSessionToken, with credentials that are stored and verified.
import { parseArn } from '../../../base/arn.ts';
import { ServiceError } from '../../../base/errors.ts';
import type { Principal, RequestContext } from '../../../kernel/context.ts';
import type { SessionAttributes, SessionTag } from '../../../kernel/credentials.ts';
import { issueSession, newSessionSecrets, resolveAccessKey } from '../../../kernel/credentials.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { identifyCaller } from '../../../wire/sigv4/identify-caller.ts';
import { arnOf } from '../caller.ts';
import {
  contextsNotImplemented,
  durationExceedsChain,
  durationExceedsRole,
  invalidRoleArn,
  missingToken,
  needsLongLivedCredentials,
  notAuthorized,
  wrongMfaCode,
} from '../errors.ts';
import {
  DEFAULT_ROLE_SESSION_SEC,
  DEFAULT_SESSION_TOKEN_SEC,
  MAX_CHAINED_SESSION_SEC,
  MAX_ROOT_SESSION_SEC,
} from '../limits.ts';
import { planSession } from '../session-request.ts';
import type { ConditionContext, TrustedCaller } from '../trust-policy.ts';
import { isTrusted } from '../trust-policy.ts';

type AssumeRoleInput = InputOf<'sts', 'AssumeRole'>;
type Credentials = NonNullable<OutputOf<'sts', 'AssumeRole'>['Credentials']>;

interface AssumedRole {
  readonly account: string;
  readonly arn: string;
  readonly name: string;
  readonly id: string;
  readonly trustPolicy: string;
  readonly maxSessionSec: number;
}

export async function assumeRole(
  input: AssumeRoleInput,
  ctx: RequestContext,
): Promise<OutputOf<'sts', 'AssumeRole'>> {
  const { RoleArn: roleArn = '', RoleSessionName: sessionName = '' } = input;
  if (ctx.principal.kind === 'anonymous') throw missingToken();
  if ((input.ProvidedContexts ?? []).length > 0) throw contextsNotImplemented();
  const parsed = parseArn(roleArn);
  if (parsed === undefined || parsed.resource === '') throw invalidRoleArn(roleArn);
  const plan = planSession(input, await findInheritedTags(ctx));
  const role = await findRole(roleArn, parsed.account, ctx);
  if (role === undefined || !mayAssume(role, input, ctx.principal)) {
    throw notAuthorized(arnOf(ctx.principal), roleArn);
  }
  // Nothing here makes MFA devices, so no code can be right.
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw wrongMfaCode();
  const durationSec = input.DurationSeconds ?? DEFAULT_ROLE_SESSION_SEC;
  if (durationSec > role.maxSessionSec) throw durationExceedsRole();
  if (ctx.principal.kind === 'role' && durationSec > MAX_CHAINED_SESSION_SEC)
    throw durationExceedsChain();
  const principal: Principal = {
    kind: 'role',
    account: role.account,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
    roleArn: role.arn,
    userId: `${role.id}:${sessionName}`,
  };
  const credentials = await issue(ctx, { principal, durationSec, attributes: plan.attributes });
  return {
    Credentials: credentials,
    AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
    ...(plan.packedPercent === undefined ? {} : { PackedPolicySize: plan.packedPercent }),
    ...(input.SourceIdentity === undefined ? {} : { SourceIdentity: input.SourceIdentity }),
  };
}

export async function getSessionToken(
  input: InputOf<'sts', 'GetSessionToken'>,
  ctx: RequestContext,
): Promise<OutputOf<'sts', 'GetSessionToken'>> {
  const { principal } = ctx;
  if (principal.kind === 'anonymous') throw missingToken();
  const isSession =
    principal.kind === 'role' || (await findCallerKey(ctx))?.sessionToken !== undefined;
  if (isSession) throw needsLongLivedCredentials();
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw wrongMfaCode();
  const wantedSec = input.DurationSeconds ?? DEFAULT_SESSION_TOKEN_SEC;
  // AWS: sessions of the root last one hour at most, whatever was asked for.
  const durationSec =
    principal.kind === 'root' ? Math.min(wantedSec, MAX_ROOT_SESSION_SEC) : wantedSec;
  return { Credentials: await issue(ctx, { principal, durationSec }) };
}

interface Issue {
  readonly principal: Principal;
  readonly durationSec: number;
  readonly attributes?: SessionAttributes;
}

async function issue(
  ctx: RequestContext,
  { principal, durationSec, attributes }: Issue,
): Promise<Credentials> {
  const { nowMs } = ctx;
  // AWS: times are whole seconds.
  const expiresAtMs = Math.floor(nowMs / 1000) * 1000 + durationSec * 1000;
  const secrets = newSessionSecrets(ctx.random, principal.account);
  const request = {
    principal,
    expiresAtMs,
    nowMs,
    secrets,
    ...(attributes === undefined ? {} : { attributes }),
  };
  await ctx.store.transact((tx) => issueSession(tx, request));
  return {
    AccessKeyId: secrets.accessKeyId,
    SecretAccessKey: secrets.secretAccessKey,
    SessionToken: secrets.sessionToken,
    Expiration: new Date(expiresAtMs),
  };
}

/** The stored credential that signed this request, if it came over HTTP with one of ours. */
async function findCallerKey(ctx: RequestContext): ReturnType<typeof resolveAccessKey> {
  const id = ctx.http === undefined ? undefined : identifyCaller(ctx.http).accessKeyId;
  return id === undefined ? undefined : ctx.store.read((view) => resolveAccessKey(view, id));
}

async function findInheritedTags(ctx: RequestContext): Promise<readonly SessionTag[]> {
  if (ctx.principal.kind !== 'role') return [];
  return ((await findCallerKey(ctx))?.session?.tags ?? []).filter((tag) => tag.transitive);
}

/** Through IAM's front door, as STS itself. AWS: a role that is not there looks like one that refuses. */
async function findRole(
  roleArn: string,
  account: string,
  ctx: RequestContext,
): Promise<AssumedRole | undefined> {
  const RoleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  if (!/^\d{12}$/.test(account) || !/^[\w+=,.@-]{1,64}$/.test(RoleName)) return undefined;
  const as: Principal = { kind: 'service', service: 'sts.amazonaws.com', account };
  try {
    const { Role } = await ctx.call('iam', 'GetRole', { RoleName }, { as, account });
    if (Role === undefined || Role.Arn !== roleArn) return undefined;
    return {
      account,
      arn: roleArn,
      name: Role.RoleName ?? RoleName,
      id: Role.RoleId ?? '',
      trustPolicy: decodeURIComponent(Role.AssumeRolePolicyDocument ?? ''),
      maxSessionSec: Role.MaxSessionDuration ?? DEFAULT_ROLE_SESSION_SEC,
    };
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'NoSuchEntity') return undefined;
    throw error;
  }
}

function mayAssume(role: AssumedRole, input: AssumeRoleInput, principal: Principal): boolean {
  // Differs: on AWS the root may assume no role. Here it is who a developer is before any user exists.
  if (principal.kind === 'root' && principal.account === role.account) return true;
  const question = {
    action: 'sts:AssumeRole',
    caller: describeCaller(principal),
    context: conditionsOf(input, principal),
  };
  return isTrusted(role.trustPolicy, question);
}

function describeCaller(principal: Principal): TrustedCaller {
  const { account } = principal;
  switch (principal.kind) {
    case 'user':
      return { account, arn: principal.arn };
    case 'role':
      return { account, arn: principal.arn, roleArn: principal.roleArn };
    case 'service':
      return { account, service: principal.service };
    case 'root':
    case 'anonymous':
      return { account };
    default:
      return principal satisfies never;
  }
}

function conditionsOf(input: AssumeRoleInput, principal: Principal): ConditionContext {
  const tags = input.Tags ?? [];
  const values: Record<string, string | readonly string[] | undefined> = {
    'aws:principalaccount': principal.kind === 'service' ? undefined : principal.account,
    'aws:principalarn':
      principal.kind === 'role'
        ? principal.roleArn
        : principal.kind === 'service'
          ? undefined
          : arnOf(principal),
    'aws:principalisawsservice': String(principal.kind === 'service'),
    'aws:sourceaccount': principal.kind === 'service' ? principal.account : undefined,
    'aws:sourcearn': principal.kind === 'service' ? principal.sourceArn : undefined,
    'aws:tagkeys': tags.length === 0 ? undefined : tags.map((tag) => tag.Key ?? ''),
    'sts:externalid': input.ExternalId,
    'sts:rolesessionname': input.RoleSessionName,
    'sts:sourceidentity': input.SourceIdentity,
    'sts:transitivetagkeys': input.TransitiveTagKeys,
  };
  for (const { Key = '', Value = '' } of tags)
    values[`aws:requesttag/${Key.toLowerCase()}`] = Value;
  const context = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) context.set(key, typeof value === 'string' ? [value] : value);
  }
  return context;
}
