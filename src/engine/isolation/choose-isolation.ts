// Which driver keeps functions apart here, which limits hold, and what is missing for more.
import { connect, type Socket } from 'node:net';
import { FunctionUnavailable } from '../../base/function-runner.ts';
import { CONTROLLERS, explainMissing, readKernelView } from './control-group-files.ts';
import { type ControlGroups, openControlGroups } from './control-groups.ts';
import type { Isolation } from './isolation.ts';
import { processIsolation } from './process-isolation.ts';
import type { IsolationReport } from './isolation-report.ts';
import type { AgentFolders } from './mount-agent.ts';
import { findSandbox } from './sandbox-isolation.ts';

export interface IsolationWishes {
  readonly isolation?: 'auto' | 'process' | 'sandbox';
  readonly network?: 'cloud' | 'open';
  readonly endpoint: () => string;
  readonly takeConnection?: (socket: Socket) => void;
}

export interface ChosenIsolation {
  readonly isolation: Isolation;
  readonly groups: ControlGroups | undefined;
  readonly report: IsolationReport;
}

/** `auto` takes what there is; what was asked for by name is never silently left out. */
export async function chooseIsolation(wishes: IsolationWishes, folders: AgentFolders): Promise<ChosenIsolation> {
  const { isolation: wanted = 'auto', network = 'open' } = wishes;
  if (wanted === 'process') {
    if (network === 'cloud') throw networkRefused('the plain-process driver was asked for');
    return withoutSandbox([]);
  }
  let reason = '';
  const cloud = network === 'cloud' ? cloudNetwork(wishes) : undefined;
  const sandbox = await findSandbox(folders, (told) => (reason = told), cloud);
  if (sandbox !== undefined) return withSandbox(sandbox, network);
  const fix = adviseSandbox(reason);
  if (wanted === 'sandbox') {
    throw new FunctionUnavailable('SandboxUnavailable', `functions cannot be sandboxed: ${fix}`);
  }
  if (network === 'cloud') throw networkRefused(fix);
  return withoutSandbox([fix]);
}

function withSandbox(isolation: Isolation, network: 'cloud' | 'open'): ChosenIsolation {
  const view = readKernelView();
  const groups = openControlGroups(view);
  const missing = groups === undefined ? CONTROLLERS : groups.missing;
  const limits = CONTROLLERS.filter((name) => !missing.includes(name));
  const advice = missing.length === 0 ? [] : [explainMissing(view, missing)];
  return { isolation, groups, report: { driver: 'sandbox', network, limits, missing: advice } };
}

function withoutSandbox(missing: readonly string[]): ChosenIsolation {
  const report = { driver: 'process', network: 'open', limits: [], missing } as const;
  return { isolation: processIsolation, groups: undefined, report };
}

function networkRefused(reason: string): FunctionUnavailable {
  const text = `functions cannot be kept from the network without the sandbox: ${reason}`;
  return new FunctionUnavailable('NetworkUnavailable', text);
}

/** What is known to be behind a failure, and what helps. */
function adviseSandbox(reason: string): string {
  if (process.platform !== 'linux') return 'the sandbox is for Linux';
  if (reason.includes('not installed')) return `${reason}: install the package bubblewrap`;
  if (/namespace|setting up uid map|Operation not permitted|Permission denied/i.test(reason)) {
    return (
      `${reason}. The machine does not let users make namespaces: see the sysctls kernel.unprivileged_userns_clone=1, ` +
      'user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0, or the seccomp profile of the container'
    );
  }
  return reason;
}

function cloudNetwork({ endpoint, takeConnection }: IsolationWishes): {
  endpoint: () => string;
  take: (socket: Socket) => void;
} {
  return { endpoint, take: takeConnection ?? ((socket) => relay(socket, endpoint())) };
}

function relay(socket: Socket, endpoint: string): void {
  const { hostname, port, protocol } = new URL(endpoint);
  const upstream = connect(Number(port || (protocol === 'https:' ? 443 : 80)), hostname);
  for (const [from, to] of [[socket, upstream], [upstream, socket]] as const) {
    from.on('error', () => to.destroy());
    from.pipe(to);
  }
}
