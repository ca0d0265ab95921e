// Which driver keeps functions apart here, which limits hold, and what is missing for more.
import { connect, type Socket } from 'node:net';
import { FunctionUnavailable } from '../../base/function-runner.ts';
import { CONTROLLERS, readKernelView } from './control-group-files.ts';
import { type ControlGroups, openControlGroups } from './control-groups.ts';
import { type Isolation, processIsolation } from './isolation.ts';
import type { AgentFolders } from './mount-agent.ts';
import { findSandbox } from './sandbox-isolation.ts';

export interface IsolationWishes {
  readonly isolation?: 'auto' | 'process' | 'sandbox';
  readonly network?: 'cloud' | 'open';
  readonly endpoint: () => string;
  readonly takeConnection?: (socket: Socket) => void;
}

/** `auto` takes what there is and says so; what was asked for by name is never silently left out. */
export async function chooseIsolation(
  wishes: IsolationWishes,
  folders: AgentFolders,
  onNotice: (message: string) => void,
): Promise<Isolation> {
  const { isolation: wanted = 'auto', network = 'open', endpoint } = wishes;
  const refuse = (reason: string, text: string): FunctionUnavailable => {
    onNotice(text);
    return new FunctionUnavailable(reason, text);
  };
  const cloud = { endpoint, take: wishes.takeConnection ?? ((socket: Socket) => relay(socket, endpoint())) };
  let missing = 'the plain-process driver was asked for';
  if (wanted !== 'process') {
    const sandbox = await findSandbox(folders, (reason) => (missing = reason), network === 'cloud' ? cloud : undefined);
    if (sandbox !== undefined) {
      if (wanted === 'auto') onNotice('functions run in the sandbox (bubblewrap)');
      return sandbox;
    }
    if (wanted === 'sandbox') throw refuse('SandboxUnavailable', `functions cannot be sandboxed: ${missing}`);
  }
  if (network === 'cloud') {
    throw refuse('NetworkUnavailable', `functions cannot be kept from the network without the sandbox: ${missing}`);
  }
  if (wanted === 'auto') onNotice(`functions run as plain processes, without a sandbox: ${missing}`);
  return processIsolation;
}

function relay(socket: Socket, endpoint: string): void {
  const { hostname, port, protocol } = new URL(endpoint);
  const upstream = connect(Number(port || (protocol === 'https:' ? 443 : 80)), hostname);
  for (const [from, to] of [[socket, upstream], [upstream, socket]] as const) {
    from.on('error', () => to.destroy());
    from.pipe(to);
  }
}

export function chooseGroups(isolation: Isolation, onNotice: (message: string) => void): ControlGroups | undefined {
  if (isolation.name !== 'sandbox') return undefined;
  const groups = openControlGroups(readKernelView());
  const missing = groups === undefined ? CONTROLLERS : groups.missing;
  if (missing.length > 0) {
    onNotice(
      `functions share ${missing.map((name) => SHARED[name]).join(', ')} without limits of their own: no control groups ` +
        'can be made here. Start cloudlet by `systemd-run --user --scope -p Delegate=yes`, or as root',
    );
  }
  return groups;
}

const SHARED = { memory: "the machine's memory", pids: 'process ids', cpu: 'the processors' } as const;
