// The AWS command line, as people type it, against every service.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { zip } from '../../src/services/lambda/test-archive.ts';
import { type TestCloud, createCloud } from '../../src/testing/create-cloud.ts';
import { clientEnvironment } from './client-environment.ts';

/** 1 or 2; undefined where there is none. */
function awsVersion(): number | undefined {
  try {
    const said = execFileSync('aws', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return Number(/aws-cli\/(\d+)/.exec(said)?.[1] ?? '1');
  } catch {
    return undefined;
  }
}

const version = awsVersion();
const folder = mkdtempSync(join(tmpdir(), 'cloudlet-aws-'));
const HANDLER = `exports.handler = async (event) => {
  console.log('got ' + JSON.stringify(event));
  if (event.fail) throw new Error('as asked');
  return { statusCode: 200, body: 'hello ' + (event.name ?? event.path) };
};`;
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
});

/** What the command printed as JSON; a failure rejects with the command's words. */
type Aws = (line: string, ...more: string[]) => Promise<Record<string, unknown>>;

let cloud: TestCloud;
let lastAccount = 200_000_000_000;

/** The words of `line` are split at blanks; what may hold blanks comes in `more`. */
function useAws(): { aws: Aws; account: string; text: (line: string) => Promise<string> } {
  const account = String((lastAccount += 1));
  // Version 2 reads blobs as base64 unless told otherwise, version 1 has no such option.
  const blobs: Record<string, string> = version === 1 ? {} : { AWS_CLI_BINARY_FORMAT: 'raw-in-base64-out' };
  const env = { ...clientEnvironment(cloud.endpoint, account), ...blobs, AWS_DEFAULT_OUTPUT: 'json' };
  // By name: version 1 takes the address of SQS from nowhere else.
  const endpoint = ['--endpoint-url', cloud.endpoint];
  const text = async (line: string, ...more: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('aws', [...line.split(' '), ...more, ...endpoint], {
      env,
      cwd: folder,
      maxBuffer: 1e8,
    });
    return stdout;
  };
  return {
    account,
    text,
    aws: async (line, ...more) => {
      const stdout = await text(line, ...more);
      return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
    },
  };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe.skipIf(version === undefined)('aws (needs the AWS command line)', { concurrent: true }, () => {
  beforeAll(async () => {
    cloud = await createCloud({ clock: 'system' });
    file('code.zip', await zip({ 'index.js': HANDLER }));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await cloud.close();
  });

  test('s3: mb, cp, sync, ls, mv, presign, rb --force', async ({ expect }) => {
    const { aws, text } = useAws();
    expect(await text('s3 mb s3://cli-things')).toBe('make_bucket: cli-things\n');
    const large = Buffer.alloc(9 << 20, 'large');
    file('tree/a.txt', 'one');
    file('tree/sub/b é.txt', 'two');
    file('tree/large.bin', large);
    await text('s3 sync tree s3://cli-things/tree');
    expect(await text('s3 sync tree s3://cli-things/tree')).toBe('');
    const listed = await text('s3 ls s3://cli-things --recursive --summarize');
    expect(listed).toContain('tree/sub/b é.txt');
    expect(listed).toContain('Total Objects: 3');
    await text('s3 cp s3://cli-things/tree/ back --recursive');
    expect(readdirSync(join(folder, 'back')).toSorted()).toEqual(['a.txt', 'large.bin', 'sub']);
    expect(readFileSync(join(folder, 'back/large.bin')).equals(large)).toBe(true);
    await text('s3 mv s3://cli-things/tree/a.txt s3://cli-things/moved.txt');
    expect(await text('s3 cp s3://cli-things/moved.txt -')).toBe('one');
    const url = (await text('s3 presign s3://cli-things/moved.txt --expires-in 60')).trim();
    expect(await (await fetch(url)).text()).toBe('one');
    await expect(text('s3 rb s3://cli-things')).rejects.toThrow('BucketNotEmpty');
    await text('s3 rb s3://cli-things --force');
    expect((await aws('s3api list-buckets'))['Buckets']).toEqual([]);
  }, 120_000);

  test('dynamodb: create-table, wait, put, update, query, scan', async ({ expect }) => {
    const { aws } = useAws();
    await aws(
      'dynamodb create-table --table-name things --billing-mode PAY_PER_REQUEST' +
        ' --attribute-definitions AttributeName=a,AttributeType=S AttributeName=b,AttributeType=N' +
        ' --key-schema AttributeName=a,KeyType=HASH AttributeName=b,KeyType=RANGE',
    );
    await aws('dynamodb wait table-exists --table-name things');
    await aws('dynamodb put-item --table-name things --item', '{"a":{"S":"x"},"b":{"N":"1"},"c":{"B":"hi"}}');
    const updated = await aws(
      'dynamodb update-item --table-name things --return-values ALL_NEW --update-expression',
      'SET n = :n',
      '--key',
      '{"a":{"S":"x"},"b":{"N":"1"}}',
      '--expression-attribute-values',
      '{":n":{"L":[{"BOOL":true},{"NULL":true}]}}',
    );
    const item = { a: { S: 'x' }, b: { N: '1' }, c: { B: 'aGk=' }, n: { L: [{ BOOL: true }, { NULL: true }] } };
    expect(updated['Attributes']).toEqual(item);
    const found = await aws(
      'dynamodb query --table-name things --key-condition-expression',
      'a = :a AND b > :b',
      '--expression-attribute-values',
      '{":a":{"S":"x"},":b":{"N":"0"}}',
    );
    expect(found).toMatchObject({ Items: [item], Count: 1, ScannedCount: 1 });
    await expect(
      aws('dynamodb put-item --table-name things --condition-expression attribute_not_exists(a) --item', JSON.stringify(item)),
    ).rejects.toThrow('(ConditionalCheckFailedException) when calling the PutItem operation: The conditional request failed');
  }, 120_000);

  test('sqs and sns: a message through a topic', async ({ expect }) => {
    const { aws, account } = useAws();
    const { QueueUrl } = await aws('sqs create-queue --queue-name q --attributes VisibilityTimeout=5');
    const { TopicArn } = await aws('sns create-topic --name t');
    const arn = `arn:aws:sqs:us-east-1:${account}:q`;
    await aws(
      `sns subscribe --topic-arn ${String(TopicArn)} --protocol sqs --notification-endpoint ${arn}` +
        ' --attributes RawMessageDelivery=true',
    );
    const policy = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: arn }],
    };
    await aws(
      `sqs set-queue-attributes --queue-url ${String(QueueUrl)} --attributes`,
      JSON.stringify({ Policy: JSON.stringify(policy) }),
    );
    await aws(`sns publish --topic-arn ${String(TopicArn)} --message`, 'through a topic');
    const { Messages } = await aws(`sqs receive-message --queue-url ${String(QueueUrl)} --wait-time-seconds 5`);
    expect(Messages).toMatchObject([{ Body: 'through a topic' }]);
    await expect(aws('sqs get-queue-url --queue-name none')).rejects.toThrow(
      '(AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl operation: The specified queue does not exist.',
    );
  }, 120_000);

  test('lambda: layers, code signing, and a mapping with its tags', async ({ expect }) => {
    const { aws, account } = useAws();
    writeFileSync(join(folder, 'layer.zip'), await zip({ 'a.txt': 'a' }));
    const layer = await aws(
      'lambda publish-layer-version --layer-name tools --zip-file fileb://layer.zip --compatible-runtimes nodejs20.x',
    );
    const arn = `arn:aws:lambda:us-east-1:${account}:layer:tools:1`;
    expect(layer['LayerVersionArn']).toBe(arn);
    await aws(
      'lambda add-layer-version-permission --layer-name tools --version-number 1 --statement-id s' +
        ' --action lambda:GetLayerVersion --principal *',
    );
    expect((await aws(`lambda get-layer-version-by-arn --arn ${arn}`))['Version']).toBe(1);
    const profile = `arn:aws:signer:us-east-1:${account}:/signing-profiles/team/abcdef`;
    const { CodeSigningConfig } = await aws(
      `lambda create-code-signing-config --allowed-publishers SigningProfileVersionArns=${profile}`,
    );
    const { CodeSigningConfigArn = '' } = CodeSigningConfig as { CodeSigningConfigArn?: string };
    await aws(`lambda get-code-signing-config --code-signing-config-arn ${CodeSigningConfigArn}`);
    writeFileSync(join(folder, 'small.zip'), await zip({ 'index.js': HANDLER }));
    await aws(
      `lambda create-function --function-name f --runtime nodejs20.x --handler index.handler --zip-file fileb://small.zip` +
        ` --role arn:aws:iam::${account}:role/r --layers ${arn} --code-signing-config-arn ${CodeSigningConfigArn}`,
    );
    await aws('sqs create-queue --queue-name jobs');
    const mapping = await aws(
      `lambda create-event-source-mapping --function-name f --event-source-arn arn:aws:sqs:us-east-1:${account}:jobs` +
        ' --scaling-config MaximumConcurrency=2 --tags team=core',
    );
    const resource = mapping['EventSourceMappingArn'] as string;
    expect(await aws(`lambda list-tags --resource ${resource}`)).toEqual({ Tags: { team: 'core' } });
    await expect(
      aws('lambda update-event-source-mapping --parallelization-factor 2 --uuid', mapping['UUID'] as string),
    ).rejects.toThrow('Unsupported ParallelizationFactor parameter for given event source mapping type.');
    expect((await aws('lambda delete-event-source-mapping --uuid', mapping['UUID'] as string))['State']).toBe('Deleting');
  });

  test('iam, sts, lambda and logs: a function and what it logs', async ({ expect }) => {
    const { aws, account, text } = useAws();
    expect(await aws('sts get-caller-identity')).toMatchObject({ Account: account });
    const { Role } = await aws('iam create-role --role-name r --assume-role-policy-document', TRUST);
    const made = await aws(
      `lambda create-function --function-name f --runtime nodejs20.x --handler index.handler` +
        ` --zip-file fileb://code.zip --role ${(Role as { Arn: string }).Arn} --timeout 9`,
    );
    expect(made).toMatchObject({ FunctionName: 'f', Handler: 'index.handler', Timeout: 9 });
    await aws(`lambda wait function-active${version === 1 ? '' : '-v2'} --function-name f`);
    const answer = await aws('lambda invoke --function-name f --payload {"name":"ann"} out.json');
    expect(answer).toEqual({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(readFileSync(join(folder, 'out.json'), 'utf8')).toBe('{"statusCode":200,"body":"hello ann"}');
    expect(await aws('lambda invoke --function-name f --payload {"fail":1} failed.json')).toMatchObject({
      FunctionError: 'Unhandled',
    });
    expect(JSON.parse(readFileSync(join(folder, 'failed.json'), 'utf8'))).toMatchObject({
      errorMessage: 'as asked',
    });
    await expect
      .poll(() => text('logs filter-log-events --log-group-name /aws/lambda/f --filter-pattern ann'), {
        timeout: 20_000,
      })
      .toContain('got {\\"name\\":\\"ann\\"}');
    await expect(aws('lambda get-function --function-name g')).rejects.toThrow(
      `(ResourceNotFoundException) when calling the GetFunction operation: Function not found: arn:aws:lambda:us-east-1:${account}:function:g`,
    );
  }, 120_000);

  test('cloudformation: package and deploy of a SAM application, deploy again, delete-stack', async ({ expect }) => {
    const { aws, text } = useAws();
    file('app/src/index.js', HANDLER);
    const template = (memory: number): string => `
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: index.handler
      Runtime: nodejs20.x
      MemorySize: ${memory}
      Events:
        Any: { Type: Api, Properties: { Path: '/{path+}', Method: any } }
Outputs:
  Function: { Value: !Ref Web }
  Api: { Value: !Ref ServerlessRestApi }
`;
    file('app/template.yaml', template(256));
    await text('s3 mb s3://cli-artifacts');
    await text(
      'cloudformation package --template-file app/template.yaml --s3-bucket cli-artifacts --output-template-file packaged.yaml',
    );
    expect(readFileSync(join(folder, 'packaged.yaml'), 'utf8')).toMatch(/CodeUri: s3:\/\/cli-artifacts\/[0-9a-f]{32}/);
    const deploy =
      'cloudformation deploy --stack-name app --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --no-fail-on-empty-changeset --template-file';
    expect(await text(`${deploy} packaged.yaml`)).toContain('Successfully created/updated stack - app');
    const { Stacks } = await aws('cloudformation describe-stacks --stack-name app');
    const [stack] = Stacks as { Outputs: { OutputKey: string; OutputValue: string }[] }[];
    const outputs = Object.fromEntries((stack?.Outputs ?? []).map((output) => [output.OutputKey, output.OutputValue]));
    const answer = await fetch(`${cloud.endpoint}/restapis/${outputs['Api']}/Prod/_user_request_/some/where`);
    expect([answer.status, await answer.text()]).toEqual([200, 'hello /some/where']);
    expect(await text(`${deploy} packaged.yaml`)).toContain('No changes to deploy');
    const { Summaries } = await aws('cloudformation list-change-sets --stack-name app');
    expect(Summaries).toContainEqual(
      expect.objectContaining({ Status: 'FAILED', ExecutionStatus: 'UNAVAILABLE' }),
    );
    file('packaged2.yaml', readFileSync(join(folder, 'packaged.yaml'), 'utf8').replace('MemorySize: 256', 'MemorySize: 512'));
    // Executed by hand: the command itself would look again after half a minute only.
    const proposed = await text(`${deploy} packaged2.yaml --no-execute-changeset`);
    const changeSet = /arn:aws:cloudformation:\S+/.exec(proposed)?.[0] ?? proposed;
    await text(`cloudformation execute-change-set --change-set-name ${changeSet}`);
    await expect
      .poll(() => aws(`lambda get-function-configuration --function-name ${outputs['Function']}`), { timeout: 20_000 })
      .toMatchObject({ MemorySize: 512, LastUpdateStatus: 'Successful' });
    await text('cloudformation wait stack-update-complete --stack-name app');
    await text('cloudformation delete-stack --stack-name app');
    await expect
      .poll(() => text('cloudformation describe-stacks --stack-name app').catch(String), { timeout: 30_000 })
      .toContain('Stack with id app does not exist');
    expect((await aws('lambda list-functions'))['Functions']).toEqual([]);
  }, 180_000);

  test('apigateway: an API of one mocked method', async ({ expect }) => {
    const { aws } = useAws();
    const { id } = await aws('apigateway create-rest-api --name mocked');
    const { items } = await aws(`apigateway get-resources --rest-api-id ${String(id)}`);
    const where = `--rest-api-id ${String(id)} --resource-id ${(items as { id: string }[])[0]?.id} --http-method GET`;
    await aws(`apigateway put-method ${where} --authorization-type NONE`);
    await aws(`apigateway put-method-response ${where} --status-code 200`);
    await aws(`apigateway put-integration ${where} --type MOCK --request-templates`, '{"application/json":"{\\"statusCode\\": 200}"}');
    await aws(`apigateway put-integration-response ${where} --status-code 200 --response-templates`, '{"application/json":"{\\"mocked\\": true}"}');
    await aws(`apigateway create-deployment --rest-api-id ${String(id)} --stage-name dev`);
    const answer = await fetch(`${cloud.endpoint}/restapis/${String(id)}/dev/_user_request_/`);
    expect([answer.status, await answer.json()]).toEqual([200, { mocked: true }]);
    expect((await aws('apigateway get-rest-apis'))['items']).toMatchObject([{ name: 'mocked' }]);
  }, 120_000);
});
