// Quotas of IAM: the defaults of an account (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).

export const MAX_ATTACHED_POLICIES = 10;
export const MAX_POLICY_VERSIONS = 5;
export const MAX_ACCESS_KEYS_PER_USER = 2;
export const MAX_GROUPS_PER_USER = 10;
/** Characters, white space not counted. */
export const MAX_MANAGED_POLICY_CHARACTERS = 6_144;
/** Characters of all inline policies of one entity together, white space not counted. */
export const MAX_INLINE_POLICY_CHARACTERS = { role: 10_240, user: 2_048, group: 5_120 } as const;
export const MAX_TRUST_POLICY_CHARACTERS = 2_048;
export const MAX_TAGS = 50;
/** Items of a list without MaxItems. */
export const DEFAULT_PAGE_ITEMS = 100;
export const DEFAULT_SESSION_SEC = 3_600;

/** What GetAccountSummary answers as quotas. */
export const ACCOUNT_QUOTAS = {
  AccessKeysPerUserQuota: MAX_ACCESS_KEYS_PER_USER,
  AssumeRolePolicySizeQuota: MAX_TRUST_POLICY_CHARACTERS,
  AttachedPoliciesPerGroupQuota: MAX_ATTACHED_POLICIES,
  AttachedPoliciesPerRoleQuota: MAX_ATTACHED_POLICIES,
  AttachedPoliciesPerUserQuota: MAX_ATTACHED_POLICIES,
  GroupPolicySizeQuota: MAX_INLINE_POLICY_CHARACTERS.group,
  GroupsPerUserQuota: MAX_GROUPS_PER_USER,
  GroupsQuota: 300,
  InstanceProfilesQuota: 1_000,
  PoliciesQuota: 1_500,
  PolicySizeQuota: MAX_MANAGED_POLICY_CHARACTERS,
  PolicyVersionsInUseQuota: 10_000,
  RolePolicySizeQuota: MAX_INLINE_POLICY_CHARACTERS.role,
  RolesQuota: 1_000,
  ServerCertificatesQuota: 20,
  SigningCertificatesPerUserQuota: 2,
  UserPolicySizeQuota: MAX_INLINE_POLICY_CHARACTERS.user,
  UsersQuota: 5_000,
  VersionsPerPolicyQuota: MAX_POLICY_VERSIONS,
} as const;
