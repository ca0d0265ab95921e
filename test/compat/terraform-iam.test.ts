// Terraform's AWS provider on IAM and STS: apply, a second plan that is empty, a change in place, destroy.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  IAMClient,
  ListPoliciesCommand,
  ListRolesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import { afterAll, describe, expect, test } from 'vitest';
import { createCloud } from '../../src/testing/create-cloud.ts';

const run = promisify(execFile);

function configuration(endpoint: string, description: string): string {
  return `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "111122223333"
  secret_key                  = "test"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  endpoints {
    iam = "${endpoint}"
    sts = "${endpoint}"
  }
}
data "aws_caller_identity" "current" {}
data "aws_iam_policy" "basic" {
  arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "app" {
  name               = "app"
  path               = "/team/"
  description        = "${description}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { team = "${description}" }
}
resource "aws_iam_policy" "read" {
  name   = "read"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::${description}/*" }]
  })
}
resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_role_policy_attachment" "basic" {
  role       = aws_iam_role.app.name
  policy_arn = data.aws_iam_policy.basic.arn
}
resource "aws_iam_role_policy" "inline" {
  role   = aws_iam_role.app.id
  name   = "inline"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = "*" }]
  })
}
resource "aws_iam_instance_profile" "app" {
  name = "app"
  role = aws_iam_role.app.name
}
resource "aws_iam_user" "bot" {
  name          = "bot"
  force_destroy = true
  tags          = { kind = "bot" }
}
resource "aws_iam_user_policy_attachment" "bot" {
  user       = aws_iam_user.bot.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_access_key" "bot" {
  user = aws_iam_user.bot.name
}
resource "aws_iam_group" "bots" {
  name = "bots"
}
resource "aws_iam_group_membership" "bots" {
  name  = "bots"
  group = aws_iam_group.bots.name
  users = [aws_iam_user.bot.name]
}
resource "aws_iam_account_alias" "shop" {
  account_alias = "shop"
}
output "account" {
  value = data.aws_caller_identity.current.account_id
}
`;
}

const directory = mkdtempSync(join(tmpdir(), 'cloudlet-terraform-'));

/** A folder that holds the provider (`…/hashicorp/aws/VERSION/…`), where Terraform cannot find it by itself. */
const mirror = process.env['CLOUDLET_TERRAFORM_PLUGINS'];
const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
if (mirror !== undefined) {
  const file = join(directory, 'cli.tfrc');
  writeFileSync(
    file,
    `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`,
  );
  Object.assign(env, { TF_CLI_CONFIG_FILE: file });
}

/** Terraform with the provider at hand: `init` finds it without a download. */
function prepare(): boolean {
  try {
    writeFileSync(join(directory, 'main.tf'), configuration('http://127.0.0.1:1', 'one'));
    const options = { cwd: directory, env, stdio: 'ignore', timeout: 60_000 } as const;
    execFileSync('terraform', ['init', '-input=false', '-no-color'], options);
    return true;
  } catch {
    return false;
  }
}

const present = prepare();
afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(!present)(
  'Terraform (needs terraform and its aws provider; CLOUDLET_TERRAFORM_PLUGINS may name its folder)',
  () => {
    test('apply, empty plan, change, destroy', async () => {
      await using cloud = await createCloud();
      const terraform = (...args: string[]): Promise<{ stdout: string }> =>
        run('terraform', [...args, '-input=false', '-no-color'], {
          cwd: directory,
          env,
          maxBuffer: 1e8,
        });
      const configure = (description: string): void =>
        writeFileSync(join(directory, 'main.tf'), configuration(cloud.endpoint, description));

      configure('one');
      const { stdout: applied } = await terraform('apply', '-auto-approve');
      expect(applied).toContain('Apply complete! Resources: 12 added, 0 changed, 0 destroyed.');
      expect(applied).toContain('account = "111122223333"');
      const { stdout: planned } = await terraform('plan', '-detailed-exitcode');
      expect(planned).toContain('No changes.');

      configure('two');
      const { stdout: changed } = await terraform('apply', '-auto-approve');
      expect(changed).toContain('Apply complete! Resources: 0 added, 2 changed, 0 destroyed.');
      expect((await terraform('plan', '-detailed-exitcode')).stdout).toContain('No changes.');

      const { stdout: destroyed } = await terraform('destroy', '-auto-approve');
      expect(destroyed).toContain('Destroy complete! Resources: 12 destroyed.');
      const iam = cloud.client(IAMClient, { account: '111122223333' });
      expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
      expect((await iam.send(new ListUsersCommand({}))).Users).toEqual([]);
      expect((await iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toEqual([]);
    }, 300_000);
  },
);
