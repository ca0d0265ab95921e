// EventInvokeConfig: retries of asynchronous invocations and where their results go.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { expectMap } from './expect.ts';
import { hashedId } from './logical-id.ts';
import { bucketPolicy } from './pull-event.ts';
import { inherited } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { inlinePolicy } from './role.ts';
import { resourceProblem } from './sam-error.ts';
import { getAtt, isFilled, isIf, isNoValue, isSet, not, printValue, ref, when } from './values.ts';
import type { JsonMap } from './values.ts';

export interface InvokeConfigMaking {
  readonly context: SamContext;
  readonly declared: Declared;
  readonly alias: CfnResource | undefined;
  readonly aliasName: string;
}

export interface InvokeConfig {
  readonly resources: CfnResource[];
  /** What the function's role needs to reach the destinations. */
  readonly policies: JsonMap[];
}

export function makeInvokeConfig(making: InvokeConfigMaking): InvokeConfig {
  const { context, declared, alias, aliasName } = making;
  const config = context.resolve(declared.properties['EventInvokeConfig'] as JsonMap);
  const logicalId = `${declared.logicalId}EventInvokeConfig`;
  const destinations: JsonMap = {};
  const resources: CfnResource[] = [];
  const policies: JsonMap[] = [];
  if (isFilled(config['DestinationConfig'])) {
    const owner = { resource: declared.logicalId };
    const path = 'EventInvokeConfig.DestinationConfig';
    const given = expectMap(config['DestinationConfig'], owner, path);
    for (const name of ['OnSuccess', 'OnFailure']) {
      if (!isSet(given[name])) continue;
      const settings = expectMap(given[name], owner, `${path}.${name}`);
      const made = makeDestination(making, { settings, logicalId, name });
      destinations[name] = { Destination: made.destination };
      settings['Destination'] = made.destination;
      if (made.resource !== undefined) resources.push(made.resource);
      if (made.policy !== undefined) policies.push(made.policy);
    }
  }
  resources.push(
    make({
      logicalId,
      type: 'AWS::Lambda::EventInvokeConfig',
      attributes: declared.attributes,
      dependsOn: alias === undefined ? undefined : [alias.logicalId],
      properties: {
        FunctionName: ref(declared.logicalId),
        Qualifier: aliasName === '' ? '$LATEST' : aliasName,
        DestinationConfig: destinations,
        MaximumEventAgeInSeconds: config['MaximumEventAgeInSeconds'],
        MaximumRetryAttempts: config['MaximumRetryAttempts'],
      },
    }),
  );
  return { resources, policies };
}

interface DestinationMaking {
  readonly settings: JsonMap;
  readonly logicalId: string;
  readonly name: string;
}

interface Destination {
  readonly destination: unknown;
  readonly resource?: CfnResource;
  readonly policy?: JsonMap;
}

const TYPES = ['SQS', 'SNS', 'EventBridge', 'Lambda', 'S3Bucket'];

/** A queue or topic is made when none is named. */
function makeDestination(making: InvokeConfigMaking, place: DestinationMaking): Destination {
  const { declared } = making;
  const { settings, logicalId, name } = place;
  const type = settings['Type'];
  const given = settings['Destination'];
  const resourceId = logicalId + name;
  if (!TYPES.includes(String(type))) {
    const known = TYPES.map((one) => `'${one}'`).join(', ');
    throw resourceProblem(
      declared.logicalId,
      `'Type: ${printValue(type)}' must be one of [${known}]`,
    );
  }
  const choice = readChoice(making, given, logicalId);
  if (isSet(given) && choice === undefined) {
    return { destination: given, ...policyFor(String(type), given, resourceId) };
  }
  if (type !== 'SQS' && type !== 'SNS') {
    throw resourceProblem(
      declared.logicalId,
      "Destination is required if Type is not ['SQS', 'SNS']",
    );
  }
  const attributes = inherited(declared.attributes);
  const condition = bothConditions(making, attributes['Condition'], choice?.condition);
  const isQueue = type === 'SQS';
  const resource = make({
    logicalId: resourceId + (isQueue ? 'Queue' : 'Topic'),
    type: isQueue ? 'AWS::SQS::Queue' : 'AWS::SNS::Topic',
    attributes: { ...attributes, ...(isFilled(condition) ? { Condition: condition } : {}) },
  });
  const own = isQueue ? getAtt(resource.logicalId, 'Arn') : ref(resource.logicalId);
  const destination = choice === undefined ? own : when(choice.condition, own, choice.otherwise);
  return { destination, resource, ...policyFor(type, destination, resourceId) };
}

function policyFor(type: string, arn: unknown, id: string): { readonly policy: JsonMap } {
  switch (type) {
    case 'SQS':
      return { policy: inlinePolicy(`${id}SQSPolicy`, 'sqs:SendMessage', arn) };
    case 'SNS':
      return { policy: inlinePolicy(`${id}SNSPolicy`, 'sns:publish', arn) };
    case 'EventBridge':
      return { policy: inlinePolicy(`${id}EventBridgePolicy`, 'events:PutEvents', arn) };
    case 'Lambda':
      return { policy: inlinePolicy(`${id}LambdaPolicy`, 'lambda:InvokeFunction', arn) };
    default:
      return { policy: bucketPolicy(id, arn) };
  }
}

interface Choice {
  /** When it holds, the destination is made. */
  readonly condition: string;
  readonly otherwise: unknown;
}

/** `Fn::If` with NoValue on one side: the destination is made only on that side. */
function readChoice(
  { context }: InvokeConfigMaking,
  given: unknown,
  logicalId: string,
): Choice | undefined {
  if (!isIf(given)) return undefined;
  const items = given['Fn::If'];
  if (!Array.isArray(items) || items.length !== 3) {
    throw resourceProblem(
      logicalId,
      "Malformed 'Destination' property: Fn::If requires 3 arguments.",
    );
  }
  const [condition, then, otherwise] = items as unknown[];
  if (isNoValue(then) && isNoValue(otherwise)) return undefined;
  if (isNoValue(then)) return { condition: String(condition), otherwise };
  if (!isNoValue(otherwise)) return undefined;
  const negated = generatedName(`NOT${String(condition)}`, logicalId);
  if (context.conditions !== undefined) context.conditions[negated] = not(String(condition));
  return { condition: negated, otherwise: then };
}

function bothConditions(
  { context, declared }: InvokeConfigMaking,
  own: unknown,
  choice: string | undefined,
): unknown {
  if (!isFilled(own)) return choice;
  if (choice === undefined) return own;
  const name = generatedName(`${String(own)}AND${choice}`, declared.logicalId);
  if (context.conditions !== undefined) {
    context.conditions[name] = {
      'Fn::And': [{ Condition: { Condition: own } }, { Condition: { Condition: choice } }],
    };
  }
  return name;
}

const CONDITION_NAME_MAX = 255;

function generatedName(name: string, data: string): string {
  return (name + hashedId('', data)).slice(0, CONDITION_NAME_MAX);
}
