// `cloudlet start`: a cloud on this machine.
import type { Command } from '../command.ts';
import { CLOUD_OPTIONS, runCloud } from '../run-cloud.ts';

export const start: Command = {
  name: 'start',
  usage: '[--port PORT] [--data DIR]',
  about: 'start a cloud on this machine',
  help: `Starts the cloud and stays in the foreground; Ctrl-C stops it. State is kept in the data
directory and found again by the next start.

  cloudlet start                      on port 4566, state in .cloudlet/
  cloudlet start --ephemeral          nothing is kept
  cloudlet start --clock virtual      time stands still until \`cloudlet clock advance 1h\``,
  options: CLOUD_OPTIONS,
  positionals: 0,
  async run(args, terminal) {
    const { cloud, stopped } = await runCloud(args, terminal);
    const readyMs = Math.round(performance.now());
    const { endpoint } = cloud;
    terminal.result(
      { event: 'ready', endpoint, pid: process.pid, readyMs },
      [
        `Cloudlet is ready at ${endpoint} (${readyMs} ms). Ctrl-C stops it.`,
        '',
        'Try:',
        `  aws --endpoint-url ${endpoint} s3 mb s3://my-bucket`,
        `  export AWS_ENDPOINT_URL=${endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1`,
      ].join('\n'),
    );
    await stopped;
  },
};
