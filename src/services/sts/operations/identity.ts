// Who is calling, and whose a key is.
import { decodeAccount } from '../../../kernel/access-key-id.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { arnOf } from '../caller.ts';
import { invalidAccessKeyId, missingToken } from '../errors.ts';

export async function getCallerIdentity(
  _input: InputOf<'sts', 'GetCallerIdentity'>,
  { principal }: RequestContext,
): Promise<OutputOf<'sts', 'GetCallerIdentity'>> {
  if (principal.kind === 'anonymous') throw missingToken();
  const UserId =
    principal.kind === 'user' || principal.kind === 'role' ? principal.userId : principal.account;
  return { UserId, Account: principal.account, Arn: arnOf(principal) };
}

/** AWS: answers for any well-formed key id, whether or not the key still exists. */
export async function getAccessKeyInfo(
  input: InputOf<'sts', 'GetAccessKeyInfo'>,
): Promise<OutputOf<'sts', 'GetAccessKeyInfo'>> {
  const id = input.AccessKeyId ?? '';
  const account = decodeAccount(id);
  if (account === undefined) throw invalidAccessKeyId(id);
  return { Account: account };
}
