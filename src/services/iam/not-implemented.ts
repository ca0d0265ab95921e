// The operations of IAM that are not there yet, by the reason why.
import type { NotImplemented } from '../../kernel/service.ts';
import { notImplemented } from '../../kernel/service.ts';
import type { OperationName } from '../../models/operations.ts';

function later<O extends OperationName<'iam'>>(
  why: string,
  names: readonly O[],
): Record<O, NotImplemented> {
  // Object.fromEntries forgets which names it was given.
  return Object.fromEntries(names.map((name) => [name, notImplemented(why)])) as Record<
    O,
    NotImplemented
  >;
}

export const notYet = {
  ...later('policy evaluation comes with the authorise stage', [
    'GetContextKeysForCustomPolicy',
    'GetContextKeysForPrincipalPolicy',
    'SimulateCustomPolicy',
    'SimulatePrincipalPolicy',
  ]),
  ...later('use of keys and permissions is not recorded yet', [
    'GenerateCredentialReport',
    'GenerateServiceLastAccessedDetails',
    'GetAccessKeyLastUsed',
    'GetCredentialReport',
    'GetServiceLastAccessedDetails',
    'GetServiceLastAccessedDetailsWithEntities',
    'ListPoliciesGrantingServiceAccess',
  ]),
  ...later('there are no console passwords', [
    'ChangePassword',
    'CreateLoginProfile',
    'DeleteAccountPasswordPolicy',
    'UpdateAccountPasswordPolicy',
    'UpdateLoginProfile',
  ]),
  ...later('there are no MFA devices', [
    'CreateVirtualMFADevice',
    'DeactivateMFADevice',
    'DeleteVirtualMFADevice',
    'EnableMFADevice',
    'GetMFADevice',
    'ListMFADeviceTags',
    'ResyncMFADevice',
    'TagMFADevice',
    'UntagMFADevice',
  ]),
  ...later('federation comes later', [
    'AddClientIDToOpenIDConnectProvider',
    'CreateOpenIDConnectProvider',
    'CreateSAMLProvider',
    'DeleteOpenIDConnectProvider',
    'DeleteSAMLProvider',
    'DisableOutboundWebIdentityFederation',
    'EnableOutboundWebIdentityFederation',
    'GetOpenIDConnectProvider',
    'GetOutboundWebIdentityFederationInfo',
    'GetSAMLProvider',
    'ListOpenIDConnectProviderTags',
    'ListSAMLProviderTags',
    'RemoveClientIDFromOpenIDConnectProvider',
    'TagOpenIDConnectProvider',
    'TagSAMLProvider',
    'UntagOpenIDConnectProvider',
    'UntagSAMLProvider',
    'UpdateOpenIDConnectProviderThumbprint',
    'UpdateSAMLProvider',
  ]),
  ...later('certificates, SSH keys and service passwords have no service to use them', [
    'CreateServiceSpecificCredential',
    'DeleteSSHPublicKey',
    'DeleteServerCertificate',
    'DeleteServiceSpecificCredential',
    'DeleteSigningCertificate',
    'GetSSHPublicKey',
    'GetServerCertificate',
    'ListServerCertificateTags',
    'ResetServiceSpecificCredential',
    'TagServerCertificate',
    'UntagServerCertificate',
    'UpdateSSHPublicKey',
    'UpdateServerCertificate',
    'UpdateServiceSpecificCredential',
    'UpdateSigningCertificate',
    'UploadSSHPublicKey',
    'UploadServerCertificate',
    'UploadSigningCertificate',
  ]),
  ...later('there is no AWS Organizations', [
    'DisableOrganizationsRootCredentialsManagement',
    'DisableOrganizationsRootSessions',
    'EnableOrganizationsRootCredentialsManagement',
    'EnableOrganizationsRootSessions',
    'GenerateOrganizationsAccessReport',
    'GetOrganizationsAccessReport',
    'ListOrganizationsFeatures',
  ]),
  ...later('delegation between accounts and vendors comes later', [
    'AcceptDelegationRequest',
    'AcquireRole',
    'AssociateDelegationRequest',
    'CreateDelegationRequest',
    'GetDelegationRequest',
    'GetHumanReadableSummary',
    'GetRoleTemplateVersion',
    'ListDelegationRequests',
    'RejectDelegationRequest',
    'SendDelegationToken',
    'UpdateDelegationRequest',
  ]),
  ...later('comes later', [
    'GetAccountAuthorizationDetails',
    'GetAccountProperties',
    'PutAccountProperties',
    'SetSecurityTokenServicePreferences',
  ]),
};
