// The account as a whole: its alias and what it holds.
import type { RequestContext } from '../../../kernel/context.ts';
import { accountAliasExists, accountAliasNotFound } from '../errors.ts';
import { ACCOUNT_QUOTAS } from '../limits.ts';
import type { In, Out } from '../shapes.ts';
import {
  deleteAlias,
  getAlias,
  getAliasOwner,
  listEntities,
  listInstanceProfiles,
  listPolicies,
  putAlias,
} from '../store.ts';

/** AWS: an account has one alias; a new one takes the place of the old. */
export async function createAccountAlias(
  input: In<'CreateAccountAlias'>,
  ctx: RequestContext,
): Promise<Out<'CreateAccountAlias'>> {
  const { account } = ctx;
  const alias = input.AccountAlias ?? '';
  await ctx.store.transact(async (tx) => {
    const owner = await getAliasOwner(tx, alias);
    if (owner !== undefined && owner !== account) throw accountAliasExists(alias);
    const before = await getAlias(tx, account);
    if (before !== undefined) deleteAlias(tx, account, before);
    putAlias(tx, account, alias);
  });
  return {};
}

export async function deleteAccountAlias(
  input: In<'DeleteAccountAlias'>,
  ctx: RequestContext,
): Promise<Out<'DeleteAccountAlias'>> {
  const alias = input.AccountAlias ?? '';
  await ctx.store.transact(async (tx) => {
    if ((await getAlias(tx, ctx.account)) !== alias) throw accountAliasNotFound(alias);
    deleteAlias(tx, ctx.account, alias);
  });
  return {};
}

export async function listAccountAliases(
  _input: In<'ListAccountAliases'>,
  ctx: RequestContext,
): Promise<Out<'ListAccountAliases'>> {
  const alias = await ctx.store.read((view) => getAlias(view, ctx.account));
  return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false };
}

export async function getAccountSummary(
  _input: In<'GetAccountSummary'>,
  ctx: RequestContext,
): Promise<Out<'GetAccountSummary'>> {
  const { account } = ctx;
  const counts = await ctx.store.read(async (view) => {
    const policies = await listPolicies(view, account);
    return {
      AccountAccessKeysPresent: 0,
      AccountMFAEnabled: 0,
      AccountSigningCertificatesPresent: 0,
      GlobalEndpointTokenVersion: 1,
      Groups: (await listEntities(view, 'group', account)).length,
      InstanceProfiles: (await listInstanceProfiles(view, account)).length,
      MFADevices: 0,
      MFADevicesInUse: 0,
      Policies: policies.length,
      PolicyVersionsInUse: policies.reduce((sum, policy) => sum + policy.versions.length, 0),
      Providers: 0,
      Roles: (await listEntities(view, 'role', account)).length,
      ServerCertificates: 0,
      Users: (await listEntities(view, 'user', account)).length,
    };
  });
  return { SummaryMap: { ...counts, ...ACCOUNT_QUOTAS } };
}
