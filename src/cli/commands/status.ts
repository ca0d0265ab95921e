// `cloudlet status`: what runs, and what is deployed on it.
import { describeIsolation, type IsolationReport } from '../../engine/isolation/isolation-report.ts';
import { type Command, REMOTE_OPTIONS } from '../command.ts';
import { connect } from '../connection.ts';

export const status: Command = {
  name: 'status',
  usage: '',
  about: 'show the running cloud and its stacks',
  help: `Shows where the cloud answers, its clock, how functions are kept apart, its services and the stacks
deployed on it. Exit code 3 when no cloud answers.

  cloudlet status
  cloudlet status --json`,
  options: REMOTE_OPTIONS,
  positionals: 0,
  async run(args, terminal) {
    const connection = await connect(args);
    const health = await connection.control('health');
    const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
    const client = new CloudFormationClient(connection.clientSettings);
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({}));
    const stacks = Stacks.map(({ StackName, StackStatus }) => ({ name: StackName, status: StackStatus }));
    const { version, clock, services, isolation } = health as {
      version: string;
      isolation?: IsolationReport;
      clock: { kind: string; now: string };
      services: Record<string, string>;
    };
    const lines = [
      `Cloudlet ${version} at ${connection.endpoint}`,
      `clock     ${clock.kind}, ${clock.now}`,
      ...(isolation === undefined ? [] : [`isolation ${describeIsolation(isolation)}`]),
      `services  ${Object.keys(services).join(', ')}`,
      `stacks    ${stacks.length === 0 ? 'none' : stacks.map((s) => `${s.name} (${s.status})`).join(', ')}`,
    ];
    terminal.result({ ...health, stacks }, lines.join('\n'));
  },
};
