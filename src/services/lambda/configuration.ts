// From the parameters of a request to the settings of a version; every parameter honoured or refused.
import type { LoggingSettings } from '../../base/function-runner.ts';
import { type Random, randomUuid } from '../../base/random.ts';
import type { InputOf } from '../../models/operations.ts';
import { invalidParameter } from './errors.ts';
import { readImage } from './images.ts';
import { EPHEMERAL_STORAGE_DEFAULT_MB, MEMORY_DEFAULT_MB, TIMEOUT_DEFAULT_SEC } from './limits.ts';
import { lambdaTimestamp } from './present.ts';
import {
  checkCombinedSize,
  checkDeadLetterArn,
  checkEnvironment,
  checkLayers,
  checkSnapStart,
  checkTextHasNoLevels,
  refuseUnsupported,
} from './rules.ts';
import { checkRuntime } from './runtimes.ts';
import type { FunctionVersion, LayerUse, StoredCode } from './store.ts';

/** Everything about a version but its name, number, archives and stamps. */
export type Settings = Omit<
  FunctionVersion,
  'name' | 'version' | 'code' | 'layers' | 'lastModified' | 'revisionId' | 'buildId' | 'state'
>;

type SettingsInput = Partial<InputOf<'lambda', 'CreateFunction'>> &
  Partial<Pick<InputOf<'lambda', 'UpdateFunctionConfiguration'>, 'Runtime'>>;

/** @param previous the settings in force, which absent parameters keep; absent on create. */
export function readSettings(input: SettingsInput, previous?: Settings): Settings {
  refuseParameters(input);
  const image = readImage(input, previous);
  const { runtime, handler } = image === undefined ? readEntry(input, previous) : { runtime: '', handler: '' };
  const environment = input.Environment?.Variables ?? previous?.environment;
  checkEnvironment(environment ?? {});
  checkLayers(input.Layers ?? []);
  const deadLetterArn = chooseText(input.DeadLetterConfig?.TargetArn, previous?.deadLetterArn);
  if (deadLetterArn !== undefined) checkDeadLetterArn(deadLetterArn);
  const ephemeralStorageMb =
    input.EphemeralStorage?.Size ?? previous?.ephemeralStorageMb ?? EPHEMERAL_STORAGE_DEFAULT_MB;
  const logGroup = input.LoggingConfig?.LogGroup ?? previous?.logGroup;
  const logging = readLogging(input.LoggingConfig, previous?.logging);
  const usesSnapStart =
    input.SnapStart === undefined
      ? previous?.snapStart === true
      : input.SnapStart.ApplyOn === 'PublishedVersions';
  if (usesSnapStart) checkSnapStart(image === undefined ? runtime : 'PackageType Image', ephemeralStorageMb);
  return {
    description: input.Description ?? previous?.description ?? '',
    runtime,
    handler,
    role: input.Role ?? previous?.role ?? '',
    timeoutSec: input.Timeout ?? previous?.timeoutSec ?? TIMEOUT_DEFAULT_SEC,
    memoryMb: input.MemorySize ?? previous?.memoryMb ?? MEMORY_DEFAULT_MB,
    ephemeralStorageMb,
    architecture: input.Architectures?.[0] ?? previous?.architecture ?? 'x86_64',
    tracingMode: input.TracingConfig?.Mode ?? previous?.tracingMode ?? 'PassThrough',
    ...(environment === undefined ? {} : { environment: { ...environment } }),
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
    ...(logGroup === undefined ? {} : { logGroup }),
    ...(logging === undefined ? {} : { logging }),
    ...(usesSnapStart ? { snapStart: true } : {}),
    ...(image === undefined ? {} : { image }),
  };
}

function readEntry(input: SettingsInput, previous: Settings | undefined): { runtime: string; handler: string } {
  const runtime = input.Runtime ?? previous?.runtime;
  const handler = input.Handler ?? previous?.handler;
  if (runtime === undefined || handler === undefined) {
    throw invalidParameter('Runtime and Handler are mandatory parameters for functions created with deployment packages.');
  }
  checkRuntime(runtime);
  return { runtime, handler };
}

/**
 * AWS: what is given changes, what is not stays; with JSON both levels begin at INFO, with text there
 * are none. <localstack test_lambda_api.snapshot.json, advanced_logging_configuration>
 */
function readLogging(
  given: SettingsInput['LoggingConfig'],
  previous: LoggingSettings | undefined,
): LoggingSettings | undefined {
  if (given === undefined) return previous;
  const format = given.LogFormat ?? previous?.format ?? 'Text';
  if (format === 'Text') {
    checkTextHasNoLevels(given);
    return undefined;
  }
  return {
    format,
    applicationLevel: given.ApplicationLogLevel ?? previous?.applicationLevel ?? 'INFO',
    systemLevel: given.SystemLogLevel ?? previous?.systemLevel ?? 'INFO',
  };
}

function refuseParameters(input: SettingsInput): void {
  const { VpcConfig, FileSystemConfigs } = input;
  const hasVpc = (VpcConfig?.SubnetIds?.length ?? 0) + (VpcConfig?.SecurityGroupIds?.length ?? 0) > 0;
  refuseUnsupported({
    VpcConfig: hasVpc ? VpcConfig : undefined,
    FileSystemConfigs: (FileSystemConfigs?.length ?? 0) > 0 ? FileSystemConfigs : undefined,
    CapacityProviderConfig: input.CapacityProviderConfig,
    DurableConfig: input.DurableConfig,
    TenancyConfig: input.TenancyConfig,
    KMSKeyArn: input.KMSKeyArn === '' ? undefined : input.KMSKeyArn,
    PublishTo: input.PublishTo,
  });
}

/** An empty text takes the setting away; an absent one keeps it. */
function chooseText(given: string | undefined, previous: string | undefined): string | undefined {
  if (given === undefined) return previous;
  return given === '' ? undefined : given;
}

export function newVersion(parts: {
  readonly name: string;
  readonly settings: Settings;
  readonly code: StoredCode;
  readonly layers: readonly LayerUse[];
  readonly context: { readonly nowMs: number; readonly random: Random };
}): FunctionVersion {
  const { code, layers, context } = parts;
  checkCombinedSize([code, ...layers.map((layer) => layer.code)].reduce((sum, c) => sum + c.unpackedBytes, 0));
  return {
    ...parts.settings,
    name: parts.name,
    version: '$LATEST',
    code,
    layers,
    lastModified: lambdaTimestamp(context.nowMs),
    revisionId: randomUuid(context.random),
    buildId: randomUuid(context.random),
  };
}
