// Functions from container images through the API, run by a stand-in for docker.
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { writeImages, writeStandIn } from '../../engine/isolation/container-stand-in.ts';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { moduleZip } from './test-archive.ts';

const DIGEST = '0123456789abcdef'.repeat(4);
const PINNED = `123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:${DIGEST}`;
const ROLE = 'arn:aws:iam::000000000000:role/r';

let folder: string;
let cloud: TestCloud;
let lambda: LambdaClient;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudlet-docker-'));
  const image = { ...writeStandIn(folder), here: true } as const;
  writeImages(folder, { 'repo/app:1': image, 'repo/app:2': { ...image, command: ['second'] }, [PINNED]: image });
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(LambdaClient);
});
afterEach(() => cloud.close());

function create(given: Partial<CreateFunctionCommandInput> = {}): Promise<unknown> {
  const image = { PackageType: 'Image', Code: { ImageUri: 'repo/app:1' } } as const;
  return lambda.send(new CreateFunctionCommand({ FunctionName: 'fn', Role: ROLE, ...image, ...given }));
}

async function invoke(Qualifier?: string): Promise<unknown> {
  const answer = await lambda.send(new InvokeCommand({ FunctionName: 'fn', Qualifier }));
  return JSON.parse(Buffer.from(answer.Payload ?? []).toString());
}

test('is made, shown, run, configured and given another image', async () => {
  expect(await create({ ImageConfig: { Command: ['one'] } })).toMatchObject({
    PackageType: 'Image',
    CodeSize: 0,
    ImageConfigResponse: { ImageConfig: { Command: ['one'] } },
  });
  const { Configuration, Code } = await lambda.send(new GetFunctionCommand({ FunctionName: 'fn' }));
  // AWS: API_FunctionConfiguration.html, API_FunctionCodeLocation.html
  for (const absent of ['Runtime', 'Handler', 'RuntimeVersionConfig', 'Layers']) expect(Configuration).not.toHaveProperty(absent);
  expect(Code).toEqual({ RepositoryType: 'ECR', ImageUri: 'repo/app:1', ResolvedImageUri: `repo/app@sha256:${Configuration?.CodeSha256}` });
  expect(await invoke()).toMatchObject({ count: 1, argv: ['one'] });

  const ImageConfig = { Command: ['two'], WorkingDirectory: '/inner' };
  const configured = await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'fn', ImageConfig, Timeout: 9 }));
  expect(configured).toMatchObject({ Timeout: 9, ImageConfigResponse: { ImageConfig } });
  expect(await invoke()).toMatchObject({ count: 1, argv: ['two'], cwd: 'inner' });
  const kept = await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'fn', Timeout: 10 }));
  expect(kept.ImageConfigResponse).toEqual({ ImageConfig });

  const published = await lambda.send(new PublishVersionCommand({ FunctionName: 'fn' }));
  expect(published).toMatchObject({ Version: '1', PackageType: 'Image' });
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'fn', ImageConfig: {} }));
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'fn', ImageUri: 'repo/app:2' }));
  expect(await invoke()).toMatchObject({ argv: ['second'], cwd: 'app' });
  expect(await invoke('1')).toMatchObject({ argv: ['two'], cwd: 'inner' });
});

test('a digest in the name is the digest of the code', async () => {
  expect(await create({ Code: { ImageUri: PINNED } })).toMatchObject({ CodeSha256: DIGEST });
  const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName: 'fn' }));
  expect(Code).toMatchObject({ ImageUri: PINNED, ResolvedImageUri: PINNED });
});

describe('refusals', () => {
  const mixed = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";

  // AWS: pulumi/pulumi-aws#5439, boto/boto3#2705 (recorded)
  test.each<[string, Partial<CreateFunctionCommandInput>, string]>([
    ['a handler', { Handler: 'index.handler' }, mixed],
    ['a runtime', { Runtime: 'nodejs22.x' }, mixed],
    ['a layer', { Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:l:1'] }, mixed],
    ['no image', { Code: {} }, 'Please provide a source for function code.'],
    ['no package type', { PackageType: undefined }, 'Runtime and Handler are mandatory parameters for functions created with deployment packages.'],
    ['an image beside a runtime', { PackageType: 'Zip', Runtime: 'nodejs22.x', Handler: 'a.b' }, 'Please provide a source for function code.'],
  ])('create with %s', async (_title, given, message) => {
    await expect(create(given)).rejects.toMatchObject({ name: 'InvalidParameterValueException', message });
  });

  test('packages of the other kind', async () => {
    const ZipFile = await moduleZip('export const handler = async () => 1;');
    await create();
    const zipForImage = lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'fn', ZipFile }));
    await expect(zipForImage).rejects.toThrow('Please provide ImageUri when updating a function with packageType Image.');
    await create({ FunctionName: 'zip', PackageType: 'Zip', Runtime: 'nodejs22.x', Handler: 'index.handler', Code: { ZipFile } });
    const imageForZip = lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'zip', ImageUri: 'repo/app:1' }));
    // AWS: umihico/pythonista-chromeless#19 (recorded)
    await expect(imageForZip).rejects.toThrow("Please don't provide ImageUri when updating a function with packageType Zip.");
  });

  test('an image that is nowhere is told when it is invoked', async () => {
    await create({ Code: { ImageUri: 'repo/none:1' } });
    await expect(invoke()).rejects.toThrow('the image repo/none:1 cannot be had: Error response from daemon: manifest unknown');
  });
});
