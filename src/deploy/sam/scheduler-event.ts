// ScheduleV2: EventBridge Scheduler triggers a function or a state machine through a role of its own.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { EventTarget } from './event-target.ts';
import type { Declared } from './read-properties.ts';
import { assumeRolePolicy, inlinePolicy } from './role.ts';
import { deadLetterQueue } from './rule-event.ts';
import { eventProblem } from './sam-error.ts';
import { getAtt, isFilled, isSet } from './values.ts';

export interface SchedulerEvent {
  readonly event: Declared;
  readonly target: EventTarget;
  readonly kind: 'function' | 'state machine';
}

export function makeSchedule({ event, target, kind }: SchedulerEvent): CfnResource[] {
  const { logicalId, properties } = event;
  const { attributes } = target;
  if (isFilled(properties['OmitName']) && isFilled(properties['Name'])) {
    throw eventProblem(logicalId, 'Name cannot be set when OmitName is True');
  }
  const { queueArn, resources } = deadLetterQueue(event, attributes, undefined);
  const roleId = `${logicalId}Role`;
  const hasRole = isFilled(properties['RoleArn']);
  const role = make({
    logicalId: roleId,
    type: 'AWS::IAM::Role',
    attributes,
    properties: {
      AssumeRolePolicyDocument: assumeRolePolicy('scheduler.amazonaws.com'),
      Policies: [
        kind === 'function'
          ? inlinePolicy(`${logicalId}LambdaPolicy`, 'lambda:InvokeFunction', target.arn)
          : inlinePolicy(`${logicalId}StartExecutionPolicy`, 'states:StartExecution', target.arn),
        ...(isFilled(queueArn)
          ? [inlinePolicy(`${logicalId}SQSPolicy`, 'sqs:SendMessage', queueArn)]
          : []),
      ],
      PermissionsBoundary: isFilled(properties['PermissionsBoundary'])
        ? properties['PermissionsBoundary']
        : undefined,
    },
  });
  const name = isFilled(properties['Name']) ? properties['Name'] : logicalId;
  const window = properties['FlexibleTimeWindow'];
  const schedule = make({
    logicalId,
    type: 'AWS::Scheduler::Schedule',
    attributes,
    properties: {
      ScheduleExpression: properties['ScheduleExpression'],
      State: isFilled(properties['State']) ? properties['State'] : undefined,
      Name: isFilled(properties['OmitName']) ? undefined : name,
      Description: properties['Description'],
      FlexibleTimeWindow: isFilled(window) ? window : { Mode: 'OFF' },
      StartDate: properties['StartDate'],
      EndDate: properties['EndDate'],
      ScheduleExpressionTimezone: properties['ScheduleExpressionTimezone'],
      GroupName: properties['GroupName'],
      KmsKeyArn: properties['KmsKeyArn'],
      Target: {
        Arn: target.arn,
        RoleArn: hasRole ? properties['RoleArn'] : getAtt(roleId, 'Arn'),
        ...(isSet(properties['Input']) ? { Input: properties['Input'] } : {}),
        ...(isSet(properties['DeadLetterConfig']) ? { DeadLetterConfig: { Arn: queueArn } } : {}),
        ...(isSet(properties['RetryPolicy']) ? { RetryPolicy: properties['RetryPolicy'] } : {}),
      },
    },
  });
  return [schedule, ...resources, ...(hasRole ? [] : [role])];
}
