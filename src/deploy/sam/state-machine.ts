// AWS::Serverless::StateMachine: a state machine with its role, alias and events.
import { addEventAuth, linkedApi } from './api-event.ts';
import { make, propagateTags } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { stateMachineTarget } from './event-target.ts';
import type { EventTarget } from './event-target.ts';
import { xrayPolicy } from './function.ts';
import { asciiJson, compareCodePoints } from './logical-id.ts';
import { hasIntegration } from './path-editor.ts';
import { inherited, isKnownType, readDeclared } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { assumeRolePolicy, inlinePolicy, makeRole } from './role.ts';
import { makeRule } from './rule-event.ts';
import { documentLocation } from './s3-location.ts';
import { SamProblem, eventProblem, resourceProblem } from './sam-error.ts';
import { makeSchedule } from './scheduler-event.ts';
import { addStateMachineIntegration, openSwagger } from './swagger.ts';
import {
  clone,
  getAtt,
  isFilled,
  isIntrinsic,
  isMap,
  isSet,
  mapOr,
  printValue,
  ref,
  sub,
  tagList,
} from './values.ts';
import type { JsonMap } from './values.ts';

export function transformStateMachine(context: SamContext, declared: Declared): CfnResource[] {
  const { logicalId, properties } = declared;
  linkEvents(context, declared);
  const machine = make({
    logicalId,
    type: 'AWS::StepFunctions::StateMachine',
    attributes: declared.attributes,
    dependsOn: declared.dependsOn,
    properties: readDefinition(declared),
  });
  const made = [machine];
  if (isFilled(properties['Role']) && isFilled(properties['Policies'])) {
    throw resourceProblem(
      logicalId,
      "Specify either 'Role' or 'Policies' (but not both at the same time) or neither of them",
    );
  }
  if (isFilled(properties['Role'])) {
    machine.properties['RoleArn'] = properties['Role'];
  } else {
    const role = makeMachineRole(context, declared);
    machine.properties['RoleArn'] = getAtt(role.logicalId, 'Arn');
    made.push(role);
  }
  Object.assign(machine.properties, {
    StateMachineName: properties['Name'],
    StateMachineType: properties['Type'],
    LoggingConfiguration: properties['Logging'],
    TracingConfiguration: properties['Tracing'],
    Tags: machineTags(declared),
  });
  const published = publish(declared);
  made.push(...published);
  const alias = published[1];
  const isAliasTarget = isFilled(properties['UseAliasAsEventTarget']) && alias !== undefined;
  made.push(...makeEvents(context, declared, stateMachineTarget(isAliasTarget ? alias : machine)));
  propagateTags(made, properties['Tags'], properties['PropagateTags']);
  return made;
}

function machineTags({ properties }: Declared): JsonMap[] {
  return [...tagList({ 'stateMachine:createdBy': 'SAM' }), ...tagList(properties['Tags'])];
}

function readDefinition({ logicalId, properties }: Declared): JsonMap {
  const { Definition: definition, DefinitionUri: uri } = properties;
  const given = properties['DefinitionSubstitutions'];
  const substitutions: JsonMap = { ...mapOr(given) };
  if (isFilled(definition) && isFilled(uri)) {
    throw resourceProblem(
      logicalId,
      "Specify either 'Definition' or 'DefinitionUri' property and not both.",
    );
  }
  if (isFilled(uri)) {
    return {
      DefinitionS3Location: documentLocation(uri, logicalId),
      ...(isFilled(given) ? { DefinitionSubstitutions: given } : {}),
    };
  }
  if (!isFilled(definition)) {
    throw resourceProblem(
      logicalId,
      "Either 'Definition' or 'DefinitionUri' property must be specified.",
    );
  }
  const document = substitute(clone(definition), substitutions);
  const lines = indentedJson(document, '').split('\n');
  return {
    DefinitionString: { 'Fn::Join': ['\n', lines] },
    ...(isFilled(substitutions) ? { DefinitionSubstitutions: substitutions } : {}),
  };
}

/** Intrinsic functions and dynamic references become named substitutions, numbered in order of the keys. */
function substitute(value: unknown, substitutions: JsonMap): unknown {
  let counter = 1;
  const isDynamic = (one: unknown): boolean =>
    isIntrinsic(one) || (typeof one === 'string' && /\{\{resolve:[^}]+\}\}/.test(one));
  const visit = (one: unknown): unknown => {
    if (isDynamic(one)) {
      const name = `definition_substitution_${counter}`;
      counter += 1;
      substitutions[name] = one;
      return `\${${name}}`;
    }
    if (Array.isArray(one)) return one.map(visit);
    if (!isMap(one)) return one;
    for (const key of Object.keys(one).toSorted(compareCodePoints)) one[key] = visit(one[key]);
    return one;
  };
  // The document itself is never taken for a function.
  if (!isMap(value)) return value;
  for (const key of Object.keys(value).toSorted(compareCodePoints)) value[key] = visit(value[key]);
  return value;
}

/** Python's `json.dumps(value, sort_keys=True, indent=4)`. */
function indentedJson(value: unknown, indent: string): string {
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item: unknown) => inner + indentedJson(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (isMap(value)) {
    const keys = Object.keys(value).toSorted(compareCodePoints);
    if (keys.length === 0) return '{}';
    const members = keys.map(
      (key) => `${inner}${asciiJson(key)}: ${indentedJson(value[key], inner)}`,
    );
    return `{\n${members.join(',\n')}\n${indent}}`;
  }
  return typeof value === 'string' ? asciiJson(value) : JSON.stringify(value ?? null);
}

function makeMachineRole(context: SamContext, declared: Declared): CfnResource {
  const { logicalId, properties } = declared;
  const { partition } = context;
  const given = properties['Policies'];
  const policies: unknown[] = !isFilled(given)
    ? []
    : Array.isArray(given)
      ? [...(given as unknown[])]
      : [given];
  if (mapOr(properties['Tracing'])['Enabled'] === true) policies.push(xrayPolicy(partition));
  return makeRole({
    logicalId,
    partition,
    attributes: inherited(declared.attributes),
    assumeRole: assumeRolePolicy('states.amazonaws.com'),
    policies,
    managed: [],
    inline: [],
    path: properties['RolePath'],
    boundary: properties['PermissionsBoundary'],
    tags: machineTags(declared),
  });
}

/** The version and the alias of gradual deployments. */
function publish({ logicalId, properties, attributes }: Declared): CfnResource[] {
  const { AutoPublishAlias: alias, DeploymentPreference: preference } = properties;
  const needs = (name: string): never => {
    throw resourceProblem(
      logicalId,
      `'${name}' requires 'AutoPublishAlias' property to be specified.`,
    );
  };
  if (!isFilled(alias)) {
    if (isFilled(properties['UseAliasAsEventTarget'])) needs('UseAliasAsEventTarget');
    if (isFilled(preference)) needs('DeploymentPreference');
    return [];
  }
  const shared = inherited(attributes);
  const version = make({
    logicalId: `${logicalId}Version`,
    type: 'AWS::StepFunctions::StateMachineVersion',
    attributes: { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain', ...shared },
    properties: {
      StateMachineArn: ref(logicalId),
      StateMachineRevisionId: getAtt(logicalId, 'StateMachineRevisionId'),
    },
  });
  const aliasResource = make({
    logicalId: `${logicalId}Alias${String(alias)}`,
    type: 'AWS::StepFunctions::StateMachineAlias',
    attributes: shared,
    properties: {
      Name: alias,
      DeploymentPreference: {
        ...(isFilled(preference) ? mapOr(preference) : { Type: 'ALL_AT_ONCE' }),
        StateMachineVersionArn: ref(version.logicalId),
      },
    },
  });
  return [version, aliasResource];
}

function readEvent({ logicalId }: Declared, eventId: string, event: unknown): Declared {
  if (!isMap(event) || !isKnownType('stateMachineEvents', event['Type'])) {
    const type = isMap(event) ? printValue(event['Type']) : 'None';
    throw eventProblem(
      eventId,
      `Resource dict has missing or invalid value for key Type. Event Type is: ${type}.`,
    );
  }
  return readDeclared('stateMachineEvents', logicalId + eventId, event);
}

function linkEvents(context: SamContext, declared: Declared): void {
  try {
    for (const [eventId, given] of Object.entries(mapOr(declared.properties['Events']))) {
      const event = readEvent(declared, eventId, given);
      if (event.type === 'Api') linkedApi(context.source, eventId, event.properties['RestApiId']);
    }
  } catch (error) {
    if (error instanceof SamProblem && error.kind === 'event') {
      throw resourceProblem(declared.logicalId, error.message);
    }
    throw error;
  }
}

function makeEvents(context: SamContext, declared: Declared, target: EventTarget): CfnResource[] {
  return Object.entries(mapOr(declared.properties['Events'])).flatMap(([eventId, given]) => {
    const event = readEvent(declared, eventId, given);
    const boundary = declared.properties['PermissionsBoundary'];
    if (event.type === 'ScheduleV2') return makeSchedule({ event, target, kind: 'state machine' });
    if (event.type === 'Api') return makeApi({ context, event, eventId, target, boundary });
    const roleArn = event.properties['RoleArn'];
    if (event.type === 'Schedule' && isSet(roleArn)) {
      return makeRule({ event, eventId, target, suffix: 'StepFunctionsTarget', roleArn });
    }
    const role = makeEventRole(event, target, { service: 'events.amazonaws.com', boundary });
    const arn = getAtt(role.logicalId, 'Arn');
    return [
      ...makeRule({ event, eventId, target, suffix: 'StepFunctionsTarget', roleArn: arn }),
      role,
    ];
  });
}

/** Lets the service of an event start executions. */
function makeEventRole(
  { logicalId }: Declared,
  target: EventTarget,
  { service, boundary }: { readonly service: string; readonly boundary: unknown },
): CfnResource {
  const roleId = `${logicalId}Role`;
  return make({
    logicalId: roleId,
    type: 'AWS::IAM::Role',
    attributes: target.attributes,
    properties: {
      AssumeRolePolicyDocument: assumeRolePolicy(service),
      Policies: [
        inlinePolicy(`${roleId}StartExecutionPolicy`, 'states:StartExecution', target.arn),
      ],
      PermissionsBoundary: isFilled(boundary) ? boundary : undefined,
    },
  });
}

interface ApiMaking {
  readonly context: SamContext;
  readonly event: Declared;
  readonly eventId: string;
  readonly target: EventTarget;
  readonly boundary: unknown;
}

function makeApi({ context, event, eventId, target, boundary }: ApiMaking): CfnResource[] {
  const { properties } = event;
  const link = linkedApi(context.source, eventId, properties['RestApiId']);
  const { api } = link;
  const place = {
    path: String(properties['Path']),
    method: String(properties['Method']).toLowerCase(),
  };
  const role = makeEventRole(event, target, { service: 'apigateway.amazonaws.com', boundary });
  if (!isFilled(api['__MANAGE_SWAGGER']) || !isSet(api['DefinitionBody'])) return [role];
  const document = openSwagger(api['DefinitionBody']);
  if (hasIntegration(document.paths, place.path, place.method)) {
    throw eventProblem(
      eventId,
      `API method "${place.method}" defined multiple times for path "${place.path}".`,
    );
  }
  const isUnescaped = isFilled(properties['UnescapeMappingTemplate']);
  addStateMachineIntegration(document, {
    ...place,
    uri: sub('arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution'),
    credentials: getAtt(role.logicalId, 'Arn'),
    requestTemplates: { 'application/json': sub(requestTemplate(target.logicalId, isUnescaped)) },
    condition: target.condition,
  });
  if (isFilled(properties['Auth'])) {
    // A state machine's event knows no stage; resource policies name none.
    const stageless = { ...link, stage: (properties['Stage'] ?? null) as string };
    addEventAuth(document, {
      context,
      eventId,
      link: stageless,
      place,
      auth: mapOr(properties['Auth']),
    });
  }
  api['DefinitionBody'] = document;
  return [role];
}

/** Hands the request's body to the execution as its input. */
function requestTemplate(machineId: string, isUnescaped: boolean): string {
  // escapeJavaScript also escapes single quotes, which JSON does not take.
  const unescape = isUnescaped ? `.replaceAll("\\\\'","'")` : '';
  return `{"input": "$util.escapeJavaScript($input.json('$'))${unescape}", "stateMachineArn": "\${${machineId}}"}`;
}
