// STS: who is calling, and sessions with credentials of their own.
import { defineService, notImplemented } from '../../kernel/service.ts';
import { getAccessKeyInfo, getCallerIdentity } from './operations/identity.ts';
import { assumeRole, getSessionToken } from './operations/sessions.ts';

export const sts = defineService<'sts'>({
  id: 'sts',
  operations: {
    AssumeRole: assumeRole,
    AssumeRoleWithSAML: notImplemented('federation comes later'),
    AssumeRoleWithWebIdentity: notImplemented('federation comes later'),
    AssumeRoot: notImplemented('there is no AWS Organizations'),
    DecodeAuthorizationMessage: notImplemented('refusals are not encoded'),
    GetAccessKeyInfo: getAccessKeyInfo,
    GetCallerIdentity: getCallerIdentity,
    GetDelegatedAccessToken: notImplemented('delegation to vendors comes later'),
    GetFederationToken: notImplemented('federated users come later'),
    GetSessionToken: getSessionToken,
    GetWebIdentityToken: notImplemented('federation comes later'),
  },
});
