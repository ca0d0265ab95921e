// Things an account may hold that nothing here creates yet: there are none, and that is the whole answer.
import type { RequestContext } from '../../../kernel/context.ts';
import { loginProfileNotFound, passwordPolicyNotFound } from '../errors.ts';
import { requireEntity, userNameOf } from '../rules.ts';
import type { In, Out } from '../shapes.ts';

async function requireUser(name: string | undefined, ctx: RequestContext): Promise<string> {
  const userName = userNameOf(name, ctx.principal);
  const user = await ctx.store.read((view) =>
    requireEntity(view, 'user', { account: ctx.account, name: userName }),
  );
  return user.name;
}

export async function listMfaDevices(
  input: In<'ListMFADevices'>,
  ctx: RequestContext,
): Promise<Out<'ListMFADevices'>> {
  if (input.UserName !== undefined || ctx.principal.kind === 'user')
    await requireUser(input.UserName, ctx);
  return { MFADevices: [], IsTruncated: false };
}

export async function listVirtualMfaDevices(): Promise<Out<'ListVirtualMFADevices'>> {
  return { VirtualMFADevices: [], IsTruncated: false };
}

export async function listSshPublicKeys(
  input: In<'ListSSHPublicKeys'>,
  ctx: RequestContext,
): Promise<Out<'ListSSHPublicKeys'>> {
  await requireUser(input.UserName, ctx);
  return { SSHPublicKeys: [], IsTruncated: false };
}

export async function listSigningCertificates(
  input: In<'ListSigningCertificates'>,
  ctx: RequestContext,
): Promise<Out<'ListSigningCertificates'>> {
  await requireUser(input.UserName, ctx);
  return { Certificates: [], IsTruncated: false };
}

export async function listServiceSpecificCredentials(
  input: In<'ListServiceSpecificCredentials'>,
  ctx: RequestContext,
): Promise<Out<'ListServiceSpecificCredentials'>> {
  if (input.AllUsers !== true) await requireUser(input.UserName, ctx);
  return { ServiceSpecificCredentials: [], IsTruncated: false };
}

export async function listServerCertificates(): Promise<Out<'ListServerCertificates'>> {
  return { ServerCertificateMetadataList: [], IsTruncated: false };
}

export async function listOpenIdConnectProviders(): Promise<Out<'ListOpenIDConnectProviders'>> {
  return { OpenIDConnectProviderList: [] };
}

export async function listSamlProviders(): Promise<Out<'ListSAMLProviders'>> {
  return { SAMLProviderList: [] };
}

export async function getLoginProfile(
  input: In<'GetLoginProfile'>,
  ctx: RequestContext,
): Promise<Out<'GetLoginProfile'>> {
  throw loginProfileNotFound(await requireUser(input.UserName, ctx));
}

export async function deleteLoginProfile(
  input: In<'DeleteLoginProfile'>,
  ctx: RequestContext,
): Promise<Out<'DeleteLoginProfile'>> {
  throw loginProfileNotFound(await requireUser(input.UserName, ctx));
}

export async function getAccountPasswordPolicy(
  _input: In<'GetAccountPasswordPolicy'>,
  ctx: RequestContext,
): Promise<Out<'GetAccountPasswordPolicy'>> {
  throw passwordPolicyNotFound(ctx.account);
}
