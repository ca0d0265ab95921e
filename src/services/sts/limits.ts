// Durations and sizes of sessions (https://docs.aws.amazon.com/STS/latest/APIReference/).

export const DEFAULT_ROLE_SESSION_SEC = 3_600;
/** A role assumed with a role's credentials: one hour, whatever the role allows. */
export const MAX_CHAINED_SESSION_SEC = 3_600;
export const DEFAULT_SESSION_TOKEN_SEC = 43_200;
/** Sessions of the account's root. */
export const MAX_ROOT_SESSION_SEC = 3_600;
export const MAX_PACKED_POLICY_BYTES = 2_048;
