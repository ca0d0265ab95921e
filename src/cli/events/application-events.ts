// Sample events of what builds, deploys and connects applications: CloudFormation, pipelines, mail, workflows.
import type {
  AppSyncResolverEvent,
  CloudFormationCustomResourceEvent,
  CodePipelineEvent,
  SESEvent,
  SecretsManagerRotationEvent,
  SecretsManagerRotationEventStep,
} from 'aws-lambda';
import { UserError } from '../../base/errors.ts';
import { PLACE, TIME, defineSample, sampleUuid } from './sample-event.ts';

const REQUEST_TYPES = ['Create', 'Update', 'Delete'] as const;

const customResource = defineSample({
  service: 'cloudformation',
  name: 'custom-resource',
  about: 'a custom resource is to be made, changed or deleted',
  fields: {
    ...PLACE,
    type: { about: 'Create, Update or Delete', default: 'Create', choices: REQUEST_TYPES },
    stack: { about: 'name of the stack', default: 'MyStack' },
    resource: { about: 'logical id of the resource', default: 'MyTestResource' },
    'resource-type': { about: 'type of the resource', default: 'Custom::TestResource' },
    properties: { about: 'properties, JSON', default: '{"Key":"value"}' },
    'response-url': {
      about: 'where the answer is to be put',
      default: 'http://pre-signed-S3-url-for-response',
    },
  },
  make(values): CloudFormationCustomResourceEvent {
    const { region, account, stack, type } = values;
    const RequestType = REQUEST_TYPES.find((known) => known === type) ?? 'Create';
    const ServiceToken = `arn:aws:lambda:${region}:${account}:function:custom-resource`;
    const properties = { ServiceToken, ...parseObject(values.properties, 'properties') };
    const shared = {
      ServiceToken,
      ResponseURL: values['response-url'],
      StackId: `arn:aws:cloudformation:${region}:${account}:stack/${stack}/${sampleUuid(1)}`,
      RequestId: sampleUuid(2),
      LogicalResourceId: values.resource,
      ResourceType: values['resource-type'],
      ResourceProperties: properties,
    };
    const PhysicalResourceId = `${stack}-${values.resource}-1A2B3C4D5E6F`;
    if (RequestType === 'Create') return { RequestType, ...shared };
    if (RequestType === 'Delete') return { RequestType, ...shared, PhysicalResourceId };
    return { RequestType, ...shared, PhysicalResourceId, OldResourceProperties: properties };
  },
});

function parseObject(text: string, field: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UserError('ERR_USAGE', `--${field} is not a JSON object: ${text}`, {
    fix: `write it like --${field} '{"Key": "value"}'`,
  });
}

const pipelineJob = defineSample({
  service: 'codepipeline',
  name: 'job',
  about: 'a pipeline runs an action of type Invoke',
  fields: {
    account: PLACE.account,
    function: { about: 'name of the function', default: 'MyLambdaFunctionForAWSCodePipeline' },
    parameters: { about: 'user parameters of the action', default: 'some-input-such-as-a-URL' },
    bucket: { about: 'bucket of the input artifact', default: 'the name of the bucket' },
    key: { about: 'key of the input artifact', default: 'the name of the application.zip' },
  },
  make: ({ account, parameters, bucket, key, ...rest }): CodePipelineEvent => ({
    'CodePipeline.job': {
      id: sampleUuid(1),
      accountId: account,
      data: {
        actionConfiguration: {
          configuration: { FunctionName: rest.function, UserParameters: parameters },
        },
        inputArtifacts: [
          {
            location: { s3Location: { bucketName: bucket, objectKey: key }, type: 'S3' },
            revision: null,
            name: 'ArtifactName',
          },
        ],
        outputArtifacts: [],
        artifactCredentials: {
          secretAccessKey: 'sample-secret',
          sessionToken: 'sample-token',
          accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        },
        continuationToken: 'A continuation token if continuing job',
        encryptionKey: { id: `arn:aws:kms:us-west-2:${account}:key/${sampleUuid(2)}`, type: 'KMS' },
      },
    },
  }),
});

const deployHook = defineSample({
  service: 'codedeploy',
  name: 'lifecycle-hook',
  about: 'a deployment runs a hook before or after traffic shifts',
  fields: { deployment: { about: 'id of the deployment', default: 'd-EXAMPLE12' } },
  // <CodeDeploy user guide, "AppSpec hooks section for an AWS Lambda deployment">: all that a hook is given.
  make: ({ deployment }) => ({
    DeploymentId: deployment,
    LifecycleEventHookExecutionId: Buffer.from(`${deployment}/hook`).toString('base64'),
  }),
});

const emailReceiving = defineSample({
  service: 'ses',
  name: 'email-receiving',
  about: 'a receipt rule hands over a mail',
  fields: {
    ...PLACE,
    ...TIME,
    from: { about: 'sender', default: 'janedoe@example.com' },
    to: { about: 'recipient', default: 'johndoe@example.com' },
    subject: { about: 'subject', default: 'Test Subject' },
    function: { about: 'name of the function', default: 'Example' },
  },
  make(values): SESEvent {
    const { region, account, time, from, to, subject } = values;
    const date = new Date(time).toUTCString().replace('GMT', '+0000');
    const messageId = '<0123456789example.com>';
    const pass = { status: 'PASS' } as const;
    return {
      Records: [
        {
          eventVersion: '1.0',
          eventSource: 'aws:ses',
          ses: {
            mail: {
              timestamp: time,
              source: from,
              messageId: 'o3vrnil0e2ic28tr',
              destination: [to],
              headersTruncated: false,
              headers: [
                { name: 'Return-Path', value: `<${from}>` },
                { name: 'Date', value: date },
                { name: 'Message-ID', value: messageId },
                { name: 'Subject', value: subject },
                { name: 'From', value: from },
                { name: 'To', value: to },
                { name: 'MIME-Version', value: '1.0' },
                { name: 'Content-Type', value: 'text/plain; charset=UTF-8' },
              ],
              commonHeaders: { returnPath: from, from: [from], date, to: [to], messageId, subject },
            },
            receipt: {
              timestamp: time,
              processingTimeMillis: 574,
              recipients: [to],
              spamVerdict: pass,
              virusVerdict: pass,
              spfVerdict: pass,
              dkimVerdict: pass,
              dmarcVerdict: pass,
              dmarcPolicy: 'none',
              action: {
                type: 'Lambda',
                invocationType: 'Event',
                functionArn: `arn:aws:lambda:${region}:${account}:function:${values.function}`,
              },
            },
          },
        },
      ],
    };
  },
});

const stepError = defineSample({
  service: 'stepfunctions',
  name: 'error',
  about: 'what a Catch hands to the next state',
  fields: {
    error: { about: 'name of the error', default: 'CustomError' },
    cause: { about: 'its cause', default: 'This is a custom error!' },
  },
  make: ({ error, cause }) => ({ Error: error, Cause: cause }),
});

const taskToken = defineSample({
  service: 'stepfunctions',
  name: 'task-token',
  about: 'a task that waits for a callback (lambda:invoke.waitForTaskToken with the token in Payload)',
  fields: {
    token: { about: 'the task token', default: 'AAAAKgAAAAIAAAAAAAAAASampleTaskToken' },
    input: { about: 'input of the state, JSON', default: '{"orderId":"o-1"}' },
  },
  make: ({ token, input }) => ({ token, input: parseObject(input, 'input') }),
});

const ROTATION_STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

const rotation = defineSample({
  service: 'secretsmanager',
  name: 'rotation',
  about: 'a secret is being rotated',
  fields: {
    ...PLACE,
    step: { about: 'step of the rotation', default: 'createSecret', choices: ROTATION_STEPS },
    secret: { about: 'name of the secret', default: 'MySecret-a1b2c3' },
  },
  make({ region, account, step, secret }): SecretsManagerRotationEvent {
    const Step: SecretsManagerRotationEventStep = ROTATION_STEPS.find((known) => known === step) ?? 'createSecret';
    return {
      Step,
      SecretId: `arn:aws:secretsmanager:${region}:${account}:secret:${secret}`,
      ClientRequestToken: sampleUuid(1),
    };
  },
});

const resolver = defineSample({
  service: 'appsync',
  name: 'resolver',
  about: 'a direct Lambda resolver of a GraphQL API',
  fields: {
    type: { about: 'parent type', default: 'Query' },
    field: { about: 'field', default: 'getMovie' },
    arguments: { about: 'arguments, JSON', default: '{"id":"123"}' },
    selection: { about: 'selected fields, separated by commas', default: 'id,title' },
  },
  make(values): AppSyncResolverEvent<Record<string, unknown>> {
    const selection = values.selection.split(',');
    return {
      arguments: parseObject(values.arguments, 'arguments'),
      identity: null,
      source: null,
      request: {
        headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1' },
        domainName: null,
      },
      prev: null,
      info: {
        selectionSetList: selection,
        selectionSetGraphQL: `{\n  ${selection.join('\n  ')}\n}`,
        parentTypeName: values.type,
        fieldName: values.field,
        variables: {},
      },
      stash: {},
    };
  },
});

export const APPLICATION_EVENTS = [
  customResource,
  pipelineJob,
  deployHook,
  emailReceiving,
  stepError,
  taskToken,
  rotation,
  resolver,
];
