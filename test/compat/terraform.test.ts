// Terraform's AWS provider on every service: apply, a second plan that is empty, changes in place, destroy.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ListTablesCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IAMClient, ListPoliciesCommand, ListRolesCommand, ListUsersCommand } from '@aws-sdk/client-iam';
import { ListFunctionsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, describe, expect, test } from 'vitest';
import { zip } from '../../src/services/lambda/test-archive.ts';
import { createCloud } from '../../src/testing/create-cloud.ts';
import { clientEnvironment } from './client-environment.ts';

const run = promisify(execFile);
const ACCOUNT = '111122223333';
const RESOURCES = 40;
// What is there was read by the plan before.
const AT_ONCE = ['-auto-approve', '-parallelism=30', '-refresh=false'];

/** Folders that may hold the provider as `HOST/hashicorp/aws/VERSION/PLATFORM/…`. */
const PLUGIN_FOLDERS = [
  process.env['TF_PLUGIN_DIR'],
  join(homedir(), '.terraform.d/plugins'),
  join(homedir(), '.local/share/terraform/plugins'),
  '/usr/local/share/terraform/plugins',
  '/usr/share/terraform/plugins',
  '/opt/tf-plugins',
];

const directory = mkdtempSync(join(tmpdir(), 'cloudlet-terraform-'));
const env = { ...clientEnvironment('', ACCOUNT), CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
afterAll(() => rmSync(directory, { recursive: true }));

/** Whether Terraform is there and finds its provider without a download. */
function prepare(): boolean {
  cpSync(fileURLToPath(new URL('terraform/', import.meta.url)), directory, { recursive: true });
  const folder = PLUGIN_FOLDERS.find((path) => path !== undefined && existsSync(path));
  const where = folder === undefined ? [] : [`-plugin-dir=${folder}`];
  try {
    const options = { cwd: directory, env, stdio: 'ignore', timeout: 60_000 } as const;
    execFileSync('terraform', ['init', '-input=false', ...where], options);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!prepare())(
  'Terraform (needs terraform and its aws provider, whose folder TF_PLUGIN_DIR may name)',
  () => {
    test('apply, empty plan, change, empty plan, destroy', async () => {
      await using cloud = await createCloud({ clock: 'system' });
      const archive = join(directory, 'code.zip');
      const source = 'exports.handler = async (e) => ({ statusCode: 200, body: e.path + process.env.STAGE });';
      writeFileSync(archive, await zip({ 'index.js': source }));

      async function terraform(change: string, ...args: string[]): Promise<string> {
        const variables = { endpoint: cloud.endpoint, archive, change };
        const given = Object.entries(variables).flatMap(([name, value]) => ['-var', `${name}=${value}`]);
        const options = { cwd: directory, env, maxBuffer: 1e8 };
        const { stdout } = await run('terraform', [...args, ...given, '-input=false', '-no-color'], options);
        return stdout;
      }
      async function expectNoChanges(change: string): Promise<void> {
        // Exit code 2, a rejection here, says that there would be changes.
        expect(await terraform(change, 'plan', '-detailed-exitcode')).toContain('No changes.');
      }

      const applied = await terraform('one', 'apply', ...AT_ONCE);
      expect(applied).toContain(`Apply complete! Resources: ${RESOURCES} added, 0 changed, 0 destroyed.`);
      expect(applied).toContain(`account = "${ACCOUNT}"`);
      const url = /url = "(.+)"/.exec(applied)?.[1] ?? '';
      expect(await (await fetch(`${url}/thing`)).text()).toBe('/thingone');
      await expectNoChanges('one');

      const changed = await terraform('two', 'apply', ...AT_ONCE);
      expect(changed).toMatch(/Apply complete! Resources: \d+ added, \d+ changed, \d+ destroyed\./);
      expect(await (await fetch(`${url}/thing`)).text()).toBe('/thingtwo');
      const s3 = cloud.client(S3Client, { account: ACCOUNT });
      const readme = await s3.send(new GetObjectCommand({ Bucket: 'tf-files', Key: 'docs/read me.txt' }));
      expect(await readme.Body?.transformToString()).toBe('hello two');
      await expectNoChanges('two');

      const destroyed = await terraform('two', 'destroy', ...AT_ONCE);
      expect(destroyed).toContain(`Destroy complete! Resources: ${RESOURCES} destroyed.`);
      const of = { account: ACCOUNT };
      const [iam, sqs] = [cloud.client(IAMClient, of), cloud.client(SQSClient, of)];
      expect((await s3.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
      expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
      expect((await cloud.client(DynamoDBClient, of).send(new ListTablesCommand({}))).TableNames).toEqual([]);
      expect((await cloud.client(LambdaClient, of).send(new ListFunctionsCommand({}))).Functions).toEqual([]);
      expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
      expect((await iam.send(new ListUsersCommand({}))).Users).toEqual([]);
      expect((await iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toEqual([]);
    }, 300_000);
  },
);
