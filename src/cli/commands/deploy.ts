// `cloudlet deploy`: builds a project and makes its stack on a running cloud.
import { UserError } from '../../base/errors.ts';
import { type Arguments, type Command, type OptionSpec, REMOTE_OPTIONS } from '../command.ts';
import { type Connection, connect } from '../connection.ts';
import { createBuilder } from '../project/build-artifact.ts';
import { type Deployed, deployProject } from '../project/deploy-project.ts';
import { readOutputs } from '../project/outputs.ts';
import { openProject } from '../project/project.ts';
import { targetOf } from '../project/target.ts';
import type { Terminal } from '../terminal.ts';

export const PROJECT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  stack: { type: 'string', value: 'NAME', about: 'name of the stack (default: name of the folder)' },
  parameter: {
    type: 'string',
    value: 'KEY=VALUE',
    about: 'a parameter of the template; may be repeated',
    multiple: true,
  },
};

export const deploy: Command = {
  name: 'deploy',
  usage: '[DIR | TEMPLATE] [--stack NAME]',
  about: 'build a project and deploy its template',
  help: `Builds the functions of a SAM or CloudFormation template (TypeScript with esbuild, as \`sam build\`
does; Python requirements with pip; layers), uploads them, and creates or updates the stack.
A failed deployment rolls back.

  cloudlet deploy
  cloudlet deploy examples/user-service --stack users --parameter Stage=test`,
  options: { ...REMOTE_OPTIONS, ...PROJECT_OPTIONS },
  positionals: 1,
  async run(args, terminal) {
    const connection = await connect(args);
    const project = await openProject(args.positionals[0] ?? '.');
    const builders = await Promise.all(project.artifacts.map((artifact) => createBuilder(project, artifact)));
    try {
      const deployed = await deployProject(
        {
          project,
          builders,
          stackName: args.text('stack') ?? project.stackName,
          parameters: readParameters(args),
        },
        targetOf(connection),
        terminal,
      );
      report(deployed, connection, terminal);
    } finally {
      await Promise.all(builders.map((builder) => builder.dispose()));
    }
  },
};

export function readParameters(args: Arguments): Record<string, string> {
  return Object.fromEntries(
    args.list('parameter').map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new UserError('ERR_USAGE', `not KEY=VALUE: ${pair}`, { where: '--parameter' });
    }),
  );
}

function report({ stack, changed, changes }: Deployed, { endpoint }: Connection, terminal: Terminal): void {
  const outputs = readOutputs(stack, endpoint);
  const width = Math.max(0, ...outputs.map(({ name }) => name.length));
  terminal.result(
    {
      stack: stack.StackName,
      status: stack.StackStatus,
      changed,
      changes,
      outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, value])),
    },
    outputs.map(({ name, value }) => `${name.padEnd(width)}  ${value}`).join('\n'),
  );
}
