// Parts of development: syntax checks before code is replaced, versioned functions, bundles for debuggers.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTemplate } from '../../deploy/parse-template.ts';
import { createBuilder } from './build-artifact.ts';
import { describeChanges } from './change-set.ts';
import { checkSyntax } from './check-syntax.ts';
import { openProject } from './project.ts';
import { hasVersions } from './versioned-functions.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-development-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('syntax', () => {
  test.skipIf(!hasPython())('of Python (needs python3)', async () => {
    const good = await file('good.py', 'def handler(event, context):\n    return 1\n');
    const bad = await file('bad.py', 'def handler(event, context:\n    return 1\n');
    await expect(checkSyntax([good])).resolves.toBeUndefined();
    await expect(checkSyntax([good, bad])).rejects.toMatchObject({
      code: 'ERR_SYNTAX',
      where: expect.stringMatching(/bad\.py:\d+:\d+\n {4}def handler/),
    });
  });

  test('of JavaScript, modules and CommonJS', async () => {
    const good = [
      await file('good.mjs', 'import fs from "node:fs"; export const handler = async () => await fs;'),
      await file('good.js', 'exports.handler = async () => require("fs");'),
    ];
    const bad = await file('bad.js', 'exports.handler = async ( => 1;');
    await expect(checkSyntax(good)).resolves.toBeUndefined();
    await expect(checkSyntax([...good, bad])).rejects.toMatchObject({
      code: 'ERR_SYNTAX',
      where: expect.stringMatching(/bad\.js:1:\d+\n {4}exports\.handler/),
    });
  });

  test('files that are gone and other languages pass', async () => {
    await expect(checkSyntax([join(folder, 'gone.py'), join(folder, 'gone.js'), await file('x.rb', 'def (')])).resolves.toBeUndefined();
  });
});

describe('functions whose versions are called', () => {
  test.each<[string, string, boolean]>([
    ['plain', 'Fn: { Type: AWS::Serverless::Function, Properties: { CodeUri: src } }', false],
    ['with an alias', 'Fn: { Type: AWS::Serverless::Function, Properties: { AutoPublishAlias: live } }', true],
    ['a version by !Ref', 'Fn: { Type: AWS::Lambda::Function }\n  V: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Ref Fn } }', true],
    ['a version by !GetAtt', 'Fn: { Type: AWS::Lambda::Function }\n  V: { Type: AWS::Lambda::Version, Properties: { FunctionName: !GetAtt Fn.Arn } }', true],
    ['a version by !Sub', 'Fn: { Type: AWS::Lambda::Function }\n  V: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Sub "${Fn}" } }', true],
    ['a version of another', 'Fn: { Type: AWS::Lambda::Function }\n  V: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Ref Fn2 } }', false],
  ])('%s', (_name, resources, expected) => {
    expect(hasVersions(parseTemplate(`Resources:\n  ${resources}\n`).content, 'Fn')).toBe(expected);
  });

  test('by a setting for all', () => {
    const { content } = parseTemplate(
      'Globals: { Function: { AutoPublishAlias: live } }\nResources:\n  Fn: { Type: AWS::Serverless::Function }\n  Raw: { Type: AWS::Lambda::Function }\n',
    );
    expect([hasVersions(content, 'Fn'), hasVersions(content, 'Raw')]).toEqual([true, false]);
  });
});

describe('a bundle', () => {
  test('for a debugger brings maps whose sources are the files of the editor', async () => {
    const app = join(folder, 'app');
    await file('app/template.yaml', 'Resources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties: { CodeUri: src, Handler: fn.handler, Runtime: nodejs20.x }\n');
    const shared = await file('shared/word.ts', 'export const word: string = "hello";\n');
    const source = await file('app/src/fn.ts', 'import { word } from "../../shared/word.ts";\nexport const handler = async () => word;\n');
    const project = await openProject(app);
    const [artifact] = project.artifacts;
    if (artifact === undefined) throw new Error('the template has a function');
    const builder = await createBuilder(project, artifact, { debug: true });
    await builder.build();
    const built = await readFile(join(project.buildFolder, 'Fn', 'fn.js'), 'utf8');
    const [, encoded = ''] = /\n\/\/# sourceMappingURL=data:application\/json;base64,(.+)\n$/.exec(built) ?? [];
    const { sources } = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { sources: string[] };
    expect(sources.map((url) => fileURLToPath(url)).toSorted()).toEqual([source, shared].toSorted());
    // An edit of what it imports asks for another build, wherever that lies.
    expect([builder.dependsOn(shared), builder.dependsOn(join(folder, 'shared', 'other.ts'))]).toEqual([true, false]);
    expect(builder.folders()).toContain(join(folder, 'shared'));
    await builder.dispose();
  });
});

test('changes are told in one line each', () => {
  expect(
    describeChanges([
      { action: 'Modify', logicalId: 'Fn', type: 'AWS::Lambda::Function' },
      { action: 'Replace', logicalId: 'Table', type: 'AWS::DynamoDB::Table' },
      { action: 'Add', logicalId: 'Q', type: 'AWS::SQS::Queue' },
    ]),
  ).toBe('  ~ Fn     AWS::Lambda::Function\n  ! Table  AWS::DynamoDB::Table (replaced)\n  + Q      AWS::SQS::Queue');
});
