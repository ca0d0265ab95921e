// `cloudlet stop`: asks the running cloud to end.
import { type Command, REMOTE_OPTIONS } from '../command.ts';
import { connect } from '../connection.ts';

export const stop: Command = {
  name: 'stop',
  usage: '',
  about: 'stop the running cloud',
  help: `Asks the running cloud to stop: requests in flight end, functions end, state is on disk.

  cloudlet stop
  cloudlet stop --endpoint http://127.0.0.1:4570`,
  options: REMOTE_OPTIONS,
  positionals: 0,
  async run(args, terminal) {
    const connection = await connect(args);
    await connection.control('stop', {});
    terminal.result({ status: 'stopping', endpoint: connection.endpoint }, `stopping ${connection.endpoint}`);
  },
};
