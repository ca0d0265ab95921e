// Event sources that call a function: S3, SNS, Cognito, IoT, Alexa, CloudWatch Logs.
import { isDeepStrictEqual } from 'node:util';
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import type { EventTarget } from './event-target.ts';
import { expectList, expectMap } from './expect.ts';
import { makePermission } from './permission.ts';
import { makeMapping } from './pull-event.ts';
import { readDeclared } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { eventProblem, resourceProblem } from './sam-error.ts';
import {
  clone,
  getAtt,
  isFilled,
  isMap,
  isSet,
  mapOr,
  ref,
  referredId,
  sub,
  tagList,
  when,
} from './values.ts';
import type { JsonMap } from './values.ts';

export interface PushEvent {
  readonly context: SamContext;
  readonly event: Declared;
  readonly eventId: string;
  readonly target: EventTarget;
  readonly role: CfnResource;
}

/** The bucket or pool of the same template that an event names. Throws SamProblem. */
export function linkedResource(
  { context, event, eventId }: Pick<PushEvent, 'context' | 'event' | 'eventId'>,
  property: 'Bucket' | 'UserPool',
): { readonly id: string; readonly resource: JsonMap } {
  const given = event.properties[property];
  if (isMap(given) && 'Ref' in given) {
    const id = given['Ref'];
    if (typeof id !== 'string') {
      if (property === 'UserPool')
        throw eventProblem(event.logicalId, 'Ref in Userpool is not a string.');
      throw eventProblem(eventId, "'Ref' value in S3 events is not a valid string.");
    }
    if (Object.hasOwn(context.source, id)) return { id, resource: mapOr(context.source[id]) };
  }
  throw eventProblem(
    eventId,
    property === 'UserPool'
      ? 'Cognito events must reference a Cognito UserPool in the same template.'
      : 'S3 events must reference an S3 bucket in the same template.',
  );
}

export function makeS3Event(push: PushEvent): CfnResource[] {
  const { event, target } = push;
  const { id, resource: bucket } = linkedResource(push, 'Bucket');
  const permission = makePermission({
    prefix: event.logicalId,
    target,
    principal: 's3.amazonaws.com',
    sourceAccount: ref('AWS::AccountId'),
  });
  if (isFilled(permission.attributes['Condition'])) dependThroughTag(id, bucket, permission);
  else dependOn(event.logicalId, bucket, permission.logicalId);
  addNotifications(push, id, bucket);
  return [permission, rewritten(id, bucket)];
}

/** A resource of the template that the transform changed, as it goes out. */
function rewritten(id: string, resource: JsonMap): CfnResource {
  const { type, properties, attributes, dependsOn } = readDeclared('updated', id, resource);
  return make({ logicalId: id, type, properties, attributes, dependsOn });
}

/** S3 checks the permission when the notification is set, so the bucket comes after it. */
function dependOn(eventId: string, bucket: JsonMap, permissionId: string): void {
  const given = 'DependsOn' in bucket ? bucket['DependsOn'] : [];
  const list: unknown = typeof given === 'string' ? [given] : given;
  if (!Array.isArray(list) || list.some((one) => typeof one !== 'string')) {
    throw resourceProblem(
      eventId,
      "Invalid type for field 'DependsOn'. Expected a string or list of strings.",
    );
  }
  bucket['DependsOn'] = [...new Set([...(list as string[]), permissionId])];
}

/** DependsOn cannot be conditional; a reference inside a conditional tag can. */
function dependThroughTag(id: string, bucket: JsonMap, permission: CfnResource): void {
  const properties = mapOr((bucket['Properties'] ??= {}));
  const tags = expectList(properties['Tags'] ?? [], { resource: id }, 'Tags');
  const value = when(
    permission.attributes['Condition'],
    ref(permission.logicalId),
    'no dependency',
  );
  properties['Tags'] = [
    ...tags,
    ...tagList({ [`sam:ConditionalDependsOn:${permission.logicalId}`]: value }),
  ];
}

function addNotifications({ event, target }: PushEvent, id: string, bucket: JsonMap): void {
  const { Events: given, Filter: filter } = event.properties;
  const owner = { resource: id };
  const properties = expectMap(
    bucket['Properties'] ?? {},
    owner,
    '',
    'Properties should be a map.',
  );
  bucket['Properties'] = properties;
  const config = expectMap(
    properties['NotificationConfiguration'] ?? {},
    owner,
    'NotificationConfiguration',
  );
  properties['NotificationConfiguration'] = config;
  const lambdas = config['LambdaConfigurations'] ?? [];
  if (!Array.isArray(lambdas)) {
    throw resourceProblem(id, 'Invalid type for LambdaConfigurations. Must be a list.');
  }
  config['LambdaConfigurations'] = lambdas;
  for (const type of Array.isArray(given) ? (given as unknown[]) : [given]) {
    const mapping = {
      Function: target.arn,
      ...(isSet(filter) ? { Filter: clone(filter) } : {}),
      Event: type,
    };
    const entry = isFilled(target.condition) ? when(target.condition, mapping) : mapping;
    if (!lambdas.some((one) => isDeepStrictEqual(one, entry))) lambdas.push(entry);
  }
}

export function makeSnsEvent(push: PushEvent): CfnResource[] {
  const { event, target } = push;
  const { logicalId, properties } = event;
  const { Topic: topic, SqsSubscription: viaQueue } = properties;
  if (!isFilled(viaQueue)) {
    const permission = makePermission({
      prefix: logicalId,
      target,
      principal: 'sns.amazonaws.com',
      sourceArn: topic,
    });
    return [permission, makeSubscription(push, 'lambda', target.arn)];
  }
  if (viaQueue === true) {
    const queueId = `${logicalId}Queue`;
    const isFifo = isFifoTopic(push);
    const queue = make({
      logicalId: queueId,
      type: 'AWS::SQS::Queue',
      attributes: target.attributes,
      properties: isFilled(isFifo) ? { FifoQueue: isFifo } : {},
    });
    const arn = getAtt(queueId, 'Arn');
    return [
      ...makeQueueMapping(push, { arn }),
      queue,
      makeQueuePolicy(push, { arn, url: ref(queueId), policyId: undefined }),
      makeSubscription(push, 'sqs', arn),
    ];
  }
  const settings = expectMap(viaQueue, { event: push.eventId }, 'SqsSubscription');
  const {
    QueueArn: arn,
    QueueUrl: url,
    QueuePolicyLogicalId: policyId,
    BatchSize: batchSize,
  } = settings;
  if (!isFilled(arn) || !isFilled(url))
    throw eventProblem(push.eventId, 'No QueueARN or QueueURL provided.');
  return [
    ...makeQueueMapping(push, { arn, batchSize }),
    makeQueuePolicy(push, { arn, url, policyId }),
    makeSubscription(push, 'sqs', arn),
  ];
}

function isFifoTopic({ context, event }: PushEvent): unknown {
  const topicId = referredId(event.properties['Topic']);
  const topic = topicId === undefined ? undefined : context.source[topicId];
  return context.resolve(mapOr(mapOr(topic)['Properties'])['FifoTopic']);
}

function makeSubscription(
  { event, target }: PushEvent,
  protocol: string,
  endpoint: unknown,
): CfnResource {
  const { Topic, Region, FilterPolicy, FilterPolicyScope, RedrivePolicy } = event.properties;
  return make({
    logicalId: event.logicalId,
    type: 'AWS::SNS::Subscription',
    attributes: target.attributes,
    properties: {
      Protocol: protocol,
      Endpoint: endpoint,
      TopicArn: Topic,
      Region,
      FilterPolicy,
      FilterPolicyScope,
      RedrivePolicy,
    },
  });
}

function makeQueueMapping(
  push: PushEvent,
  queue: { arn: unknown; batchSize?: unknown },
): CfnResource[] {
  const { context, event, eventId, target, role } = push;
  const batchSize = isFilled(queue.batchSize) ? queue.batchSize : 10;
  return makeMapping({
    event: {
      ...event,
      logicalId: `${event.logicalId}EventSourceMapping`,
      type: 'SQS',
      properties: { Queue: queue.arn, BatchSize: batchSize, Enabled: true },
    },
    eventId,
    target,
    role,
    resolve: context.resolve,
    partition: context.partition,
  });
}

function makeQueuePolicy(
  { event, target }: PushEvent,
  { arn, url, policyId }: { arn: unknown; url: unknown; policyId: unknown },
): CfnResource {
  const named = typeof policyId === 'string' && policyId !== '' ? policyId : undefined;
  return make({
    logicalId: named ?? `${event.logicalId}QueuePolicy`,
    type: 'AWS::SQS::QueuePolicy',
    attributes: target.attributes,
    properties: {
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'sqs:SendMessage',
            Effect: 'Allow',
            Principal: '*',
            Resource: arn,
            Condition: { ArnEquals: { 'aws:SourceArn': event.properties['Topic'] } },
          },
        ],
      },
      Queues: [url],
    },
  });
}

export function makeCognitoEvent(push: PushEvent): CfnResource[] {
  const { event, eventId, target } = push;
  const { id, resource: pool } = linkedResource(push, 'UserPool');
  const permission = makePermission({
    prefix: `${target.logicalId}Cognito`,
    target,
    principal: 'cognito-idp.amazonaws.com',
    sourceArn: getAtt(id, 'Arn'),
  });
  const properties = mapOr((pool['Properties'] ??= {}));
  const config = expectMap(properties['LambdaConfig'] ?? {}, { resource: id }, 'LambdaConfig');
  properties['LambdaConfig'] = config;
  const given = event.properties['Trigger'];
  for (const trigger of Array.isArray(given) ? (given as unknown[]) : [given]) {
    const name = String(trigger);
    if (name in config) {
      const shown = Array.isArray(given) ? `['${given.join("', '")}']` : name;
      throw eventProblem(eventId, `Cognito trigger "${shown}" defined multiple times.`);
    }
    config[name] = target.arn;
  }
  return [permission, rewritten(id, pool)];
}

export function makeIotEvent({ context, event, target }: PushEvent): CfnResource[] {
  const { logicalId, properties } = event;
  const { Sql, AwsIotSqlVersion } = properties;
  const permission = makePermission({
    prefix: logicalId,
    target,
    principal: 'iot.amazonaws.com',
    sourceArn: sub(
      `arn:${context.partition}:iot:\${AWS::Region}:\${AWS::AccountId}:rule/\${RuleName}`,
      {
        RuleName: ref(logicalId),
      },
    ),
    sourceAccount: sub('${AWS::AccountId}'),
  });
  const rule = make({
    logicalId,
    type: 'AWS::IoT::TopicRule',
    attributes: target.attributes,
    properties: {
      TopicRulePayload: {
        Sql,
        RuleDisabled: false,
        Actions: [{ Lambda: { FunctionArn: target.arn } }],
        ...(isFilled(AwsIotSqlVersion) ? { AwsIotSqlVersion } : {}),
      },
    },
  });
  return [permission, rule];
}

export function makeAlexaEvent({ event, target }: PushEvent): CfnResource[] {
  const token = event.properties['SkillId'];
  const principal = 'alexa-appkit.amazon.com';
  return [makePermission({ prefix: event.logicalId, target, principal, eventSourceToken: token })];
}

export function makeLogsEvent({ context, event, target }: PushEvent): CfnResource[] {
  const { logicalId, properties } = event;
  const { LogGroupName, FilterPattern } = properties;
  const permission = makePermission({
    prefix: logicalId,
    target,
    principal: 'logs.amazonaws.com',
    sourceArn: sub(
      `arn:${context.partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:\${__LogGroupName__}:*`,
      { __LogGroupName__: LogGroupName },
    ),
  });
  const filter = make({
    logicalId,
    type: 'AWS::Logs::SubscriptionFilter',
    attributes: target.attributes,
    dependsOn: [permission.logicalId],
    properties: { LogGroupName, FilterPattern, DestinationArn: target.arn },
  });
  return [permission, filter];
}
