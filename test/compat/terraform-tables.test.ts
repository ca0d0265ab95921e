// Terraform's AWS provider on all that DynamoDB tables have: apply, a second plan that is empty,
// changes in place, destroy.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, test } from 'vitest';
import { createCloud } from '../../src/testing/create-cloud.ts';
import { clientEnvironment } from './client-environment.ts';

const run = promisify(execFile);
const ACCOUNT = '111122223333';
const RESOURCES = 9;
const AT_ONCE = ['-auto-approve', '-parallelism=30'];

/** Folders that may hold the provider as `HOST/hashicorp/aws/VERSION/PLATFORM/…`. */
const PLUGIN_FOLDERS = [
  process.env['TF_PLUGIN_DIR'],
  join(homedir(), '.terraform.d/plugins'),
  join(homedir(), '.local/share/terraform/plugins'),
  '/usr/local/share/terraform/plugins',
  '/usr/share/terraform/plugins',
  '/opt/tf-plugins',
];

const directory = mkdtempSync(join(tmpdir(), 'cloudlet-terraform-tables-'));
const env = { ...clientEnvironment('', ACCOUNT), CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
afterAll(() => rmSync(directory, { recursive: true }));

/** Whether Terraform is there and finds its provider without a download. */
function prepare(): boolean {
  cpSync(fileURLToPath(new URL('terraform-tables/', import.meta.url)), directory, { recursive: true });
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
  'Terraform and tables (needs terraform and its aws provider, whose folder TF_PLUGIN_DIR may name)',
  () => {
    test('apply, empty plan, change in place, empty plan, destroy', async () => {
      await using cloud = await createCloud({ clock: 'system' });

      async function terraform(change: string, ...args: string[]): Promise<string> {
        const given = ['-var', `endpoint=${cloud.endpoint}`, '-var', `change=${change}`];
        const options = { cwd: directory, env, maxBuffer: 1e8 };
        const { stdout } = await run('terraform', [...args, ...given, '-input=false', '-no-color'], options);
        return stdout;
      }
      async function expectNoChanges(change: string): Promise<void> {
        expect(await terraform(change, 'plan')).toContain('No changes.');
      }
      const of = { account: ACCOUNT };
      const db = cloud.client(DynamoDBClient, of);
      const tableId = async (TableName: string): Promise<string | undefined> =>
        (await db.send(new DescribeTableCommand({ TableName }))).Table?.TableId;

      const applied = await terraform('one', 'apply', ...AT_ONCE);
      expect(applied).toContain(`Apply complete! Resources: ${RESOURCES} added, 0 changed, 0 destroyed.`);
      await expectNoChanges('one');
      const before = [await tableId('orders'), await tableId('provisioned'), await tableId('world')];

      await terraform('two', 'apply', ...AT_ONCE);
      await expectNoChanges('two');
      const after = [await tableId('orders'), await tableId('provisioned'), await tableId('world')];
      expect(after).toEqual(before);
      const { Table } = await db.send(new DescribeTableCommand({ TableName: 'world' }));
      expect(Table?.Replicas?.map((replica) => replica.RegionName)).toEqual(['ap-south-1']);

      const destroyed = await terraform('two', 'destroy', ...AT_ONCE);
      expect(destroyed).toContain('Destroy complete!');
      for (const region of ['us-east-1', 'eu-west-1', 'ap-south-1']) {
        const there = cloud.client(DynamoDBClient, { ...of, region });
        expect((await there.send(new ListTablesCommand({}))).TableNames).toEqual([]);
      }
    }, 600_000);
  },
);
