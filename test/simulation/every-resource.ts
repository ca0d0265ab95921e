// A template with one resource of every type, in generations that change all of them.

/** What the template of a generation sets, and a look at the cloud should find. */
export interface Settings {
  readonly memoryMb: number;
  readonly concurrency: number;
  readonly retentionDays: number;
  readonly visibilityTimeoutSec: number;
  readonly displayName: string;
  readonly versioning: 'Enabled' | 'Suspended';
  readonly timeToLive: 'ENABLED' | 'DISABLED';
  readonly indexes: number;
  readonly attached: readonly string[];
  readonly inline: readonly string[];
  readonly mark: string;
}

const BASIC = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
const QUEUES = 'arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole';

export function settingsOf(generation: number): Settings {
  const isOdd = generation % 2 === 1;
  return {
    memoryMb: 128 + generation,
    concurrency: generation,
    retentionDays: isOdd ? 7 : 30,
    visibilityTimeoutSec: 60 + generation,
    displayName: `topic ${generation}`,
    versioning: isOdd ? 'Enabled' : 'Suspended',
    timeToLive: isOdd ? 'DISABLED' : 'ENABLED',
    indexes: isOdd ? 1 : 2,
    attached: isOdd ? [BASIC] : [QUEUES],
    inline: ['by-the-policy', isOdd ? 'odd' : 'even'],
    mark: `generation ${generation}`,
  };
}

type Resources = Record<string, { Type: string; Properties?: object; DependsOn?: string[] }>;

const at = (logicalId: string, attribute: string) => ({ 'Fn::GetAtt': [logicalId, attribute] });
const ref = (logicalId: string) => ({ Ref: logicalId });

function allow(Action: string, more: object = { Resource: '*' }): object {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, ...more }] };
}

/** @param isDoomed one resource more, that cannot be made, after many others. */
export function templateOf(
  generation: number,
  { isDoomed, bucket }: { readonly isDoomed: boolean; readonly bucket: string },
): string {
  const settings = settingsOf(generation);
  const code = { S3Bucket: bucket, S3Key: 'code.zip' };
  return JSON.stringify({
    Resources: {
      ...storageOf(settings),
      ...messagingOf(settings, generation),
      ...identityOf(settings, generation),
      ...functionsOf(settings, { generation, code }),
      ...apiOf(settings, generation),
      ...(isDoomed ? doomed(code) : {}),
    },
  });
}

function doomed(code: object): Resources {
  const Code = { ...code, S3Key: 'there-is-none.zip' };
  return {
    Doomed: {
      Type: 'AWS::Lambda::Function',
      DependsOn: ['Table', 'Stage', 'Url', 'AccessKey', 'Subscription'],
      Properties: { Code, Runtime: 'nodejs20.x', Handler: 'a.b', Role: at('Role', 'Arn') },
    },
  };
}

function storageOf(settings: Settings): Resources {
  const index = (IndexName: string) => ({
    IndexName,
    KeySchema: [{ AttributeName: 'email', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  });
  return {
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketName: 'pictures-of-the-stack',
        VersioningConfiguration: { Status: settings.versioning },
        Tags: [{ Key: 'mark', Value: settings.mark }],
      },
    },
    BucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: ref('Bucket'),
        PolicyDocument: allow('s3:GetObject', {
          Principal: { AWS: { Ref: 'AWS::AccountId' } },
          Resource: 'arn:aws:s3:::pictures-of-the-stack/*',
        }),
      },
    },
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: ['id', 'email'].map((AttributeName) => ({
          AttributeName,
          AttributeType: 'S',
        })),
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: ['one', 'two'].slice(0, settings.indexes).map(index),
        TimeToLiveSpecification: {
          AttributeName: 'expires',
          Enabled: settings.timeToLive === 'ENABLED',
        },
        Tags: [{ Key: 'mark', Value: settings.mark }],
      },
    },
    LogGroup: {
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: '/the/stack', RetentionInDays: settings.retentionDays },
    },
    LogStream: { Type: 'AWS::Logs::LogStream', Properties: { LogGroupName: ref('LogGroup') } },
  };
}

function messagingOf(settings: Settings, generation: number): Resources {
  const publish = allow('sqs:SendMessage', {
    Principal: { Service: 'sns.amazonaws.com' },
    Resource: at('Queue', 'Arn'),
  });
  return {
    // Its name changes, so every update replaces it and what hangs on it.
    Queue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: `jobs-${generation}`,
        VisibilityTimeout: settings.visibilityTimeoutSec,
        RedrivePolicy: { deadLetterTargetArn: at('DeadLetters', 'Arn'), maxReceiveCount: 3 },
      },
    },
    DeadLetters: {
      Type: 'AWS::SQS::Queue',
      Properties: { VisibilityTimeout: settings.visibilityTimeoutSec },
    },
    QueuePolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: [ref('Queue')], PolicyDocument: publish },
    },
    Topic: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: settings.displayName } },
    TopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [ref('Topic')],
        PolicyDocument: allow('sns:Publish', {
          Principal: { Service: 's3.amazonaws.com' },
          Resource: ref('Topic'),
        }),
      },
    },
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: { TopicArn: ref('Topic'), Protocol: 'sqs', Endpoint: at('Queue', 'Arn') },
    },
  };
}

function identityOf(settings: Settings, generation: number): Resources {
  const trust = allow('sts:AssumeRole', { Principal: { Service: 'lambda.amazonaws.com' } });
  const [, policy = ''] = settings.inline;
  return {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'worker',
        AssumeRolePolicyDocument: trust,
        ManagedPolicyArns: settings.attached,
        Policies: [{ PolicyName: policy, PolicyDocument: allow('s3:GetObject') }],
      },
    },
    Policy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: 'by-the-policy',
        PolicyDocument: allow('sqs:SendMessage'),
        Roles: [ref('Role')],
      },
    },
    ManagedPolicy: {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: { PolicyDocument: allow(generation % 2 === 1 ? 's3:Get*' : 's3:Put*') },
    },
    InstanceProfile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref('Role')] } },
    User: { Type: 'AWS::IAM::User', Properties: { ManagedPolicyArns: [ref('ManagedPolicy')] } },
    AccessKey: {
      Type: 'AWS::IAM::AccessKey',
      Properties: { UserName: ref('User'), Serial: generation },
    },
  };
}

function functionsOf(
  settings: Settings,
  { generation, code }: { readonly generation: number; readonly code: object },
): Resources {
  const FunctionName = ref('Function');
  const version = `Version${generation}`;
  return {
    Layer: {
      Type: 'AWS::Lambda::LayerVersion',
      Properties: { LayerName: 'shared', Description: settings.mark, Content: code },
    },
    LayerPermission: {
      Type: 'AWS::Lambda::LayerVersionPermission',
      Properties: {
        LayerVersionArn: ref('Layer'),
        Action: 'lambda:GetLayerVersion',
        Principal: String(generation).padStart(12, '0'),
      },
    },
    Signing: {
      Type: 'AWS::Lambda::CodeSigningConfig',
      Properties: {
        Description: settings.mark,
        AllowedPublishers: {
          SigningProfileVersionArns: ['arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdef'],
        },
      },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: code,
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Role: at('Role', 'Arn'),
        MemorySize: settings.memoryMb,
        ReservedConcurrentExecutions: settings.concurrency,
        Layers: [ref('Layer')],
        CodeSigningConfigArn: ref('Signing'),
        Tags: [{ Key: 'mark', Value: settings.mark }],
      },
    },
    [version]: { Type: 'AWS::Lambda::Version', Properties: { FunctionName } },
    Alias: {
      Type: 'AWS::Lambda::Alias',
      Properties: { FunctionName, FunctionVersion: at(version, 'Version'), Name: 'live' },
    },
    InvokeConfig: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      DependsOn: ['Alias'],
      Properties: { FunctionName, Qualifier: 'live', MaximumRetryAttempts: generation % 2 },
    },
    Permission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        FunctionName,
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceAccount: String(generation).padStart(12, '0'),
      },
    },
    Url: { Type: 'AWS::Lambda::Url', Properties: { TargetFunctionArn: FunctionName, AuthType: 'NONE' } },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { FunctionName, EventSourceArn: at('Queue', 'Arn'), BatchSize: 1 + generation },
    },
  };
}

function apiOf(settings: Settings, generation: number): Resources {
  const RestApiId = ref('Api');
  const deployment = `Deployment${generation}`;
  return {
    Api: {
      Type: 'AWS::ApiGateway::RestApi',
      Properties: { Name: 'the-api', Description: settings.mark },
    },
    Users: {
      Type: 'AWS::ApiGateway::Resource',
      Properties: { RestApiId, ParentId: at('Api', 'RootResourceId'), PathPart: `users${generation}` },
    },
    GetUsers: {
      Type: 'AWS::ApiGateway::Method',
      Properties: {
        RestApiId,
        ResourceId: ref('Users'),
        HttpMethod: 'GET',
        AuthorizationType: 'NONE',
        Integration: {
          Type: 'MOCK',
          RequestTemplates: { 'application/json': '{"statusCode": 200}' },
          IntegrationResponses: [{ StatusCode: '200' }],
        },
        MethodResponses: [{ StatusCode: '200' }],
      },
    },
    [deployment]: {
      Type: 'AWS::ApiGateway::Deployment',
      DependsOn: ['GetUsers'],
      Properties: { RestApiId, Description: settings.mark },
    },
    Stage: {
      Type: 'AWS::ApiGateway::Stage',
      Properties: {
        RestApiId,
        StageName: 'live',
        DeploymentId: ref(deployment),
        Description: settings.mark,
        Variables: { mark: String(generation) },
      },
    },
  };
}
