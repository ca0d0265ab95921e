// Temporary copies of a function, so that a sweep never touches the function itself.
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, DeleteLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { UserError } from '../../base/errors.ts';
import type { Connection } from '../connection.ts';
import { isStale, newName } from './copy-name.ts';

/** AWS: larger archives come through S3. <Lambda quotas> */
const DIRECT_UPLOAD_MAX = 50 * 1024 * 1024;
const POLL_MS = 50;

/** The function to copy, with its code. */
export interface Original {
  readonly configuration: FunctionConfiguration;
  readonly code: NonNullable<CreateFunctionCommandInput['Code']>;
  /** Removes what was uploaded for the copies. */
  release(): Promise<void>;
}

export interface Copies {
  /** Makes a copy with this memory and waits until it can be invoked; gives its name. */
  make(original: Original, memoryMb: number): Promise<string>;
  remove(name: string): Promise<void>;
  /** Removes every copy made here that is left. */
  removeAll(): Promise<void>;
  /** Removes what sweeps that were killed left behind; gives how many. */
  removeStale(): Promise<number>;
}

/** Reads a version of a function, code included. */
export async function readOriginal(
  { clientSettings, region }: Connection,
  functionName: string,
  qualifier: string | undefined,
): Promise<Original> {
  const lambda = new LambdaClient(clientSettings);
  const found = await lambda.send(new GetFunctionCommand({ FunctionName: functionName, Qualifier: qualifier }));
  const { Configuration: configuration = {}, Code } = found;
  if (configuration.PackageType === 'Image') {
    return { configuration, code: { ImageUri: Code?.ImageUri }, release: async () => {} };
  }
  const bytes = await download(Code?.Location ?? '', functionName);
  if (bytes.length <= DIRECT_UPLOAD_MAX) return { configuration, code: { ZipFile: bytes }, release: async () => {} };
  const s3 = new S3Client(clientSettings);
  const place = { Bucket: `cloudlet-artifacts-${region}`, Key: `${newName(0)}.zip` };
  await s3.send(new CreateBucketCommand({ Bucket: place.Bucket })).catch((error: unknown) => {
    if (!(error instanceof Error) || !error.name.startsWith('BucketAlready')) throw error;
  });
  await s3.send(new PutObjectCommand({ ...place, Body: bytes }));
  return {
    configuration,
    code: { S3Bucket: place.Bucket, S3Key: place.Key },
    async release() {
      await s3.send(new DeleteObjectCommand(place));
    },
  };
}

async function download(location: string, functionName: string): Promise<Uint8Array> {
  const response = await fetch(location);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new UserError('ERR_TUNE', `the code of ${functionName} cannot be fetched (HTTP ${response.status})`, {
    where: location,
  });
}

export function createCopies({ clientSettings }: Connection): Copies {
  const lambda = new LambdaClient(clientSettings);
  const logs = new CloudWatchLogsClient(clientSettings);
  const made = new Set<string>();

  async function create(input: Omit<CreateFunctionCommandInput, 'FunctionName'>): Promise<string> {
    const name = newName(input.MemorySize ?? 0);
    made.add(name);
    await lambda.send(new CreateFunctionCommand({ ...input, FunctionName: name }));
    for (;;) {
      const { State, StateReason } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
      if (State === 'Active' || State === 'Inactive') return name;
      if (State === 'Failed') throw new UserError('ERR_TUNE', `a copy cannot run: ${StateReason ?? 'no reason given'}`);
      await delay(POLL_MS);
    }
  }

  async function remove(name: string): Promise<void> {
    await unlessGone(lambda.send(new DeleteFunctionCommand({ FunctionName: name })));
    await unlessGone(logs.send(new DeleteLogGroupCommand({ logGroupName: `/aws/lambda/${name}` })));
    made.delete(name);
  }

  return {
    make: ({ configuration, code }, memoryMb) => create(copyInput(configuration, code, memoryMb)),
    remove,
    async removeAll() {
      await Promise.all([...made].map(remove));
    },
    async removeStale() {
      const stale: string[] = [];
      for await (const page of paginateListFunctions({ client: lambda }, {})) {
        for (const { FunctionName = '', LastModified = '' } of page.Functions ?? []) {
          if (isStale(FunctionName, Date.parse(LastModified))) stale.push(FunctionName);
        }
      }
      await Promise.all(stale.map(remove));
      return stale.length;
    },
  };
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
  });
}

/** All that decides how the code runs. Triggers, concurrency and dead letters stay with the original. */
function copyInput(
  from: FunctionConfiguration,
  Code: Original['code'],
  memoryMb: number,
): Omit<CreateFunctionCommandInput, 'FunctionName'> {
  const { LogFormat, ApplicationLogLevel, SystemLogLevel } = from.LoggingConfig ?? {};
  const layers = (from.Layers ?? []).map((layer) => layer.Arn ?? '');
  const vpc = from.VpcConfig;
  return {
    Description: `temporary copy of ${from.FunctionName} made by cloudlet tune`,
    Code,
    PackageType: from.PackageType,
    Runtime: from.Runtime,
    Handler: from.Handler,
    Role: from.Role,
    Timeout: from.Timeout,
    MemorySize: memoryMb,
    Architectures: from.Architectures,
    EphemeralStorage: from.EphemeralStorage,
    KMSKeyArn: from.KMSKeyArn,
    TracingConfig: from.TracingConfig?.Mode === undefined ? undefined : { Mode: from.TracingConfig.Mode },
    Environment: from.Environment?.Variables === undefined ? undefined : { Variables: from.Environment.Variables },
    Layers: layers.length === 0 ? undefined : layers,
    ImageConfig: from.ImageConfigResponse?.ImageConfig,
    FileSystemConfigs: from.FileSystemConfigs,
    VpcConfig:
      (vpc?.SubnetIds ?? []).length === 0
        ? undefined
        : { SubnetIds: vpc?.SubnetIds, SecurityGroupIds: vpc?.SecurityGroupIds },
    LoggingConfig: LogFormat === 'JSON' ? { LogFormat, ApplicationLogLevel, SystemLogLevel } : undefined,
  };
}
