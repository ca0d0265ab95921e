// Deploys a template onto a test's cloud, as the command line does.
import { createBuilder } from '../cli/project/build-artifact.ts';
import { deployProject } from '../cli/project/deploy-project.ts';
import { readOutputs } from '../cli/project/outputs.ts';
import { openProject } from '../cli/project/project.ts';
import { connectTo } from '../cli/connection.ts';
import { targetOf } from '../cli/project/target.ts';
import { silentTerminal } from '../cli/terminal.ts';

/** Builds and deploys; returns the stack's outputs by name. */
export async function deployForTest(
  endpoint: string,
  template: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const project = await openProject(template);
  const builders = await Promise.all(project.artifacts.map((artifact) => createBuilder(project, artifact)));
  try {
    const target = targetOf(connectTo(endpoint, 'us-east-1'));
    const request = { project, builders, stackName: project.stackName, parameters };
    const { stack } = await deployProject(request, target, silentTerminal);
    return Object.fromEntries(readOutputs(stack, endpoint).map(({ name, value }) => [name, value]));
  } finally {
    await Promise.all(builders.map((builder) => builder.dispose()));
  }
}
