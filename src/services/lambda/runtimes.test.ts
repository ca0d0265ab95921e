// Which runtimes functions may be created and updated with, and AWS's words for the others.
import { CreateFunctionCommand, LambdaClient, UpdateFunctionCodeCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { describe, expect, test } from 'vitest';
import { RUNTIME_IDENTIFIERS, findRuntimeIdentifier, isBlocked } from '../../base/runtime-identifiers.ts';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { moduleZip } from './test-archive.ts';

const ZipFile = await moduleZip('export const handler = async () => 1;');

function create(cloud: TestCloud, name: string, runtime: string): Promise<unknown> {
  return cloud.client(LambdaClient).send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: runtime as 'nodejs22.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile },
    }),
  );
}

// AWS: awslabs/aws-api-gateway-developer-portal#650 (recorded)
const refusalOf = (runtime: string): string =>
  `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`;

// AWS: developer guide, "Lambda runtimes", tables of supported and deprecated runtimes
const PHASES: readonly [date: string, id: string, create: boolean, update: boolean][] = [
  ['2026-11-21', 'nodejs26.x',    true,  true],
  ['2026-11-21', 'nodejs20.x',    true,  true],
  ['2026-11-21', 'nodejs16.x',    true,  true],
  ['2026-11-21', 'nodejs14.x',    false, true],
  ['2026-11-21', 'nodejs12.x',    false, false],
  ['2026-11-21', 'python3.15',    true,  true],
  ['2026-11-21', 'python3.8',     true,  true],
  ['2026-11-21', 'python3.7',     false, true],
  ['2026-11-21', 'python3.6',     false, false],
  ['2026-11-21', 'go1.x',         false, true],
  ['2026-11-21', 'java17.al2023', true,  true],
  ['2027-01-31', 'provided.al2',  true,  true],
  ['2027-02-01', 'provided.al2',  false, true],
  ['2027-03-03', 'provided.al2',  false, false],
];

test.each(PHASES)('%s: %s', (date, id, create, update) => {
  const row = findRuntimeIdentifier(id);
  expect(row && [!isBlocked(row, 'create', date), !isBlocked(row, 'update', date)]).toEqual([create, update]);
});

test('families and versions', () => {
  const of = (id: string): unknown => [findRuntimeIdentifier(id)?.family, findRuntimeIdentifier(id)?.version];
  expect(of('nodejs22.x')).toEqual(['nodejs', '22']);
  expect(of('python3.12')).toEqual(['python', '3.12']);
  expect(of('java8.al2')).toEqual(['java', '8']);
  expect(of('java17.al2023')).toEqual(['java', '17']);
  expect(of('dotnetcore3.1')).toEqual(['dotnet', 'core3.1']);
  expect(of('provided.al2023')).toEqual(['provided', 'al2023']);
});

describe('the API', () => {
  test('takes every runtime that AWS takes', async () => {
    await using cloud = await createCloud();
    const rows = RUNTIME_IDENTIFIERS.filter((row) => !isBlocked(row, 'create'));
    expect(rows.length).toBeGreaterThan(30);
    for (const [index, { id }] of rows.entries()) {
      expect(await create(cloud, `f${index}`, id)).toMatchObject({ Runtime: id });
    }
  });

  test('refuses what AWS no longer takes, in its words', async () => {
    await using cloud = await createCloud();
    const lambda = cloud.client(LambdaClient);
    for (const runtime of ['nodejs12.x', 'nodejs14.x', 'go1.x', 'python2.7']) {
      await expect(create(cloud, 'f', runtime)).rejects.toMatchObject({
        name: 'InvalidParameterValueException',
        message: refusalOf(runtime),
      });
    }
    await create(cloud, 'f', 'nodejs20.x');
    const update = (Runtime: 'nodejs12.x' | 'nodejs14.x'): Promise<unknown> =>
      lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Runtime }));
    await expect(update('nodejs12.x')).rejects.toMatchObject({ message: refusalOf('nodejs12.x') });
    expect(await update('nodejs14.x')).toMatchObject({ Runtime: 'nodejs14.x' });
  });

  test('the switch lets them in', async () => {
    await using cloud = await createCloud({ allowDeprecatedRuntimes: true });
    expect(await create(cloud, 'f', 'nodejs12.x')).toMatchObject({ Runtime: 'nodejs12.x' });
    const update = new UpdateFunctionCodeCommand({ FunctionName: 'f', ZipFile });
    expect(await cloud.client(LambdaClient).send(update)).toMatchObject({ Runtime: 'nodejs12.x' });
  });

  test('a name that is none is told the list', async () => {
    await using cloud = await createCloud();
    // AWS: serverless/serverless#7183 (recorded)
    await expect(create(cloud, 'f', 'nodejs21.x')).rejects.toThrow(
      /^Value nodejs21\.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \[.*nodejs24\.x.*\] or be a valid ARN$/,
    );
  });
});
