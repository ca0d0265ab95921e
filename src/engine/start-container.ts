// Gets an environment for a function from a container image.
import type { FunctionDefinition } from '../base/function-runner.ts';
import type { EngineOptions } from './engine-options.ts';
import { buildEnvironment, type InitializationType } from './environment-variables.ts';
import type { Containers } from './isolation/container-isolation.ts';
import { Extensions } from './runtime-api/extensions-api.ts';
import { createTelemetry } from './runtime-api/telemetry.ts';
import type { Guest } from './runtimes/guest.ts';

export interface ContainerStart {
  readonly definition: FunctionDefinition & Required<Pick<FunctionDefinition, 'image'>>;
  readonly logStreamName: string;
  readonly initializationType: InitializationType;
}

/** AWS: an image says these itself, by ENV. docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const OF_THE_IMAGE = ['LANG', 'TZ', 'PATH', 'LD_LIBRARY_PATH', '_HANDLER', 'LAMBDA_TASK_ROOT', 'LAMBDA_RUNTIME_DIR'];

export function startContainer(
  options: EngineOptions,
  containers: Containers,
  { definition, logStreamName, initializationType }: ContainerStart,
): Promise<Guest> {
  const { name, version, handler, account, environment } = definition;
  const telemetry = createTelemetry(options.cloudNowMs ?? Date.now);
  const runtime = { family: 'provided', id: '', version: '', actualVersion: '', executable: '', source: '', sitePackages: [] } as const;
  const tree = { taskRoot: '/var/task', layerRoot: '/opt', hasLayers: false };
  const places = { tree, temporaryFolder: undefined, providedFolder: undefined };
  return containers.start({
    definition,
    boundsCpu: options.cpuByMemory ?? true,
    extensions: new Extensions({ programs: [], functionName: name, functionVersion: version, handler, account, telemetry }),
    complete(runtimeApi) {
      const endpoint = options.endpoint();
      const all = buildEnvironment({ definition, runtime, ...places, logStreamName, initializationType, endpoint, runtimeApi });
      const given = Object.entries(all).filter(([each]) => each in environment || !OF_THE_IMAGE.includes(each));
      return Object.fromEntries(given);
    },
  });
}
