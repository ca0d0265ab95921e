// Statements that AddPermission puts into a resource's policy, and RemovePermission takes out by label.

export interface PolicyStatement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

export interface PolicyDocument {
  readonly Statement: readonly PolicyStatement[];
  readonly [member: string]: unknown;
}

/** Reads a policy that was checked when it was put; a single statement may stand without a list. */
export function readPolicyDocument(text: string): PolicyDocument {
  const document = JSON.parse(text) as { Statement?: PolicyStatement | PolicyStatement[] };
  const { Statement: statements = [] } = document;
  return { ...document, Statement: Array.isArray(statements) ? statements : [statements] };
}

/** Lets accounts do actions, e.g. `SQS:SendMessage`, on one resource. */
export function grantStatement(grant: {
  readonly label: string | undefined;
  readonly accounts: readonly string[];
  readonly actions: readonly string[];
  readonly resource: string;
}): PolicyStatement {
  const { label, accounts, actions, resource } = grant;
  return {
    ...(label === undefined ? {} : { Sid: label }),
    Effect: 'Allow',
    Principal: { AWS: unwrapOne(accounts.map((account) => `arn:aws:iam::${account}:root`)) },
    Action: unwrapOne(actions),
    Resource: resource,
  };
}

// AWS: a list of one is written as its only item.
function unwrapOne(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? (values[0] ?? values) : values;
}
