// Schedule, EventBridgeRule and CloudWatchEvent: EventBridge rules that trigger a function or a state machine.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { EventTarget } from './event-target.ts';
import type { Declared } from './read-properties.ts';
import { eventProblem } from './sam-error.ts';
import { getAtt, isFilled, isSet, mapOr, ref } from './values.ts';
import type { JsonMap } from './values.ts';

export interface RuleEvent {
  readonly event: Declared;
  /** Its name in the template. */
  readonly eventId: string;
  readonly target: EventTarget;
  /** End of a generated target id. */
  readonly suffix: 'LambdaTarget' | 'StepFunctionsTarget';
  readonly roleArn?: unknown;
}

const TARGET_ID_MAX = 64;

/** The rule, then its dead letter queue with the policy. */
export function makeRule(rule: RuleEvent): CfnResource[] {
  const { event, eventId, target } = rule;
  const { logicalId, properties } = event;
  const isSchedule = event.type === 'Schedule';
  if (isFilled(properties['State']) && isSet(properties['Enabled'])) {
    throw eventProblem(eventId, 'State and Enabled Properties cannot both be specified.');
  }
  const { queueArn, resources } = deadLetterQueue(
    event,
    target.attributes,
    getAtt(logicalId, 'Arn'),
  );
  const common = { State: stateOf(properties), Targets: [ruleTarget(rule, queueArn)] };
  const made = make({
    logicalId,
    type: 'AWS::Events::Rule',
    attributes: target.attributes,
    properties: isSchedule
      ? {
          ScheduleExpression: properties['Schedule'],
          Name: properties['Name'],
          Description: properties['Description'],
          ...common,
        }
      : {
          EventBusName: properties['EventBusName'],
          EventPattern: properties['Pattern'],
          Name: properties['RuleName'],
          ...common,
        },
  });
  return [made, ...resources];
}

function stateOf(properties: JsonMap): unknown {
  const enabled = properties['Enabled'];
  if (isSet(enabled)) return isFilled(enabled) ? 'ENABLED' : 'DISABLED';
  return isFilled(properties['State']) ? properties['State'] : undefined;
}

function ruleTarget({ event, target, suffix, roleArn }: RuleEvent, queueArn: unknown): JsonMap {
  const { logicalId, properties } = event;
  const generated =
    logicalId.length + suffix.length <= TARGET_ID_MAX
      ? logicalId + suffix
      : logicalId.slice(0, TARGET_ID_MAX - suffix.length) + suffix;
  const members: JsonMap = {
    Arn: target.arn,
    Id: mapOr(properties['Target'])['Id'] ?? generated,
    RoleArn: roleArn,
    Input: properties['Input'],
    InputPath: properties['InputPath'],
    DeadLetterConfig: isSet(properties['DeadLetterConfig']) ? { Arn: queueArn } : undefined,
    RetryPolicy: properties['RetryPolicy'],
    InputTransformer: properties['InputTransformer'],
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => isSet(value)));
}

/** Checks a `DeadLetterConfig`; makes a queue unless one is named. */
export function deadLetterQueue(
  { logicalId, properties }: Declared,
  attributes: JsonMap,
  sourceArn: unknown,
): { readonly queueArn: unknown; readonly resources: CfnResource[] } {
  const config = properties['DeadLetterConfig'];
  if (!isSet(config)) return { queueArn: undefined, resources: [] };
  const settings = mapOr(config);
  checkDeadLetterConfig(logicalId, settings);
  if (isSet(settings['Arn'])) return { queueArn: settings['Arn'], resources: [] };
  const named = settings['QueueLogicalId'];
  if (isSet(named) && typeof named !== 'string') {
    throw eventProblem(logicalId, 'QueueLogicalId must be a string');
  }
  const queueId = typeof named === 'string' && named !== '' ? named : `${logicalId}Queue`;
  const queueArn = getAtt(queueId, 'Arn');
  const queue = make({ logicalId: queueId, type: 'AWS::SQS::Queue', attributes });
  if (sourceArn === undefined) return { queueArn, resources: [queue] };
  const policy = make({
    logicalId: `${logicalId}QueuePolicy`,
    type: 'AWS::SQS::QueuePolicy',
    attributes,
    properties: {
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'sqs:SendMessage',
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Resource: queueArn,
            Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
          },
        ],
      },
      Queues: [ref(queueId)],
    },
  });
  return { queueArn, resources: [queue, policy] };
}

function checkDeadLetterConfig(logicalId: string, config: JsonMap): void {
  const hasArn = 'Arn' in config;
  const hasType = 'Type' in config;
  if (hasArn && hasType) {
    throw eventProblem(
      logicalId,
      "You can either define 'Arn' or 'Type' property of DeadLetterConfig.",
    );
  }
  if (hasType && config['Type'] !== 'SQS') {
    throw eventProblem(
      logicalId,
      "The only valid value for 'Type' property of DeadLetterConfig is 'SQS'.",
    );
  }
  if (!hasArn && !hasType) {
    throw eventProblem(logicalId, "No 'Arn' or 'Type' property provided for DeadLetterConfig.");
  }
}
