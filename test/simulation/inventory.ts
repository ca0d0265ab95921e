// Everything there is in a cloud, service by service, under the types and ids that stacks give it.
import {
  APIGatewayClient,
  GetDeploymentsCommand,
  GetResourcesCommand,
  GetRestApisCommand,
  GetStagesCommand,
} from '@aws-sdk/client-api-gateway';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
} from '@aws-sdk/client-dynamodb';
import {
  GetRoleCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListInstanceProfilesCommand,
  ListPoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import {
  GetFunctionCommand,
  GetPolicyCommand as GetFunctionPolicyCommand,
  GetLayerVersionPolicyCommand,
  type GetLayerVersionPolicyCommandInput,
  LambdaClient,
  ListCodeSigningConfigsCommand,
  ListAliasesCommand,
  ListEventSourceMappingsCommand,
  ListFunctionEventInvokeConfigsCommand,
  ListFunctionUrlConfigsCommand,
  ListFunctionsCommand,
  ListLayerVersionsCommand,
  ListLayersCommand,
  ListVersionsByFunctionCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import {
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  ListBucketsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  GetTopicAttributesCommand,
  ListSubscriptionsCommand,
  ListTopicsCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';

/** Type, physical id and what is set on it. */
export interface Item {
  readonly type: string;
  readonly id: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

interface Clients {
  client<Client>(clientClass: new (config: never) => Client): Client;
}

export async function takeInventory(cloud: Clients): Promise<Item[]> {
  const parts = await Promise.all([
    listStorage(cloud),
    listTables(cloud),
    listLogs(cloud),
    listQueues(cloud),
    listTopics(cloud),
    listIdentities(cloud),
    listFunctions(cloud),
    listApis(cloud),
  ]);
  return parts.flat();
}

/** What was found; undefined when the service says that there is none. */
async function unlessNone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Error) || !/NoSuch|NotFound/.test(error.name)) throw error;
    return undefined;
  }
}

async function listStorage(cloud: Clients): Promise<Item[]> {
  const s3 = cloud.client(S3Client);
  const { Buckets = [] } = await s3.send(new ListBucketsCommand());
  const items: Item[] = [];
  for (const { Name: Bucket = '' } of Buckets) {
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    const tagging = await unlessNone(s3.send(new GetBucketTaggingCommand({ Bucket })));
    const mark = tagging?.TagSet?.find(({ Key }) => Key === 'mark')?.Value;
    items.push({ type: 'AWS::S3::Bucket', id: Bucket, details: { versioning: Status, mark } });
    if (await unlessNone(s3.send(new GetBucketPolicyCommand({ Bucket })))) {
      items.push({ type: 'AWS::S3::BucketPolicy', id: Bucket });
    }
  }
  return items;
}

async function listTables(cloud: Clients): Promise<Item[]> {
  const dynamo = cloud.client(DynamoDBClient);
  const { TableNames = [] } = await dynamo.send(new ListTablesCommand());
  const items: Item[] = [];
  for (const TableName of TableNames) {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
    const { TimeToLiveDescription: ttl } = await dynamo.send(
      new DescribeTimeToLiveCommand({ TableName }),
    );
    const indexes = Table?.GlobalSecondaryIndexes?.length;
    const details = { indexes, timeToLive: ttl?.TimeToLiveStatus };
    items.push({ type: 'AWS::DynamoDB::Table', id: TableName, details });
  }
  return items;
}

async function listLogs(cloud: Clients): Promise<Item[]> {
  const logs = cloud.client(CloudWatchLogsClient);
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand());
  const items: Item[] = [];
  for (const { logGroupName = '', retentionInDays } of logGroups) {
    const details = { retentionDays: retentionInDays };
    items.push({ type: 'AWS::Logs::LogGroup', id: logGroupName, details });
    const { logStreams = [] } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
    for (const { logStreamName = '' } of logStreams) {
      items.push({ type: 'AWS::Logs::LogStream', id: logStreamName });
    }
  }
  return items;
}

/** Policies of queues and topics have names in their stack only: here they are counted. */
async function listQueues(cloud: Clients): Promise<Item[]> {
  const sqs = cloud.client(SQSClient);
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand());
  const items: Item[] = [];
  for (const QueueUrl of QueueUrls) {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    const details = { visibilityTimeoutSec: Number(Attributes?.['VisibilityTimeout']) };
    // The host of a queue's URL is where the cloud listens.
    items.push({ type: 'AWS::SQS::Queue', id: new URL(QueueUrl).pathname, details });
    if (Attributes?.['Policy']) items.push({ type: 'AWS::SQS::QueuePolicy', id: '' });
  }
  return items;
}

async function listTopics(cloud: Clients): Promise<Item[]> {
  const sns = cloud.client(SNSClient);
  const { Topics = [] } = await sns.send(new ListTopicsCommand());
  const items: Item[] = [];
  for (const { TopicArn = '' } of Topics) {
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    const details = { displayName: Attributes?.['DisplayName'] };
    items.push({ type: 'AWS::SNS::Topic', id: TopicArn, details });
    if (!Attributes?.['Policy']?.includes('__default_statement_ID')) {
      items.push({ type: 'AWS::SNS::TopicPolicy', id: '' });
    }
  }
  const { Subscriptions = [] } = await sns.send(new ListSubscriptionsCommand());
  for (const { SubscriptionArn = '' } of Subscriptions) {
    items.push({ type: 'AWS::SNS::Subscription', id: SubscriptionArn });
  }
  return items;
}

async function listIdentities(cloud: Clients): Promise<Item[]> {
  const iam = cloud.client(IAMClient);
  const { Roles = [] } = await iam.send(new ListRolesCommand());
  const items: Item[] = [];
  for (const { RoleName = '' } of Roles) {
    await iam.send(new GetRoleCommand({ RoleName }));
    const { PolicyNames: inline = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    const { AttachedPolicies = [] } = await iam.send(
      new ListAttachedRolePoliciesCommand({ RoleName }),
    );
    const attached = AttachedPolicies.map(({ PolicyArn }) => PolicyArn);
    const details = { inline: inline.toSorted(), attached };
    items.push({ type: 'AWS::IAM::Role', id: RoleName, details });
    if (inline.includes('by-the-policy')) items.push({ type: 'AWS::IAM::Policy', id: '' });
  }
  const { Policies = [] } = await iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
  for (const { Arn = '' } of Policies) items.push({ type: 'AWS::IAM::ManagedPolicy', id: Arn });
  const { InstanceProfiles = [] } = await iam.send(new ListInstanceProfilesCommand());
  for (const { InstanceProfileName = '', Roles: carried = [] } of InstanceProfiles) {
    const details = { roles: carried.map(({ RoleName }) => RoleName) };
    items.push({ type: 'AWS::IAM::InstanceProfile', id: InstanceProfileName, details });
  }
  const { Users = [] } = await iam.send(new ListUsersCommand());
  for (const { UserName = '' } of Users) {
    const { AttachedPolicies = [] } = await iam.send(
      new ListAttachedUserPoliciesCommand({ UserName }),
    );
    const details = { policies: AttachedPolicies.length };
    items.push({ type: 'AWS::IAM::User', id: UserName, details });
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
    for (const { AccessKeyId = '' } of AccessKeyMetadata) {
      items.push({ type: 'AWS::IAM::AccessKey', id: AccessKeyId });
    }
  }
  return items;
}

async function listFunctions(cloud: Clients): Promise<Item[]> {
  const lambda = cloud.client(LambdaClient);
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand());
  const items: Item[] = [];
  for (const { FunctionName = '' } of Functions) items.push(...(await listFunction(lambda, FunctionName)));
  const { Layers = [] } = await lambda.send(new ListLayersCommand());
  for (const { LayerName } of Layers) {
    const { LayerVersions = [] } = await lambda.send(new ListLayerVersionsCommand({ LayerName }));
    for (const { LayerVersionArn = '', Version, Description } of LayerVersions) {
      const details = { mark: Description };
      items.push({ type: 'AWS::Lambda::LayerVersion', id: LayerVersionArn, details });
      for (const sid of await listLayerStatements(lambda, { LayerName, VersionNumber: Version })) {
        items.push({ type: 'AWS::Lambda::LayerVersionPermission', id: `${LayerVersionArn}#${sid}` });
      }
    }
  }
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand());
  for (const { UUID = '' } of EventSourceMappings) {
    items.push({ type: 'AWS::Lambda::EventSourceMapping', id: UUID });
  }
  const { CodeSigningConfigs = [] } = await lambda.send(new ListCodeSigningConfigsCommand());
  for (const { CodeSigningConfigArn = '', Description } of CodeSigningConfigs) {
    const details = { mark: Description };
    items.push({ type: 'AWS::Lambda::CodeSigningConfig', id: CodeSigningConfigArn, details });
  }
  return items;
}

async function listLayerStatements(
  lambda: LambdaClient,
  input: GetLayerVersionPolicyCommandInput,
): Promise<string[]> {
  try {
    const { Policy = '' } = await lambda.send(new GetLayerVersionPolicyCommand(input));
    const { Statement } = JSON.parse(Policy) as { Statement: readonly { readonly Sid: string }[] };
    return Statement.map(({ Sid }) => Sid);
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return [];
    throw error;
  }
}

async function listFunction(lambda: LambdaClient, FunctionName: string): Promise<Item[]> {
  const { Configuration, Concurrency, Tags } = await lambda.send(
    new GetFunctionCommand({ FunctionName }),
  );
  const details = {
    memoryMb: Configuration?.MemorySize,
    concurrency: Concurrency?.ReservedConcurrentExecutions,
    mark: Tags?.['mark'],
  };
  const items: Item[] = [{ type: 'AWS::Lambda::Function', id: FunctionName, details }];
  const { Versions = [] } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
  for (const { FunctionArn = '', Version, MemorySize } of Versions) {
    if (Version === '$LATEST') continue;
    items.push({ type: 'AWS::Lambda::Version', id: FunctionArn, details: { memoryMb: MemorySize } });
  }
  const { Aliases = [] } = await lambda.send(new ListAliasesCommand({ FunctionName }));
  for (const { AliasArn = '' } of Aliases) items.push({ type: 'AWS::Lambda::Alias', id: AliasArn });
  const { FunctionEventInvokeConfigs = [] } = await lambda.send(
    new ListFunctionEventInvokeConfigsCommand({ FunctionName }),
  );
  for (const { FunctionArn = '' } of FunctionEventInvokeConfigs) {
    const id = `${FunctionName}|${FunctionArn.split(':').at(-1)}`;
    items.push({ type: 'AWS::Lambda::EventInvokeConfig', id });
  }
  const { FunctionUrlConfigs = [] } = await lambda.send(
    new ListFunctionUrlConfigsCommand({ FunctionName }),
  );
  for (const { FunctionArn = '' } of FunctionUrlConfigs) {
    items.push({ type: 'AWS::Lambda::Url', id: FunctionArn });
  }
  const policy = await unlessNone(lambda.send(new GetFunctionPolicyCommand({ FunctionName })));
  const { Statement = [] } = JSON.parse(policy?.Policy ?? '{}') as { Statement?: { Sid: string }[] };
  for (const { Sid } of Statement) items.push({ type: 'AWS::Lambda::Permission', id: Sid });
  return items;
}

async function listApis(cloud: Clients): Promise<Item[]> {
  const gateway = cloud.client(APIGatewayClient);
  const { items: apis = [] } = await gateway.send(new GetRestApisCommand());
  const items: Item[] = [];
  for (const { id: restApiId = '', description } of apis) {
    items.push({ type: 'AWS::ApiGateway::RestApi', id: restApiId, details: { mark: description } });
    const { items: resources = [] } = await gateway.send(
      new GetResourcesCommand({ restApiId, embed: ['methods'] }),
    );
    for (const { id = '', path, resourceMethods = {} } of resources) {
      if (path !== '/') items.push({ type: 'AWS::ApiGateway::Resource', id });
      for (const [verb, method] of Object.entries(resourceMethods)) {
        const responses = Object.keys(method.methodIntegration?.integrationResponses ?? {});
        items.push({
          type: 'AWS::ApiGateway::Method',
          id: `${restApiId}|${id}|${verb}`,
          details: { responses },
        });
      }
    }
    const { items: deployments = [] } = await gateway.send(new GetDeploymentsCommand({ restApiId }));
    for (const { id = '', description: mark } of deployments) {
      items.push({ type: 'AWS::ApiGateway::Deployment', id, details: { mark } });
    }
    const { item: stages = [] } = await gateway.send(new GetStagesCommand({ restApiId }));
    for (const { stageName = '', description: mark, variables } of stages) {
      items.push({ type: 'AWS::ApiGateway::Stage', id: stageName, details: { mark, variables } });
    }
  }
  return items;
}
