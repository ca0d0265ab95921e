// CloudFormation types of API Gateway, deployed, asked, updated and removed as a stack.
import * as A from '@aws-sdk/client-api-gateway';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';

interface Wishes {
  readonly answer: string;
  readonly stage: object;
}

function template({ answer, stage }: Wishes): string {
  const address = { RestApiId: { Ref: 'Api' }, ResourceId: { Ref: 'Items' } };
  return JSON.stringify({
    Resources: {
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Role: 'arn:aws:iam::000000000000:role/worker',
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Code: { ZipFile: `exports.handler = async () => ({ statusCode: 200, body: '${answer}' });` },
        },
      },
      Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'shop', BinaryMediaTypes: ['image/png'] } },
      Items: {
        Type: 'AWS::ApiGateway::Resource',
        Properties: {
          RestApiId: { Ref: 'Api' },
          ParentId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
          PathPart: 'items',
        },
      },
      Get: {
        Type: 'AWS::ApiGateway::Method',
        Properties: {
          ...address,
          HttpMethod: 'GET',
          AuthorizationType: 'NONE',
          Integration: {
            Type: 'AWS_PROXY',
            IntegrationHttpMethod: 'POST',
            Uri: {
              'Fn::Sub':
                'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations',
            },
          },
        },
      },
      Options: {
        Type: 'AWS::ApiGateway::Method',
        Properties: {
          ...address,
          HttpMethod: 'OPTIONS',
          AuthorizationType: 'NONE',
          MethodResponses: [
            {
              StatusCode: '204',
              ResponseParameters: { 'method.response.header.Access-Control-Allow-Origin': true },
            },
          ],
          Integration: {
            Type: 'MOCK',
            RequestTemplates: { 'application/json': '{statusCode:204}' },
            IntegrationResponses: [
              {
                StatusCode: '204',
                ResponseParameters: { 'method.response.header.Access-Control-Allow-Origin': "'*'" },
              },
            ],
          },
        },
      },
      Deployment: {
        Type: 'AWS::ApiGateway::Deployment',
        DependsOn: ['Get', 'Options'],
        Properties: { RestApiId: { Ref: 'Api' } },
      },
      Stage: {
        Type: 'AWS::ApiGateway::Stage',
        Properties: {
          RestApiId: { Ref: 'Api' },
          StageName: 'prod',
          DeploymentId: { Ref: 'Deployment' },
          ...stage,
        },
      },
    },
    Outputs: { Api: { Value: { Ref: 'Api' } }, Stage: { Value: { Ref: 'Stage' } } },
  });
}

test('an API of a stack', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const gateway = cloud.client(A.APIGatewayClient);
  const StackName = 'app';

  async function outcome(): Promise<{ status: unknown; outputs: Record<string, string> }> {
    await cloud.settle();
    const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
    const { StackEvents = [] } = await stacks.send(new DescribeStackEventsCommand({ StackName }));
    const failed = StackEvents.filter((each) => each.ResourceStatus?.endsWith('FAILED') === true);
    expect(failed.map((each) => each.ResourceStatusReason)).toEqual([]);
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return {
      status: Stacks?.[0]?.StackStatus,
      outputs: Object.fromEntries(outputs.map((each) => [each.OutputKey, each.OutputValue ?? ''])),
    };
  }

  const first = template({
    answer: 'one',
    stage: {
      Variables: { a: '1', b: '2' },
      MethodSettings: [
        { ResourcePath: '/items', HttpMethod: 'GET', ThrottlingBurstLimit: 3, ThrottlingRateLimit: 2 },
        { ResourcePath: '/*', HttpMethod: '*', LoggingLevel: 'OFF', MetricsEnabled: false },
      ],
      AccessLogSetting: {
        DestinationArn: 'arn:aws:logs:us-east-1:000000000000:log-group:access',
        Format: '$context.requestId',
      },
    },
  });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  const created = await outcome();
  expect(created.status).toBe('CREATE_COMPLETE');
  const restApiId = created.outputs['Api'] ?? '';
  const url = `${cloud.endpoint}/restapis/${restApiId}/prod/_user_request_/items`;
  expect(await (await fetch(url)).text()).toBe('one');
  const preflight = await fetch(url, { method: 'OPTIONS' });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  const stage = await gateway.send(new A.GetStageCommand({ restApiId, stageName: 'prod' }));
  expect(stage).toMatchObject({
    variables: { a: '1', b: '2' },
    methodSettings: { '~1items/GET': { throttlingBurstLimit: 3, throttlingRateLimit: 2 }, '*/*': {} },
    accessLogSettings: { format: '$context.requestId' },
    tags: { 'aws:cloudformation:stack-name': StackName },
  });

  const second = template({ answer: 'two', stage: { Variables: { b: '3' } } });
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: second }));
  expect((await outcome()).status).toBe('UPDATE_COMPLETE');
  expect(await (await fetch(url)).text()).toBe('two');
  const after = await gateway.send(new A.GetStageCommand({ restApiId, stageName: 'prod' }));
  expect(after).toMatchObject({ variables: { b: '3' }, methodSettings: {} });
  expect(after.accessLogSettings).toBeUndefined();

  await stacks.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  expect((await gateway.send(new A.GetRestApisCommand({}))).items).toEqual([]);
});
