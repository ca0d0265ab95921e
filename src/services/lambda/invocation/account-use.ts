// What the accounts of this cloud run now, by region.
import { type Scope, type WorkContext, localSlot } from '../../../kernel/context.ts';
import { AccountUse } from './admission.ts';

/** Forgotten on restart, as nothing runs then. */
const accounts = localSlot(() => new Map<string, AccountUse>());

export function accountUse({ account, region }: Scope, context: WorkContext): AccountUse {
  const known = context.local(accounts);
  const key = `${account}/${region}`;
  let use = known.get(key);
  if (use === undefined) {
    use = new AccountUse();
    known.set(key, use);
  }
  return use;
}
