// The policies that roles and users of a template hold: inline ones and attached managed ones.
import { textsOf } from '../../kernel/resource-requests.ts';
import type { Properties } from '../../kernel/resources.ts';
import { documentOf, ignoreMissing, missingFrom, policiesOf } from './resource-parts.ts';

/** The operations of one role or user on its policies. */
export interface PolicyHolder {
  putInline(policy: { PolicyName: string; PolicyDocument: string }): Promise<unknown>;
  deleteInline(PolicyName: string): Promise<unknown>;
  attach(PolicyArn: string): Promise<unknown>;
  detach(PolicyArn: string): Promise<unknown>;
}

/** Makes a role or user hold what its properties say, and no longer what only the previous ones said. */
export async function carryPolicies(
  holder: PolicyHolder,
  properties: Properties,
  previous: Properties,
): Promise<void> {
  const policies = policiesOf(properties['Policies']);
  for (const { PolicyName, PolicyDocument } of policies) {
    await holder.putInline({ PolicyName, PolicyDocument: documentOf(PolicyDocument) });
  }
  const kept = policies.map((policy) => policy.PolicyName);
  const before = policiesOf(previous['Policies']).map((policy) => policy.PolicyName);
  for (const name of missingFrom(before, kept)) {
    await ignoreMissing(() => holder.deleteInline(name));
  }
  const arns = textsOf(properties, 'ManagedPolicyArns');
  // Detached first, so that a changed set of ten does not exceed the quota on the way.
  for (const arn of missingFrom(textsOf(previous, 'ManagedPolicyArns'), arns)) {
    await ignoreMissing(() => holder.detach(arn));
  }
  for (const arn of arns) await holder.attach(arn);
}

/** Takes off all of them. */
export async function dropPolicies(
  holder: PolicyHolder,
  held: {
    readonly attached: readonly { readonly PolicyArn?: string | undefined }[] | undefined;
    readonly inline: readonly string[] | undefined;
  },
): Promise<void> {
  for (const { PolicyArn = '' } of held.attached ?? []) await holder.detach(PolicyArn);
  for (const name of held.inline ?? []) await holder.deleteInline(name);
}
