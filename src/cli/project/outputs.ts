// What to tell about a deployed stack: its outputs, as reached on this cloud, and what to try.
import type { Stack } from '@aws-sdk/client-cloudformation';
import type { Project } from './project.ts';

export interface StackOutput {
  readonly name: string;
  readonly value: string;
  readonly description: string | undefined;
}

/** Outputs with addresses of API Gateway turned into ones that this machine can reach. */
export function readOutputs(stack: Stack, endpoint: string): StackOutput[] {
  return (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '', Description }) => ({
    name: OutputKey,
    value: reachable(OutputValue, endpoint),
    description: Description,
  }));
}

/** `https://ID.execute-api.REGION.amazonaws.com/STAGE/…` has no name server here: the path form does. */
function reachable(value: string, endpoint: string): string {
  return value.replaceAll(
    /https:\/\/([a-z0-9]{10})\.execute-api\.[a-z0-9-]+\.[a-z0-9.:-]+\//g,
    `${endpoint}/_aws/execute-api/$1/`,
  );
}

/**
 * Lines of the template's `Metadata.Cloudlet.Try`: commands a reader may paste, with `${Output}` and
 * `${Endpoint}` filled in. AWS ignores the section.
 */
export function readTryLines(project: Project, outputs: readonly StackOutput[], endpoint: string): string[] {
  const metadata = project.content['Metadata'] as { Cloudlet?: { Try?: unknown } } | undefined;
  const lines = metadata?.Cloudlet?.Try;
  if (!Array.isArray(lines)) return [];
  const values = new Map(outputs.map(({ name, value }) => [name, value]));
  values.set('Endpoint', endpoint);
  return lines.map((line) =>
    String(line).replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole),
  );
}
