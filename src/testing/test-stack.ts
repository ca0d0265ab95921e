// What tests ask of a stack: how its latest operation ended.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { TestCloud } from './create-cloud.ts';

/** The stack's status and outputs once everything has come to rest. */
export async function outcomeOf(
  cloud: TestCloud,
  StackName: string,
): Promise<{ status: string | undefined; outputs: Partial<Record<string, string>> }> {
  await cloud.settle();
  const stacks = cloud.client(CloudFormationClient);
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  const outputs = Stacks?.[0]?.Outputs ?? [];
  return {
    status: Stacks?.[0]?.StackStatus,
    outputs: Object.fromEntries(outputs.map((each) => [each.OutputKey, each.OutputValue])),
  };
}
