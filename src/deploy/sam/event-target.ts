// What an event source triggers: a function, its alias, or a state machine.
import type { CfnResource } from './cfn-resource.ts';
import { inherited } from './read-properties.ts';
import { getAtt, ref } from './values.ts';
import type { JsonMap } from './values.ts';

export interface EventTarget {
  readonly logicalId: string;
  /** For properties that take a function's name: an alias has only its ARN. */
  readonly name: JsonMap;
  readonly arn: JsonMap;
  /** `${Function.Arn}` or `${Alias}`, for Fn::Sub. */
  readonly shorthand: string;
  /** What resources made for the event share with it. */
  readonly attributes: JsonMap;
  readonly condition: unknown;
}

export function functionTarget({ logicalId, attributes }: CfnResource): EventTarget {
  return {
    logicalId,
    name: ref(logicalId),
    arn: getAtt(logicalId, 'Arn'),
    shorthand: `\${${logicalId}.Arn}`,
    attributes: inherited(attributes),
    condition: attributes['Condition'],
  };
}

export function aliasTarget({ logicalId, attributes }: CfnResource): EventTarget {
  return {
    logicalId,
    name: ref(logicalId),
    arn: ref(logicalId),
    shorthand: `\${${logicalId}}`,
    attributes: inherited(attributes),
    condition: attributes['Condition'],
  };
}

/** State machines and their aliases go by their ARN. */
export function stateMachineTarget({ logicalId, attributes }: CfnResource): EventTarget {
  return {
    logicalId,
    name: ref(logicalId),
    arn: ref(logicalId),
    shorthand: `\${${logicalId}}`,
    attributes: inherited(attributes),
    condition: attributes['Condition'],
  };
}
