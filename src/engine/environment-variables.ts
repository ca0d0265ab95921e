// The environment variables a function sees: the user's, then the reserved ones. Nothing of the host's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionDefinition } from '../base/function-runner.ts';
import type { CodeTree } from './code/code-trees.ts';
import type { Runtime } from './runtimes/runtime.ts';

export type InitializationType = 'on-demand' | 'provisioned-concurrency' | 'snap-start';

export interface EnvironmentSettings {
  readonly definition: FunctionDefinition;
  readonly runtime: Runtime;
  readonly tree: CodeTree;
  readonly logStreamName: string;
  readonly runtimeApi: string;
  /** Private folder for temporary files; undefined when the environment has a /tmp of its own. */
  readonly temporaryFolder: string | undefined;
  /** Folder with the provided SDK, last on the module path. */
  readonly providedFolder: string | undefined;
  readonly endpoint: string;
  readonly initializationType: InitializationType;
}

/** AWS: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
export function buildEnvironment(settings: EnvironmentSettings): Record<string, string> {
  const { definition, runtime, tree } = settings;
  const opt = tree.layerRoot;
  const defaults: Record<string, string> = {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_LAMBDA_LOG_FORMAT: 'Text',
    PATH: `/usr/local/bin:/usr/bin/:/bin:${join(opt, 'bin')}`,
    LD_LIBRARY_PATH: `/lib64:/usr/lib64:${tree.taskRoot}:${join(tree.taskRoot, 'lib')}:${join(opt, 'lib')}`,
    ...modulePath(settings),
  };
  if (settings.temporaryFolder !== undefined) {
    defaults['TMPDIR'] = settings.temporaryFolder;
    // AWS: the home of a function's user, which does not exist. Unset, SDKs would read ~/.aws of ours.
    defaults['HOME'] = '/home/sbx_user1051';
  }
  if (settings.endpoint !== '') defaults['AWS_ENDPOINT_URL'] = settings.endpoint;
  return {
    ...defaults,
    ...definition.environment,
    _HANDLER: definition.handler,
    AWS_REGION: definition.region,
    AWS_DEFAULT_REGION: definition.region,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: definition.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: settings.initializationType,
    ...logVariables(settings),
    AWS_LAMBDA_RUNTIME_API: settings.runtimeApi,
    LAMBDA_TASK_ROOT: tree.taskRoot,
    LAMBDA_RUNTIME_DIR: settings.providedFolder ?? '/var/runtime',
    // AWS: set for managed runtimes only.
    ...(runtime.family === 'provided'
      ? {}
      : { AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}` }),
  };
}

/** AWS: the place is unknown to functions with SnapStart. snapstart-monitoring.html, configuration-envvars.html */
function logVariables({ definition, initializationType, logStreamName }: EnvironmentSettings): Record<string, string> {
  const { logging } = definition;
  const isJson = logging?.format === 'JSON';
  return {
    ...(logging === undefined ? {} : { AWS_LAMBDA_LOG_FORMAT: logging.format }),
    ...(isJson ? { AWS_LAMBDA_LOG_LEVEL: logging.applicationLevel ?? 'INFO' } : {}),
    ...(initializationType === 'snap-start'
      ? {}
      : { AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup, AWS_LAMBDA_LOG_STREAM_NAME: logStreamName }),
  };
}

/** Read by the interpreter, the loader or the C library before any code of ours runs. */
const READ_AT_START = /^(NODE_|LD_|PYTHON|UV_|SSL_|OPENSSL_|MALLOC_|GLIBC_|LC_|AWS_LAMBDA_EXEC_WRAPPER$)/;

/** Whether the runtime must start with its final environment: one booted ahead would come too late. */
export function needsEnvironmentAtStart(definition: FunctionDefinition, tree: CodeTree): boolean {
  const own = Object.keys(definition.environment).some((name) => READ_AT_START.test(name));
  // LD_LIBRARY_PATH leads there.
  return own || existsSync(join(tree.taskRoot, 'lib')) || existsSync(join(tree.layerRoot, 'lib'));
}

function modulePath(settings: EnvironmentSettings): Record<string, string> {
  const { runtime, tree, providedFolder } = settings;
  const opt = tree.layerRoot;
  const provided = providedFolder === undefined ? [] : [providedFolder];
  switch (runtime.family) {
    case 'nodejs': {
      const layer = [`nodejs/node${runtime.version}/node_modules`, 'nodejs/node_modules'];
      const folders = [...layer.map((path) => join(opt, path)), ...provided, tree.taskRoot];
      return { NODE_PATH: folders.join(':') };
    }
    case 'python':
      return { PYTHONPATH: [join(opt, 'python'), ...provided].join(':') };
    case 'ruby': {
      // AWS: ruby-package.html, packaging-layers.html
      const series = runtime.actualVersion.replace(/\.\d+$/, '.0');
      const gems = [join(tree.taskRoot, 'vendor', 'bundle', 'ruby', series), join(opt, 'ruby', 'gems', series)];
      return {
        GEM_PATH: [...gems, ...provided].join(':'),
        RUBYLIB: [tree.taskRoot, join(opt, 'ruby', 'lib')].join(':'),
      };
    }
    case 'dotnet':
      return { DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_ROLL_FORWARD: 'Major' };
    case 'java':
    case 'go':
    case 'provided':
      return {};
  }
}
