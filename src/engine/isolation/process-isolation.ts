// The plain-process driver.
import { join } from 'node:path';
import type { CodeTree } from '../code/code-trees.ts';
import { plainForks } from './forks.ts';
import { GUEST_FOLDER, type Isolation } from './isolation.ts';

const NO_TREE: CodeTree = { taskRoot: '/var/task', layerRoot: '/opt', hasLayers: false };

/** No walls: a process of its own group, its own environment variables and its own TMPDIR. */
export const processIsolation: Isolation = {
  name: 'process',
  canBootAhead: async () => true,
  attach: async () => {},
  boundsStorage: false,
  forks: plainForks,
  inner: (layout) => ({
    tree: layout.tree ?? NO_TREE,
    workingDirectory: layout.tree?.taskRoot ?? layout.folder,
    temporaryFolder: join(layout.folder, 'tmp'),
    socketPath: layout.socketPath,
    providedFolder: layout.providedFolder,
    guestFolder: GUEST_FOLDER,
    // Beside the code, not among it: the trees stay as they were unpacked.
    bytecodeFolder: layout.bytecodeFolder,
  }),
  executable: (runtime) => runtime.executable,
  functionPid: (pid) => pid,
  signalOf: () => undefined,
  launch({ argv, layout }) {
    const [file = '', ...args] = argv;
    return { file, args, workingDirectory: layout.tree?.taskRoot ?? layout.folder, descriptors: [] };
  },
  openNetwork: async () => undefined,
  endpoint: (outside) => outside,
  // Differs: where there are no walls this would be none.
  admits: () => true,
  listens: () => true,
  close() {},
};
