// Sample events of what watches and schedules: EventBridge, Scheduler, alarms.
import type { CloudWatchAlarmEvent, EventBridgeEvent, ScheduledEvent } from 'aws-lambda';
import { UserError } from '../../base/errors.ts';
import { PLACE, TIME, defineSample, sampleUuid } from './sample-event.ts';

/** EventBridge tells times in whole seconds. */
function wholeSeconds(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z');
}

function parseJson(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError('ERR_USAGE', `--${field} is not JSON: ${text}`, {
      fix: `write it like --${field} '{"state": "running"}'`,
      cause: error,
    });
  }
}

interface RuleValues {
  readonly region: string;
  readonly account: string;
  readonly time: string;
  readonly rule: string;
}

function makeScheduledEvent({ region, account, time, rule }: RuleValues): ScheduledEvent {
  return {
    version: '0',
    id: sampleUuid(1),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account,
    time: wholeSeconds(time),
    region,
    resources: [`arn:aws:events:${region}:${account}:rule/${rule}`],
    detail: {},
  };
}

const RULE = { ...PLACE, ...TIME, rule: { about: 'name of the rule', default: 'ExampleRule' } } as const;

const scheduledEvent = defineSample({
  service: 'eventbridge',
  name: 'scheduled-event',
  about: 'a rule with a schedule is due',
  fields: RULE,
  make: makeScheduledEvent,
});

/** The name that SAM and AWS's older documents use. */
const cloudwatchScheduledEvent = defineSample({
  service: 'cloudwatch',
  name: 'scheduled-event',
  about: 'the same as eventbridge scheduled-event',
  fields: RULE,
  make: makeScheduledEvent,
});

const customEvent = defineSample({
  service: 'eventbridge',
  name: 'custom-event',
  about: 'an event that an application put on a bus',
  fields: {
    ...PLACE,
    ...TIME,
    source: { about: 'source', default: 'com.example.orders' },
    'detail-type': { about: 'detail type', default: 'Order Placed' },
    detail: { about: 'detail, JSON', default: '{"orderId":"o-1"}' },
    resource: { about: 'a resource; none when empty', default: '' },
  },
  make({ region, account, time, source, resource, ...rest }): EventBridgeEvent<string, unknown> {
    return {
      version: '0',
      id: sampleUuid(1),
      'detail-type': rest['detail-type'],
      source,
      account,
      time: wholeSeconds(time),
      region,
      resources: resource === '' ? [] : [resource],
      detail: parseJson(rest.detail, 'detail'),
    };
  },
});

const ec2State = defineSample({
  service: 'eventbridge',
  name: 'ec2-state-change',
  about: 'an EC2 instance changed its state',
  fields: {
    ...PLACE,
    ...TIME,
    instance: { about: 'id of the instance', default: 'i-1234567890abcdef0' },
    state: { about: 'its new state', default: 'terminated' },
  },
  make: ({ region, account, time, instance, state }): EventBridgeEvent<string, unknown> => ({
    version: '0',
    id: sampleUuid(1),
    'detail-type': 'EC2 Instance State-change Notification',
    source: 'aws.ec2',
    account,
    time: wholeSeconds(time),
    region,
    resources: [`arn:aws:ec2:${region}:${account}:instance/${instance}`],
    detail: { 'instance-id': instance, state },
  }),
});

const scheduler = defineSample({
  service: 'scheduler',
  name: 'scheduled-event',
  about: 'an EventBridge Scheduler schedule without input of its own is due',
  fields: {
    ...PLACE,
    ...TIME,
    group: { about: 'schedule group', default: 'default' },
    schedule: { about: 'name of the schedule', default: 'example-schedule' },
  },
  // AWS: `detail` is text here, unlike in events of rules. Seen in events recorded on AWS.
  make: ({ region, account, time, group, schedule }): ScheduledEvent<string> => ({
    version: '0',
    id: sampleUuid(1),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account,
    time: wholeSeconds(time),
    region,
    resources: [`arn:aws:scheduler:${region}:${account}:schedule/${group}/${schedule}`],
    detail: '{}',
  }),
});

const alarm = defineSample({
  service: 'cloudwatch',
  name: 'alarm',
  about: 'a CloudWatch alarm changes its state and invokes a function',
  fields: {
    ...PLACE,
    ...TIME,
    alarm: { about: 'name of the alarm', default: 'lambda-demo-metric-alarm' },
    function: { about: 'the function that is watched', default: 'my-function-name' },
    state: { about: 'ALARM, OK or INSUFFICIENT_DATA', default: 'ALARM', choices: ['ALARM', 'OK', 'INSUFFICIENT_DATA'] },
  },
  make(values): CloudWatchAlarmEvent {
    const { region, account, time, alarm: alarmName, state } = values;
    const stamp = time.replace('Z', '+0000');
    return {
      source: 'aws.cloudwatch',
      alarmArn: `arn:aws:cloudwatch:${region}:${account}:alarm:${alarmName}`,
      accountId: account,
      time: stamp,
      region,
      alarmData: {
        alarmName,
        state: { value: state, reason: 'test', timestamp: stamp },
        previousState: {
          value: state === 'ALARM' ? 'INSUFFICIENT_DATA' : 'ALARM',
          reason: 'Insufficient Data: 5 datapoints were unknown.',
          timestamp: stamp,
          reasonData: JSON.stringify({ version: '1.0', statistic: 'Sum', period: 60 }),
        },
        configuration: {
          description: 'Metric Alarm to test Lambda actions',
          metrics: [
            {
              id: '1234e046-06f0-a3da-9534-EXAMPLEe4c',
              metricStat: {
                metric: { namespace: 'AWS/Lambda', name: 'Errors', dimensions: { FunctionName: values.function } },
                period: 60,
                stat: 'Sum',
                unit: 'Count',
              },
              returnData: true,
            },
          ],
        },
      },
    };
  },
});

export const SCHEDULE_EVENTS = [
  scheduledEvent,
  customEvent,
  ec2State,
  cloudwatchScheduledEvent,
  alarm,
  scheduler,
];
