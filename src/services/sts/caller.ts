// Who a principal is, in the words of ARNs.
import type { Principal } from '../../kernel/context.ts';

/** `arn:aws:iam::ACCOUNT:root`, a user's ARN, an assumed role's session ARN; a service's name. */
export function arnOf(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
    case 'role':
      return principal.arn;
    case 'service':
      return principal.service;
    case 'root':
      return `arn:aws:iam::${principal.account}:root`;
    case 'anonymous':
      return 'anonymous';
    default:
      return principal satisfies never;
  }
}
