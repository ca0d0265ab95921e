// AWS::Serverless::Function: a function with its role, versions, URL, destinations and events.
import { makeApiEvent, linkedApi } from './api-event.ts';
import { make, propagateTags } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { addPreference, updatePolicy } from './deployment-preference.ts';
import { makeInvokeConfig } from './event-invoke.ts';
import { aliasTarget, functionTarget } from './event-target.ts';
import type { EventTarget } from './event-target.ts';
import { checkFunction, checkPackageType } from './function-rules.ts';
import { makeFunctionUrl } from './function-url.ts';
import { publishAlias } from './function-version.ts';
import { makeHttpApiEvent } from './http-api-event.ts';
import { makePermission } from './permission.ts';
import { PULL_TYPES, makeMapping } from './pull-event.ts';
import {
  linkedResource,
  makeAlexaEvent,
  makeCognitoEvent,
  makeIotEvent,
  makeLogsEvent,
  makeS3Event,
  makeSnsEvent,
} from './push-event.ts';
import { inherited, isKnownType, readDeclared } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { assumeRolePolicy, inlinePolicy, makeRole, managedPolicyArn } from './role.ts';
import { makeRule } from './rule-event.ts';
import { codeLocation } from './s3-location.ts';
import { SamProblem, eventProblem, resourceProblem } from './sam-error.ts';
import { makeSchedule } from './scheduler-event.ts';
import {
  getAtt,
  isFilled,
  isIf,
  isMap,
  isNoValue,
  isSet,
  mapOr,
  not,
  printValue,
  tagList,
  when,
} from './values.ts';
import type { JsonMap } from './values.ts';

const RESERVED_TAGS = [
  'lambda:createdBy',
  'serverlessrepo:applicationId',
  'serverlessrepo:semanticVersion',
];

export function transformFunction(context: SamContext, declared: Declared): CfnResource[] {
  const { logicalId, properties } = declared;
  inEvents(logicalId, () => linkEvents(context, declared));
  checkFunction(declared);
  const lambda = makeLambda(context, declared);
  const made: CfnResource[] = [lambda];
  if (
    isFilled(properties['ProvisionedConcurrencyConfig']) &&
    !isFilled(properties['AutoPublishAlias'])
  ) {
    throw resourceProblem(
      logicalId,
      'To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function',
    );
  }
  const published = isFilled(properties['AutoPublishAlias'])
    ? publishAlias(context, declared, lambda)
    : undefined;
  if (published !== undefined) made.push(published.version, published.alias);
  if (isFilled(properties['FunctionUrlConfig']))
    made.push(...makeFunctionUrl(declared, published?.alias));
  addDeployment(context, declared, published?.alias);
  const invoke = isFilled(properties['EventInvokeConfig'])
    ? makeInvokeConfig({
        context,
        declared,
        alias: published?.alias,
        aliasName: published?.aliasName ?? '',
      })
    : { resources: [], policies: [] };
  made.push(...invoke.resources);
  const role = makeExecutionRole(context, declared, invoke.policies);
  made.push(...attachRole(context, declared, { lambda, role }));
  const target = published === undefined ? functionTarget(lambda) : aliasTarget(published.alias);
  made.push(...inEvents(logicalId, () => makeEvents({ context, declared, target, role })));
  propagateTags(made, properties['Tags'], properties['PropagateTags']);
  return made;
}

/** What is wrong with an event is told as the function's. */
function inEvents<T>(logicalId: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SamProblem && error.kind === 'event')
      throw resourceProblem(logicalId, error.message);
    throw error;
  }
}

function makeLambda(context: SamContext, declared: Declared): CfnResource {
  const { logicalId, properties } = declared;
  const pass = (...names: string[]): JsonMap =>
    Object.fromEntries(names.map((name) => [name, properties[name]]));
  const lambda = make({
    logicalId,
    type: 'AWS::Lambda::Function',
    attributes: declared.attributes,
    dependsOn: declared.dependsOn,
    properties: {
      ...pass(
        'Handler', 'Runtime', 'Description', 'MemorySize', 'Timeout', 'VpcConfig', 'Role', 'Environment',
        'KmsKeyArn', 'ReservedConcurrentExecutions', 'Layers', 'FileSystemConfigs', 'ImageConfig',
        'PackageType', 'Architectures', 'SnapStart', 'EphemeralStorage', 'CodeSigningConfigArn',
        'RuntimeManagementConfig', 'LoggingConfig', 'TenancyConfig', 'RecursiveLoop', 'DurableConfig',
        'PublishToLatestPublished',
      ), // prettier-ignore
      FunctionName: isFilled(properties['FunctionName']) ? properties['FunctionName'] : undefined,
      Code: makeCode(declared),
      Tags: lambdaTags(declared),
      TracingConfig: isTraced(context, declared) ? { Mode: properties['Tracing'] } : undefined,
      DeadLetterConfig: isFilled(properties['DeadLetterQueue'])
        ? { TargetArn: mapOr(properties['DeadLetterQueue'])['TargetArn'] }
        : undefined,
      CapacityProviderConfig: capacityProvider(properties['CapacityProviderConfig']),
      FunctionScalingConfig: isFilled(properties['FunctionScalingConfig'])
        ? properties['FunctionScalingConfig']
        : undefined,
    },
  });
  checkPackageType(lambda);
  return lambda;
}

function isTraced(context: SamContext, { properties }: Declared): boolean {
  return isFilled(properties['Tracing']) && context.resolve(properties['Tracing']) !== 'Disabled';
}

function capacityProvider(given: unknown): JsonMap | undefined {
  if (!isFilled(given)) return undefined;
  const { Arn, PerExecutionEnvironmentMaxConcurrency, ExecutionEnvironmentMemoryGiBPerVCpu } =
    mapOr(given);
  return {
    LambdaManagedInstancesCapacityProviderConfig: {
      CapacityProviderArn: Arn,
      ...(isSet(PerExecutionEnvironmentMaxConcurrency)
        ? { PerExecutionEnvironmentMaxConcurrency }
        : {}),
      ...(isSet(ExecutionEnvironmentMemoryGiBPerVCpu)
        ? { ExecutionEnvironmentMemoryGiBPerVCpu }
        : {}),
    },
  };
}

function lambdaTags({ logicalId, properties }: Declared): JsonMap[] {
  const tags = mapOr(properties['Tags']);
  for (const reserved of RESERVED_TAGS) {
    if (!(reserved in tags)) continue;
    throw resourceProblem(
      logicalId,
      `${reserved} is a reserved Tag key name and cannot be set on your resource. ` +
        'Please change the tag key in the input.',
    );
  }
  return [...tagList({ 'lambda:createdBy': 'SAM' }), ...tagList(tags)];
}

function makeCode({ logicalId, properties }: Declared): JsonMap {
  const { InlineCode: inline, CodeUri: uri, ImageUri: image } = properties;
  const kind = isFilled(properties['PackageType']) ? properties['PackageType'] : 'Zip';
  if (kind === 'Image') {
    if (!isSet(image)) throw resourceProblem(logicalId, "'ImageUri' must be set.");
    if (!isFilled(image)) {
      throw resourceProblem(
        logicalId,
        "'ImageUri' requires that a image hosted at a registry be specified.",
      );
    }
    return { ImageUri: image };
  }
  if (kind !== 'Zip')
    throw resourceProblem(logicalId, `invalid 'PackageType' : ${printValue(kind)}`);
  if (!isSet(inline) && !isSet(uri)) {
    throw resourceProblem(logicalId, "Only one of 'InlineCode' or 'CodeUri' can be set.");
  }
  const code = isSet(inline) ? { ZipFile: inline } : codeLocation(uri, logicalId, 'CodeUri');
  const key = properties['SourceKMSKeyArn'];
  return isFilled(key) ? { ...code, SourceKMSKeyArn: key } : code;
}

function addDeployment(
  context: SamContext,
  declared: Declared,
  alias: CfnResource | undefined,
): void {
  const { logicalId, properties } = declared;
  if (!isFilled(properties['DeploymentPreference'])) return;
  const settings = mapOr(properties['DeploymentPreference']);
  for (const name of ['Enabled', 'Type']) {
    if (name in settings) settings[name] = context.resolveMappings(context.resolve(settings[name]));
  }
  settings['PassthroughCondition'] =
    'PassthroughCondition' in settings
      ? toBoolean(context, logicalId, settings['PassthroughCondition'])
      : false;
  const isEnabled = addPreference(context.deployments, {
    logicalId,
    settings,
    condition: declared.attributes['Condition'],
    tags: properties['Tags'],
    propagateTags: properties['PropagateTags'],
  });
  if (!isEnabled) return;
  if (alias === undefined) {
    throw resourceProblem(
      logicalId,
      "'DeploymentPreference' requires AutoPublishAlias property to be specified.",
    );
  }
  alias.attributes['UpdatePolicy'] = updatePolicy(context.deployments, logicalId);
}

function toBoolean(context: SamContext, logicalId: string, given: unknown): boolean {
  const value = context.resolveMappings(context.resolve(given));
  if (value === true || value === 'true' || value === 'True') return true;
  if (value === false || value === 'false' || value === 'False') return false;
  throw resourceProblem(
    logicalId,
    isMap(value)
      ? 'Unsupported intrinsic: the only intrinsic functions supported for property PassthroughCondition are ' +
          'FindInMap and parameter Refs.'
      : 'Invalid value for property PassthroughCondition.',
  );
}

const DEAD_LETTER_ACTIONS: Readonly<Record<string, string>> = {
  SQS: 'sqs:SendMessage',
  SNS: 'sns:Publish',
};

function makeExecutionRole(
  context: SamContext,
  declared: Declared,
  destinations: readonly JsonMap[],
): CfnResource {
  const { logicalId, properties } = declared;
  const { partition } = context;
  const managed = isFilled(properties['DurableConfig'])
    ? ['service-role/AWSLambdaBasicDurableExecutionRolePolicy']
    : ['service-role/AWSLambdaBasicExecutionRole'];
  if (isTraced(context, declared)) managed.push(xrayPolicy(partition));
  if (isFilled(properties['VpcConfig']))
    managed.push('service-role/AWSLambdaVPCAccessExecutionRole');
  const inline: JsonMap[] = [];
  if (isFilled(properties['DeadLetterQueue'])) {
    const { Type: type, TargetArn: arn } = mapOr(properties['DeadLetterQueue']);
    const policy = inlinePolicy('DeadLetterQueuePolicy', DEAD_LETTER_ACTIONS[String(type)], arn);
    inline.push({
      ...policy,
      PolicyDocument: { Version: '2012-10-17', ...mapOr(policy['PolicyDocument']) },
    });
  }
  return makeRole({
    logicalId,
    partition,
    attributes: inherited(declared.attributes),
    assumeRole: properties['AssumeRolePolicyDocument'] ?? assumeRolePolicy('lambda.amazonaws.com'),
    policies: properties['Policies'],
    managed: managed.map((name) => managedPolicyArn(partition, name)),
    inline: [...inline, ...destinations],
    path: properties['RolePath'],
    boundary: properties['PermissionsBoundary'],
    tags: lambdaTags(declared),
  });
}

export function xrayPolicy(partition: string): string {
  return partition === 'aws' ? 'AWSXrayWriteOnlyAccess' : 'AWSXRayDaemonWriteAccess';
}

/** The role is made unless one is given; with Fn::If, only on the side that gives none. */
function attachRole(
  context: SamContext,
  { logicalId }: Declared,
  { lambda, role }: { readonly lambda: CfnResource; readonly role: CfnResource },
): CfnResource[] {
  const given = lambda.properties['Role'];
  const arn = getAtt(role.logicalId, 'Arn');
  if (!isSet(given)) {
    lambda.properties['Role'] = arn;
    return [role];
  }
  if (!isIf(given)) return [];
  const items = mapOr(context.resolve(given))['Fn::If'];
  if (!Array.isArray(items) || items.length !== 3) {
    throw resourceProblem(logicalId, "Malformed 'Role' property: Fn::If requires 3 arguments.");
  }
  const [condition, then, otherwise] = items as unknown[];
  if (!isNoValue(then) && !isNoValue(otherwise)) return [];
  if (isNoValue(then) && isNoValue(otherwise)) {
    lambda.properties['Role'] = arn;
  } else if (isNoValue(then)) {
    lambda.properties['Role'] = when(condition, arn, otherwise);
    role.attributes['Condition'] = condition;
  } else {
    const negated = `NOT${String(condition)}`;
    lambda.properties['Role'] = when(condition, then, arn);
    role.attributes['Condition'] = negated;
    if (context.conditions !== undefined) context.conditions[negated] = not(String(condition));
  }
  return [role];
}

function eventsOf({ properties }: Declared): [string, unknown][] {
  return Object.entries(mapOr(properties['Events']));
}

function readEvent(declared: Declared, eventId: string, event: unknown): Declared {
  if (!isMap(event) || !isKnownType('functionEvents', event['Type'])) {
    const type = isMap(event) ? printValue(event['Type']) : 'None';
    throw eventProblem(
      eventId,
      `Resource dict has missing or invalid value for key Type. Event Type is: ${type}.`,
    );
  }
  return readDeclared('functionEvents', declared.logicalId + eventId, event);
}

/** What events refer to in the template is there; checked for all before anything is made. */
function linkEvents(context: SamContext, declared: Declared): void {
  for (const [eventId, given] of eventsOf(declared)) {
    const event = readEvent(declared, eventId, given);
    if (event.type === 'S3') linkedResource({ context, event, eventId }, 'Bucket');
    if (event.type === 'Cognito') linkedResource({ context, event, eventId }, 'UserPool');
    if (event.type === 'Api') linkedApi(context.source, eventId, event.properties['RestApiId']);
  }
}

interface EventsMaking {
  readonly context: SamContext;
  readonly declared: Declared;
  readonly target: EventTarget;
  readonly role: CfnResource;
}

/** `$default` comes before other paths, so that its permission makes theirs needless. */
function makeEvents({ context, declared, target, role }: EventsMaking): CfnResource[] {
  const keyOf = ([eventId, event]: [string, unknown]): string =>
    printValue(mapOr(mapOr(event)['Properties'])['Path'] ?? eventId);
  const ordered = eventsOf(declared).toSorted((a, b) =>
    keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0,
  );
  return ordered.flatMap(([eventId, given]) => {
    const event = readEvent({ ...declared, logicalId: declared.logicalId }, eventId, given);
    return makeEvent({ context, event, eventId, target, role });
  });
}

interface EventMaking {
  readonly context: SamContext;
  readonly event: Declared;
  readonly eventId: string;
  readonly target: EventTarget;
  readonly role: CfnResource;
}

function makeEvent(making: EventMaking): CfnResource[] {
  const { context, event, eventId, target, role } = making;
  if (PULL_TYPES.includes(event.type)) {
    const { resolve, partition } = context;
    return makeMapping({ event, eventId, target, role, resolve, partition });
  }
  switch (event.type) {
    case 'Api':
      return makeApiEvent(making);
    case 'HttpApi':
      return makeHttpApiEvent(making);
    case 'S3':
      return makeS3Event(making);
    case 'SNS':
      return makeSnsEvent(making);
    case 'Cognito':
      return makeCognitoEvent(making);
    case 'IoTRule':
      return makeIotEvent(making);
    case 'AlexaSkill':
      return makeAlexaEvent(making);
    case 'CloudWatchLogs':
      return makeLogsEvent(making);
    case 'ScheduleV2':
      return makeSchedule({ event, target, kind: 'function' });
    default: {
      const rule = makeRule({ event, eventId, target, suffix: 'LambdaTarget' });
      const permission = makePermission({
        prefix: event.logicalId,
        target,
        principal: 'events.amazonaws.com',
        sourceArn: getAtt(event.logicalId, 'Arn'),
      });
      return [...rule, permission];
    }
  }
}
