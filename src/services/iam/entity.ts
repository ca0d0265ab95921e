// Roles, users and groups: what they are, and the policies they carry. Pure.

export type EntityKind = 'role' | 'user' | 'group';

/** A policy inside an entity. */
export interface InlinePolicy {
  readonly name: string;
  /** JSON as given. */
  readonly document: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface Entity {
  readonly name: string;
  /** Begins and ends with `/`. */
  readonly path: string;
  /** `AROA…`, `AIDA…`, `AGPA…` */
  readonly id: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly inlinePolicies: readonly InlinePolicy[];
  /** ARNs of managed policies, in the order they were attached. */
  readonly attachedPolicies: readonly string[];
  readonly tags: readonly Tag[];
  /** ARN of the managed policy that bounds the entity's permissions. */
  readonly boundaryArn?: string;
}

export interface Role extends Entity {
  /** JSON: who may assume the role. */
  readonly trustPolicy: string;
  readonly description?: string;
  readonly maxSessionSec: number;
  /** The service of a service-linked role, e.g. `ecs.amazonaws.com`. */
  readonly linkedService?: string;
}

export interface AccessKey {
  readonly id: string;
  readonly active: boolean;
  readonly createdAtMs: number;
}

export interface User extends Entity {
  readonly accessKeys: readonly AccessKey[];
  /** Names of groups. */
  readonly groups: readonly string[];
}

export interface Group extends Entity {
  /** Names of users. */
  readonly members: readonly string[];
}

export interface EntityTypes {
  role: Role;
  user: User;
  group: Group;
}

export function entityArn(account: string, kind: EntityKind, path: string, name: string): string {
  return `arn:aws:iam::${account}:${kind}${path}${name}`;
}

/** AWS: "names are not distinguished by case" (IAM quotas, name requirements). */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

export function sameName(a: string, b: string): boolean {
  return nameKey(a) === nameKey(b);
}

/** The policies with this one added, or in place of its namesake; sorted by name. */
export function withInlinePolicy(
  policies: readonly InlinePolicy[],
  added: InlinePolicy,
): InlinePolicy[] {
  return [...withoutInlinePolicy(policies, added.name), added].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

export function withoutInlinePolicy(
  policies: readonly InlinePolicy[],
  name: string,
): InlinePolicy[] {
  return policies.filter((policy) => !sameName(policy.name, name));
}

/** Characters that count towards the quota: white space does not. */
export function countPolicyCharacters(documents: readonly string[]): number {
  return documents.reduce((sum, document) => sum + document.replaceAll(/\s/g, '').length, 0);
}

/** Later values replace earlier ones; keys are compared without regard to case. */
export function mergeTags(existing: readonly Tag[], added: readonly Tag[]): Tag[] {
  const keys = new Set(added.map((tag) => nameKey(tag.key)));
  return [...existing.filter((tag) => !keys.has(nameKey(tag.key))), ...added];
}

export function removeTags(existing: readonly Tag[], keys: readonly string[]): Tag[] {
  const removed = new Set(keys.map(nameKey));
  return existing.filter((tag) => !removed.has(nameKey(tag.key)));
}
