// AWS::Lambda::Permission: leave for a service to invoke a function.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { EventTarget } from './event-target.ts';
import { hashedId } from './logical-id.ts';
import { isAlphanumeric } from './values.ts';

export interface Permission {
  /** Start of the logical id: the event's. */
  readonly prefix: string;
  readonly suffix?: string;
  readonly target: EventTarget;
  readonly principal: string;
  readonly sourceArn?: unknown;
  readonly sourceAccount?: unknown;
  readonly eventSourceToken?: unknown;
}

export function makePermission(permission: Permission): CfnResource {
  const {
    prefix,
    suffix = '',
    target,
    principal,
    sourceArn,
    sourceAccount,
    eventSourceToken,
  } = permission;
  const start = `${prefix}Permission`;
  return make({
    logicalId: isAlphanumeric(suffix) ? start + suffix : hashedId(start, suffix),
    type: 'AWS::Lambda::Permission',
    attributes: target.attributes,
    properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: target.name,
      Principal: principal,
      SourceArn: sourceArn,
      SourceAccount: sourceAccount,
      EventSourceToken: eventSourceToken,
    },
  });
}
