// Checks the model cannot express, in AWS's order and words.
import { parseArn } from '../../base/arn.ts';
import type { ServiceError } from '../../base/errors.ts';
import { invalidParameter } from './errors.ts';
import { ENVIRONMENT_BYTES_MAX, EPHEMERAL_STORAGE_DEFAULT_MB, LAYERS_MAX, UNZIPPED_BYTES_MAX } from './limits.ts';

/** Variables the runtime sets itself. <developer guide, "Defined runtime environment variables"> */
const RESERVED_VARIABLES: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);

export function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(variables).filter((name) => RESERVED_VARIABLES.has(name));
  if (reserved.length > 0) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const bytes = Buffer.byteLength(JSON.stringify(variables));
  if (bytes > ENVIRONMENT_BYTES_MAX) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(variables)}`,
    );
  }
}

export function checkLayers(arns: readonly string[]): void {
  if (arns.length > LAYERS_MAX) {
    throw invalidParameter('Cannot reference more than 5 layers.');
  }
  const seen = new Map<string, string>();
  for (const arn of arns) {
    const layer = arn.replace(/:\d+$/, '');
    const other = seen.get(layer);
    if (other !== undefined) {
      throw invalidParameter(
        `Two different versions of the same layer are not allowed to be referenced in the same function. ${other} and ${arn} are versions of the same layer.`,
      );
    }
    seen.set(layer, arn);
  }
}

/** Code and layers share one limit. */
export function checkCombinedSize(unpackedBytes: number): void {
  if (unpackedBytes <= UNZIPPED_BYTES_MAX) return;
  throw invalidParameter(
    `Function code combined with layers exceeds the maximum allowed size of ${UNZIPPED_BYTES_MAX} bytes. The actual size is ${unpackedBytes} bytes.`,
  );
}

export function checkUnpackedSize(unpackedBytes: number): void {
  if (unpackedBytes > UNZIPPED_BYTES_MAX) {
    throw invalidParameter(
      `Unzipped size must be smaller than ${UNZIPPED_BYTES_MAX} bytes`,
    );
  }
}

/** Dead letter targets are a queue or a topic. */
export function checkDeadLetterArn(arn: string): void {
  const service = parseArn(arn)?.service;
  if (service !== 'sqs' && service !== 'sns') {
    throw invalidParameter(`The provided dead letter config DeadLetterConfig(targetArn=${arn}) is invalid.`);
  }
}

/** Message recorded by aws/aws-cdk#28045 and localstack's provider. */
export function checkTextHasNoLevels(given: {
  readonly ApplicationLogLevel?: string | undefined;
  readonly SystemLogLevel?: string | undefined;
}): void {
  if (given.ApplicationLogLevel === undefined && given.SystemLogLevel === undefined) return;
  throw invalidParameter(
    'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
  );
}

/** <developer guide, "Improving startup performance with Lambda SnapStart", supported runtimes> */
const SNAP_START_RUNTIMES: ReadonlySet<string> = new Set([
  'java11',
  'java17',
  'java21',
  'java25',
  'python3.12',
  'python3.13',
  'python3.14',
  'dotnet8',
  'dotnet10',
]);

/** Message recorded by localstack's provider; the same for what else SnapStart cannot go with. */
export function checkSnapStart(runtime: string, ephemeralStorageMb: number): void {
  if (!SNAP_START_RUNTIMES.has(runtime)) throw snapStartExcludes(runtime);
  if (ephemeralStorageMb > EPHEMERAL_STORAGE_DEFAULT_MB) {
    throw snapStartExcludes(`EphemeralStorage greater than ${EPHEMERAL_STORAGE_DEFAULT_MB} MB`);
  }
}

export function snapStartExcludes(what: string): ServiceError {
  return invalidParameter(`${what} is not supported for SnapStart enabled functions.`);
}

/** Refuses parameters whose behaviour is not there yet, rather than storing and ignoring them. */
export function refuseUnsupported(named: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined || value === null) continue;
    throw invalidParameter(`${name} is not supported by Cloudlet yet; remove it from the request.`);
  }
}
