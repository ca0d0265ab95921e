// Managed policies and their versions.
import type { ReadTx } from '../../../base/store.ts';
import { newUniqueId } from '../../../kernel/access-key-id.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import {
  defaultVersionStays,
  documentNotShipped,
  managedByAws,
  policyExists,
  policyHasVersions,
  policyIsAttached,
  policyVersionNotFound,
  tooManyVersions,
} from '../errors.ts';
import { MAX_POLICY_VERSIONS } from '../limits.ts';
import type { ManagedPolicy, PolicyVersion } from '../managed-policy.ts';
import {
  addVersion,
  isAwsManaged,
  listAwsPolicies,
  loadAwsDocument,
  policyArn,
} from '../managed-policy.ts';
import { cutPage, sortBy } from '../paging.ts';
import { readTags, requireManagedDocument, requirePolicy } from '../rules.ts';
import type { In, Out } from '../shapes.ts';
import { encodeDocument, policyShape, policySummary } from '../shapes.ts';
import type { PolicyUse } from '../store.ts';
import {
  countPolicyUses,
  deletePolicy as deletePolicyRow,
  getPolicy as getPolicyRow,
  listAttachments,
  listPolicies as listPolicyRows,
  putPolicy,
} from '../store.ts';

export async function createPolicy(
  input: In<'CreatePolicy'>,
  ctx: RequestContext,
): Promise<Out<'CreatePolicy'>> {
  const { PolicyName: name = '', PolicyDocument: document = '', Path: path = '/' } = input;
  const { account, nowMs } = ctx;
  requireManagedDocument(document);
  const policy: ManagedPolicy = {
    name,
    path,
    id: newUniqueId(ctx.random, 'ANPA', account),
    arn: policyArn(account, path, name),
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    defaultVersionId: 'v1',
    versions: [{ id: 'v1', document, createdAtMs: nowMs }],
    nextVersion: 2,
    tags: readTags(input.Tags),
    ...(input.Description === undefined ? {} : { description: input.Description }),
  };
  await ctx.store.transact(async (tx) => {
    if ((await getPolicyRow(tx, account, name)) !== undefined) throw policyExists(name);
    putPolicy(tx, account, policy);
  });
  // AWS: the description is not part of this answer.
  const { Description: _, ...shape } = policyShape(policy, { attachments: 0, boundaries: 0 });
  return { Policy: shape };
}

export async function getPolicy(
  input: In<'GetPolicy'>,
  ctx: RequestContext,
): Promise<Out<'GetPolicy'>> {
  const arn = input.PolicyArn ?? '';
  return ctx.store.read(async (view) => {
    const policy = await requirePolicy(view, ctx.account, arn);
    return { Policy: policyShape(policy, await countUse(view, ctx.account, arn)) };
  });
}

async function countUse(view: ReadTx, account: string, arn: string): Promise<PolicyUse> {
  const attached = await listAttachments(view, { account, policyArn: arn, use: 'policy' });
  const bounded = await listAttachments(view, { account, policyArn: arn, use: 'boundary' });
  return { attachments: attached.length, boundaries: bounded.length };
}

export async function listPolicies(
  input: In<'ListPolicies'>,
  ctx: RequestContext,
): Promise<Out<'ListPolicies'>> {
  const { Scope: scope = 'All', PathPrefix: prefix = '/' } = input;
  const { account } = ctx;
  const ofAws = scope === 'Local' ? [] : await listAwsPolicies();
  return ctx.store.read(async (view) => {
    const own = scope === 'AWS' ? [] : await listPolicyRows(view, account);
    const candidates = sortBy([...own, ...ofAws], (policy) => policy.arn).filter((policy) =>
      policy.path.startsWith(prefix),
    );
    const uses = await countPolicyUses(view, account);
    const useOf = ({ arn }: ManagedPolicy): PolicyUse => uses.get(arn) ?? UNUSED;
    const wanted = candidates.filter((policy) => isWanted(useOf(policy), input));
    const { items, more } = cutPage(wanted, input, (policy) => policy.arn);
    return { Policies: items.map((policy) => policySummary(policy, useOf(policy))), ...more };
  });
}

const UNUSED: PolicyUse = { attachments: 0, boundaries: 0 };

function isWanted(use: PolicyUse, filter: In<'ListPolicies'>): boolean {
  const { OnlyAttached: onlyAttached = false, PolicyUsageFilter: usage } = filter;
  if (usage === 'PermissionsBoundary') return use.boundaries > 0;
  if (usage === 'PermissionsPolicy') return use.attachments > 0;
  return !onlyAttached || use.attachments > 0;
}

export async function deletePolicy(
  input: In<'DeletePolicy'>,
  ctx: RequestContext,
): Promise<Out<'DeletePolicy'>> {
  const { account } = ctx;
  const arn = input.PolicyArn ?? '';
  await ctx.store.transact(async (tx) => {
    const policy = await requireOwnPolicy(tx, account, arn);
    const use = await countUse(tx, account, arn);
    if (use.attachments + use.boundaries > 0) throw policyIsAttached();
    if (policy.versions.length > 1) throw policyHasVersions();
    deletePolicyRow(tx, account, policy.name);
  });
  return {};
}

async function requireOwnPolicy(
  view: ReadTx,
  account: string,
  arn: string,
): Promise<ManagedPolicy> {
  const policy = await requirePolicy(view, account, arn);
  if (isAwsManaged(arn)) throw managedByAws(arn);
  return policy;
}

export async function createPolicyVersion(
  input: In<'CreatePolicyVersion'>,
  ctx: RequestContext,
): Promise<Out<'CreatePolicyVersion'>> {
  const {
    PolicyArn: arn = '',
    PolicyDocument: document = '',
    SetAsDefault: setAsDefault = false,
  } = input;
  requireManagedDocument(document);
  return ctx.store.transact(async (tx) => {
    const before = await requireOwnPolicy(tx, ctx.account, arn);
    if (before.versions.length >= MAX_POLICY_VERSIONS) throw tooManyVersions();
    const { policy, version } = addVersion(before, { document, setAsDefault, nowMs: ctx.nowMs });
    putPolicy(tx, ctx.account, policy);
    return { PolicyVersion: versionShape(policy, version) };
  });
}

export async function setDefaultPolicyVersion(
  input: In<'SetDefaultPolicyVersion'>,
  ctx: RequestContext,
): Promise<Out<'SetDefaultPolicyVersion'>> {
  await ctx.store.transact(async (tx) => {
    const policy = await requireOwnPolicy(tx, ctx.account, input.PolicyArn ?? '');
    const version = requireVersion(policy, input.VersionId ?? '');
    putPolicy(tx, ctx.account, { ...policy, defaultVersionId: version.id, updatedAtMs: ctx.nowMs });
  });
  return {};
}

export async function getPolicyVersion(
  input: In<'GetPolicyVersion'>,
  ctx: RequestContext,
): Promise<Out<'GetPolicyVersion'>> {
  const arn = input.PolicyArn ?? '';
  const policy = await ctx.store.read((view) => requirePolicy(view, ctx.account, arn));
  const version = requireVersion(policy, input.VersionId ?? '');
  const document = isAwsManaged(arn) ? await loadAwsDocument(policy.name) : version.document;
  if (document === undefined) throw documentNotShipped(arn);
  return {
    PolicyVersion: { Document: encodeDocument(document), ...versionShape(policy, version) },
  };
}

export async function listPolicyVersions(
  input: In<'ListPolicyVersions'>,
  ctx: RequestContext,
): Promise<Out<'ListPolicyVersions'>> {
  const policy = await ctx.store.read((view) =>
    requirePolicy(view, ctx.account, input.PolicyArn ?? ''),
  );
  // AWS: newest first. Paged by age, so that a page's marker stays right when versions come and go.
  const ageOf = (version: PolicyVersion): string =>
    String(1e9 - Number(version.id.slice(1))).padStart(10, '0');
  const { items, more } = cutPage(sortBy(versionsOf(policy), ageOf), input, ageOf);
  return { Versions: items.map((version) => versionShape(policy, version)), ...more };
}

export async function deletePolicyVersion(
  input: In<'DeletePolicyVersion'>,
  ctx: RequestContext,
): Promise<Out<'DeletePolicyVersion'>> {
  await ctx.store.transact(async (tx) => {
    const policy = await requireOwnPolicy(tx, ctx.account, input.PolicyArn ?? '');
    const version = requireVersion(policy, input.VersionId ?? '');
    if (version.id === policy.defaultVersionId) throw defaultVersionStays();
    const versions = policy.versions.filter((each) => each.id !== version.id);
    putPolicy(tx, ctx.account, { ...policy, versions, updatedAtMs: ctx.nowMs });
  });
  return {};
}

/** Of AWS's policies only the default version is known. */
function versionsOf(policy: ManagedPolicy): readonly PolicyVersion[] {
  if (!isAwsManaged(policy.arn)) return policy.versions;
  return [{ id: policy.defaultVersionId, document: '', createdAtMs: policy.updatedAtMs }];
}

function requireVersion(policy: ManagedPolicy, id: string): PolicyVersion {
  const version = versionsOf(policy).find((each) => each.id === id);
  if (version === undefined) throw policyVersionNotFound(policy.arn, id);
  return version;
}

function versionShape(
  policy: ManagedPolicy,
  version: PolicyVersion,
): { VersionId: string; IsDefaultVersion: boolean; CreateDate: Date } {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersionId,
    CreateDate: new Date(version.createdAtMs),
  };
}
