// What IAM checks beyond its model: documents, tags, quotas, existence, in AWS's order and words.
import { parseArn } from '../../base/arn.ts';
import type { ReadTx } from '../../base/store.ts';
import type { EntityKind, EntityTypes, InlinePolicy, Role, Tag } from './entity.ts';
import { countPolicyCharacters, mergeTags, nameKey } from './entity.ts';
import {
  boundaryNotFound,
  duplicateTagKeys,
  entityNotFound,
  inlinePoliciesTooLarge,
  instanceProfileNotFound,
  invalidArn,
  malformedPolicy,
  needsUserName,
  policyNotAttachable,
  policyNotFound,
  protectedRole,
  quotaExceeded,
  reservedTagKey,
  tooManyTags,
} from './errors.ts';
import {
  MAX_INLINE_POLICY_CHARACTERS,
  MAX_MANAGED_POLICY_CHARACTERS,
  MAX_TAGS,
  MAX_TRUST_POLICY_CHARACTERS,
} from './limits.ts';
import type { ManagedPolicy } from './managed-policy.ts';
import { findAwsPolicy, isAwsManaged } from './managed-policy.ts';
import { checkIdentityPolicy, checkTrustPolicy } from './policy-document.ts';
import type { InstanceProfile } from './store.ts';
import { getEntity, getInstanceProfile, getPolicy } from './store.ts';

export interface Named {
  readonly account: string;
  readonly name: string;
}

export async function requireEntity<K extends EntityKind>(
  view: ReadTx,
  kind: K,
  named: Named,
): Promise<EntityTypes[K]> {
  const entity = await getEntity(view, kind, named);
  if (entity === undefined) throw entityNotFound(kind, named.name);
  return entity;
}

/** A role that its owner may change: not one that belongs to a service. */
export async function requireOwnRole(view: ReadTx, named: Named): Promise<Role> {
  const role = await requireEntity(view, 'role', named);
  if (role.linkedService !== undefined) throw protectedRole(role.name);
  return role;
}

export async function requireInstanceProfile(
  view: ReadTx,
  { account, name }: Named,
): Promise<InstanceProfile> {
  const profile = await getInstanceProfile(view, account, name);
  if (profile === undefined) throw instanceProfileNotFound(name);
  return profile;
}

/** A managed policy by ARN, the account's own or AWS's. */
async function findPolicy(
  view: ReadTx,
  account: string,
  arn: string,
): Promise<ManagedPolicy | undefined> {
  if (isAwsManaged(arn)) return findAwsPolicy(arn);
  const name = policyNameOf(arn, account);
  const policy = name === undefined ? undefined : await getPolicy(view, account, name);
  return policy?.arn === arn ? policy : undefined;
}

export async function requirePolicy(
  view: ReadTx,
  account: string,
  arn: string,
): Promise<ManagedPolicy> {
  if (!isPolicyArn(arn)) throw invalidArn(arn);
  const policy = await findPolicy(view, account, arn);
  if (policy === undefined) throw policyNotFound(arn);
  return policy;
}

export async function requireAttachable(view: ReadTx, account: string, arn: string): Promise<void> {
  if (!isPolicyArn(arn)) throw invalidArn(arn);
  if ((await findPolicy(view, account, arn)) === undefined) throw policyNotAttachable(arn);
}

export async function requireBoundary(view: ReadTx, account: string, arn: string): Promise<void> {
  if (!isPolicyArn(arn)) throw invalidArn(arn);
  if ((await findPolicy(view, account, arn)) === undefined) throw boundaryNotFound(arn);
}

function isPolicyArn(arn: string): boolean {
  const parts = parseArn(arn);
  return (
    parts?.service === 'iam' &&
    parts.region === '' &&
    /^policy\/(?:.*\/)?[\w+=,.@-]+$/.test(parts.resource)
  );
}

/** The name in the ARN of a policy of this account. */
function policyNameOf(arn: string, account: string): string | undefined {
  const parts = parseArn(arn);
  if (parts === undefined || parts.account !== account || !parts.resource.startsWith('policy/'))
    return undefined;
  return parts.resource.slice(parts.resource.lastIndexOf('/') + 1);
}

export function requireIdentityPolicy(document: string): void {
  const problem = checkIdentityPolicy(document);
  if (problem !== undefined) throw malformedPolicy(problem);
}

export function requireManagedDocument(document: string): void {
  requireIdentityPolicy(document);
  if (countPolicyCharacters([document]) > MAX_MANAGED_POLICY_CHARACTERS) {
    throw quotaExceeded('PolicySize', MAX_MANAGED_POLICY_CHARACTERS);
  }
}

export function requireTrustPolicy(document: string): void {
  const problem = checkTrustPolicy(document);
  if (problem !== undefined) throw malformedPolicy(problem);
  if (countPolicyCharacters([document]) > MAX_TRUST_POLICY_CHARACTERS) {
    throw quotaExceeded('ACLSizePerRole', MAX_TRUST_POLICY_CHARACTERS);
  }
}

export function requireInlineRoom(
  kind: EntityKind,
  name: string,
  policies: readonly InlinePolicy[],
): void {
  const limit = MAX_INLINE_POLICY_CHARACTERS[kind];
  const size = countPolicyCharacters(policies.map((policy) => policy.document));
  if (size > limit) throw inlinePoliciesTooLarge(kind, name, limit);
}

/** @param input tags as the wire has them */
export function readTags(
  input:
    | readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]
    | undefined,
): Tag[] {
  const tags = (input ?? []).map(({ Key: key = '', Value: value = '' }) => ({ key, value }));
  if (tags.some((tag) => nameKey(tag.key).startsWith('aws:'))) throw reservedTagKey();
  if (new Set(tags.map((tag) => nameKey(tag.key))).size < tags.length) throw duplicateTagKeys();
  return tags;
}

/** The tags together, within the quota. */
export function addTags(existing: readonly Tag[], added: readonly Tag[]): Tag[] {
  const tags = mergeTags(existing, added);
  if (tags.length > MAX_TAGS) throw tooManyTags();
  return tags;
}

/** The user an operation is about: the one it names, or the caller. */
export function userNameOf(
  named: string | undefined,
  principal: { readonly kind: string; readonly arn?: string },
): string {
  if (named !== undefined) return named;
  if (principal.kind !== 'user' || principal.arn === undefined) throw needsUserName();
  return principal.arn.slice(principal.arn.lastIndexOf('/') + 1);
}
