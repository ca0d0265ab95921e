// Finds out whether functions get the processor by their memory here, by running one that measures it.
import type { Runtime } from '@aws-sdk/client-lambda';
import { ZipFile } from 'yazl';
import { collectBytes } from '../../base/collect-bytes.ts';
import type { Copies, Original } from './function-copy.ts';

/** 128 MB is 7 % of a processor: 30 ms of work take more than 400 ms of time. <Lambda developer guide, configuration-memory> */
const PROBE_MEMORY_MB = 128;
const WORK_MS = 30;
/** Far from 1, where nothing is shared, and from 13.8, where all is. */
const SHARED_RATIO_MIN = 4;

const NODE_PROBE = `exports.handler = async () => {
  const started = process.hrtime.bigint();
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1000;
    if (cpuMs >= ${WORK_MS}) return Number(process.hrtime.bigint() - started) / 1e6 / cpuMs;
  }
};`;
const PYTHON_PROBE = `import time
def handler(event, context):
    started, before = time.perf_counter(), time.process_time()
    while True:
        cpu = time.process_time() - before
        if cpu >= ${WORK_MS / 1000}:
            return (time.perf_counter() - started) / cpu
`;

/** True or false; undefined when it cannot be told. */
export async function sharesProcessor(
  copies: Copies,
  { configuration }: Original,
  invoke: (functionName: string) => Promise<string>,
): Promise<boolean | undefined> {
  const { Runtime: runtime = '', Role } = configuration;
  const isKnown = runtime.startsWith('nodejs') || runtime.startsWith('python');
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(NODE_PROBE), 'probe.js');
  zip.addBuffer(Buffer.from(PYTHON_PROBE), 'probe.py');
  zip.end();
  try {
    const name = await copies.create({
      Code: { ZipFile: await collectBytes(zip.outputStream) },
      Runtime: isKnown ? (runtime as Runtime) : 'nodejs22.x',
      Handler: 'probe.handler',
      Role,
      MemorySize: PROBE_MEMORY_MB,
      Timeout: 30,
    });
    const ratio = Number(await invoke(name));
    await copies.remove(name);
    return Number.isFinite(ratio) ? ratio >= SHARED_RATIO_MIN : undefined;
  } catch {
    // A sweep needs no probe: whatever is wrong will show in the sweep itself.
    return undefined;
  }
}
