// Terraform's AWS provider on Lambda and API Gateway: apply, call, an empty second plan, a change, destroy.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetRestApisCommand, APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { LambdaClient, ListEventSourceMappingsCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterAll, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { createCloud } from '../../src/testing/create-cloud.ts';

const run = promisify(execFile);

interface Wishes {
  readonly endpoint: string;
  readonly colour: string;
  readonly weight: number;
  readonly throttle: number;
}

function configuration({ endpoint, colour, weight, throttle }: Wishes): string {
  return `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                  = "us-east-1"
  access_key              = "111122223333"
  secret_key              = "test"
  skip_metadata_api_check = true
  skip_region_validation  = true
  endpoints {
    apigateway = "${endpoint}"
    dynamodb   = "${endpoint}"
    iam        = "${endpoint}"
    lambda     = "${endpoint}"
    logs       = "${endpoint}"
    sqs        = "${endpoint}"
    sts        = "${endpoint}"
  }
}
resource "aws_iam_role" "worker" {
  name               = "worker"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}
resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}
resource "aws_sqs_queue" "failed" {
  name = "failed"
}
resource "aws_lambda_layer_version" "shared" {
  layer_name          = "shared"
  filename            = "layer.zip"
  compatible_runtimes = ["nodejs22.x"]
}
resource "aws_lambda_layer_version_permission" "shared" {
  layer_name     = aws_lambda_layer_version.shared.layer_name
  version_number = aws_lambda_layer_version.shared.version
  principal      = "444455556666"
  action         = "lambda:GetLayerVersion"
  statement_id   = "partner"
}
resource "aws_lambda_code_signing_config" "team" {
  description = "${colour}"
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:us-east-1:111122223333:/signing-profiles/team/abcdefghij"]
  }
  policies {
    untrusted_artifact_on_deployment = "Warn"
  }
  tags = { team = "core" }
}
resource "aws_lambda_function" "app" {
  function_name                  = "app"
  role                           = aws_iam_role.worker.arn
  runtime                        = "nodejs22.x"
  handler                        = "index.handler"
  filename                       = "function.zip"
  source_code_hash               = filebase64sha256("function.zip")
  timeout                        = 10
  memory_size                    = 256
  publish                        = true
  reserved_concurrent_executions = 20
  layers                         = [aws_lambda_layer_version.shared.arn]
  code_signing_config_arn        = aws_lambda_code_signing_config.team.arn
  environment {
    variables = { COLOUR = "${colour}" }
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.failed.arn
  }
  tags = { team = "core" }
}
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "weight ${weight}"
  function_name    = aws_lambda_function.app.function_name
  function_version = "1"
}
resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.app.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = ${weight}
}
resource "aws_lambda_runtime_management_config" "app" {
  function_name     = aws_lambda_function.app.function_name
  update_runtime_on = "${weight === 1 ? 'FunctionUpdate' : 'Auto'}"
}
resource "aws_lambda_function_recursion_config" "app" {
  function_name  = aws_lambda_function.app.function_name
  recursive_loop = "Allow"
}
resource "aws_dynamodb_table" "orders" {
  name             = "orders"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn               = aws_dynamodb_table.orders.stream_arn
  function_name                  = aws_lambda_alias.live.arn
  starting_position              = "LATEST"
  batch_size                     = 20
  maximum_retry_attempts         = ${weight}
  maximum_record_age_in_seconds  = 600
  bisect_batch_on_function_error = true
  tumbling_window_in_seconds     = ${weight * 30}
  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failed.arn
    }
  }
  tags = { colour = "${colour}" }
}
resource "aws_lambda_permission" "gateway" {
  statement_id  = "gateway"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.app.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "\${aws_api_gateway_rest_api.shop.execution_arn}/*"
}
resource "aws_lambda_function_url" "app" {
  function_name      = aws_lambda_function.app.function_name
  authorization_type = "NONE"
  cors {
    allow_origins = ["https://example.com"]
    max_age       = 60
  }
}
resource "aws_lambda_function_event_invoke_config" "app" {
  function_name                = aws_lambda_function.app.function_name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 600
  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}
resource "aws_lambda_event_source_mapping" "jobs" {
  event_source_arn        = aws_sqs_queue.jobs.arn
  function_name           = aws_lambda_function.app.arn
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]
  filter_criteria {
    filter {
      pattern = jsonencode({ body = { colour = ["${colour}"] } })
    }
  }
  scaling_config {
    maximum_concurrency = 2
  }
}
resource "aws_cloudwatch_log_group" "access" {
  name = "access"
}
resource "aws_api_gateway_rest_api" "shop" {
  name               = "shop"
  description        = "${colour}"
  binary_media_types = ["image/png"]
  endpoint_configuration {
    types = ["REGIONAL"]
  }
}
resource "aws_api_gateway_resource" "items" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = "items"
}
resource "aws_api_gateway_method" "get" {
  rest_api_id        = aws_api_gateway_rest_api.shop.id
  resource_id        = aws_api_gateway_resource.items.id
  http_method        = "GET"
  authorization      = "NONE"
  request_parameters = { "method.request.querystring.q" = false }
}
resource "aws_api_gateway_integration" "get" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.items.id
  http_method             = aws_api_gateway_method.get.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.app.invoke_arn
  timeout_milliseconds    = ${throttle * 1000}
}
resource "aws_api_gateway_method" "options" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_resource.items.id
  http_method   = "OPTIONS"
  authorization = "NONE"
}
resource "aws_api_gateway_integration" "options" {
  rest_api_id       = aws_api_gateway_rest_api.shop.id
  resource_id       = aws_api_gateway_resource.items.id
  http_method       = aws_api_gateway_method.options.http_method
  type              = "MOCK"
  request_templates = { "application/json" = "{\\"statusCode\\": 200}" }
}
resource "aws_api_gateway_method_response" "options" {
  rest_api_id         = aws_api_gateway_rest_api.shop.id
  resource_id         = aws_api_gateway_resource.items.id
  http_method         = aws_api_gateway_method.options.http_method
  status_code         = "200"
  response_models     = { "application/json" = "Empty" }
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = true }
}
resource "aws_api_gateway_integration_response" "options" {
  rest_api_id         = aws_api_gateway_rest_api.shop.id
  resource_id         = aws_api_gateway_resource.items.id
  http_method         = aws_api_gateway_method.options.http_method
  status_code         = aws_api_gateway_method_response.options.status_code
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = "'https://${colour}.test'" }
  depends_on          = [aws_api_gateway_integration.options]
}
resource "aws_api_gateway_deployment" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  triggers    = { colour = "${colour}" }
  depends_on  = [
    aws_api_gateway_integration.get,
    aws_api_gateway_integration_response.options,
  ]
  lifecycle {
    create_before_destroy = true
  }
}
resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  deployment_id = aws_api_gateway_deployment.shop.id
  stage_name    = "prod"
  variables     = { colour = "${colour}" }
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId $context.status"
  }
  tags = { team = "core" }
}
resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
  method_path = "*/*"
  settings {
    throttling_burst_limit = ${throttle}
    throttling_rate_limit  = 10
  }
}
output "api" {
  value = aws_api_gateway_rest_api.shop.id
}
output "url" {
  value = aws_lambda_function_url.app.function_url
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

function configure(wishes: Wishes): void {
  writeFileSync(join(directory, 'main.tf'), configuration(wishes));
}

/** Terraform with the provider at hand: `init` finds it without a download. */
function prepare(): boolean {
  try {
    configure({ endpoint: 'http://127.0.0.1:1', colour: 'red', weight: 1, throttle: 5 });
    const options = { cwd: directory, env, stdio: 'ignore', timeout: 60_000 } as const;
    execFileSync('terraform', ['init', '-input=false', '-no-color'], options);
    return true;
  } catch {
    return false;
  }
}

async function writeArchive(name: string, file: string, content: string): Promise<void> {
  const archive = new ZipFile();
  archive.addBuffer(Buffer.from(content), file, { mtime: new Date(1980, 0, 1) });
  archive.end();
  const chunks: Buffer[] = [];
  for await (const chunk of archive.outputStream) chunks.push(Buffer.from(chunk));
  writeFileSync(join(directory, name), Buffer.concat(chunks));
}

const present = prepare();
afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(!present)(
  'Terraform (needs terraform and its aws provider; CLOUDLET_TERRAFORM_PLUGINS may name its folder)',
  () => {
    test('a function, what hangs on it, and an API in front of it', async () => {
      await using cloud = await createCloud();
      const { endpoint } = cloud;
      const terraform = (...args: string[]): Promise<{ stdout: string }> =>
        run('terraform', [...args, '-input=false', '-no-color'], { cwd: directory, env, maxBuffer: 1e8 });
      const handler = `exports.handler = async () => ({ statusCode: 200, body: process.env.COLOUR });`;
      await writeArchive('function.zip', 'index.js', handler);
      await writeArchive('layer.zip', 'shared.txt', 'shared');

      configure({ endpoint, colour: 'red', weight: 1, throttle: 5 });
      const { stdout: applied } = await terraform('apply', '-auto-approve');
      expect(applied).toContain('Apply complete! Resources: 29 added, 0 changed, 0 destroyed.');
      expect((await terraform('plan', '-detailed-exitcode')).stdout).toContain('No changes.');
      const api = /api = "([a-z0-9]{10})"/.exec(applied)?.[1] ?? '';
      const url = `${endpoint}/restapis/${api}/prod/_user_request_/items`;
      expect(await (await fetch(url)).text()).toBe('red');
      const preflight = await fetch(url, { method: 'OPTIONS' });
      expect(preflight.headers.get('access-control-allow-origin')).toBe('https://red.test');

      configure({ endpoint, colour: 'blue', weight: 2, throttle: 7 });
      const { stdout: changed } = await terraform('apply', '-auto-approve');
      // Replaced: the deployment, whose triggers changed.
      expect(changed).toMatch(/Apply complete! Resources: 1 added, \d+ changed, 1 destroyed\./);
      expect((await terraform('plan', '-detailed-exitcode')).stdout).toContain('No changes.');
      expect(await (await fetch(url)).text()).toBe('blue');

      const { stdout: destroyed } = await terraform('destroy', '-auto-approve');
      expect(destroyed).toContain('Destroy complete! Resources: 29 destroyed.');
      const lambda = cloud.client(LambdaClient, { account: '111122223333' });
      expect((await lambda.send(new ListFunctionsCommand({}))).Functions).toEqual([]);
      const { EventSourceMappings } = await lambda.send(new ListEventSourceMappingsCommand({}));
      expect(EventSourceMappings).toEqual([]);
      const gateway = cloud.client(APIGatewayClient, { account: '111122223333' });
      expect((await gateway.send(new GetRestApisCommand({}))).items).toEqual([]);
    }, 600_000);
  },
);
