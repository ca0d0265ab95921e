// The SAM transform AWS::Serverless-2016-10-31: a serverless template becomes plain CloudFormation. Pure.
import type { PlainObject } from '../parse-template.ts';
import { toTemplate } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { makeDeployments } from './deployment-preference.ts';
import { transformCapacityProvider } from './capacity-provider.ts';
import { transformConnector } from './connector.ts';
import { extractConnectors } from './embedded-connectors.ts';
import { transformFunction } from './function.ts';
import { applyGlobals, applyOpenApiVersion } from './globals.ts';
import { transformHttpApi } from './http-api.ts';
import { addDefaultDocuments, addImplicitHttpApi, addImplicitRestApi } from './implicit-api.ts';
import { isKnownType, readDeclared } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { derivedResolver, mappingResolver, parameterResolver, renamedResolver } from './resolve.ts';
import { transformRestApi } from './rest-api.ts';
import { expandPolicyTemplates } from './role.ts';
import { SamError, SamProblem, resourceProblem, templateProblem } from './sam-error.ts';
import { transformApplication, transformLayer, transformTable } from './simple-resources.ts';
import { transformStateMachine } from './state-machine.ts';
import { createSharedUsagePlan } from './usage-plan.ts';
import { clone, isFilled, isMap, mapOr } from './values.ts';
import { transformWebSocketApi } from './web-socket-api.ts';
import type { JsonMap } from './values.ts';

export { SamError };

export interface SamRequest {
  /** Values by name, defaults filled in. */
  readonly parameters: PlainObject;
  readonly region: string;
  /** e.g. `aws` */
  readonly partition: string;
}

/** Throws SamError with everything that is wrong. Does not change its input. */
export function transformSam(
  input: PlainObject,
  request: SamRequest,
): { readonly template: JsonMap } {
  const source: JsonMap = clone(input) as JsonMap;
  checkTemplate(source);
  addDefaultDocuments(source);
  addImplicitRestApi(source);
  addImplicitHttpApi(source);
  applyGlobals(source);
  applyOpenApiVersion(source);
  const problems = extractConnectors(source['Resources'] as JsonMap);
  const template = clone(source);
  const resources = template['Resources'] as JsonMap;
  const sourceResources = source['Resources'] as JsonMap;
  const context: SamContext = {
    partition: request.partition,
    source: sourceResources,
    conditions: isMap(template['Conditions']) ? template['Conditions'] : undefined,
    resolve: parameterResolver({
      'AWS::Region': request.region,
      'AWS::Partition': request.partition,
      ...request.parameters,
    }),
    resolveMappings: mappingResolver(mapOr(template['Mappings'])),
    deployments: new Map(),
    usagePlan: createSharedUsagePlan(),
    recordSets: new Map(),
    functionNames: new Map(),
    output: resources,
  };
  const pass: Pass = { context, resources, problems, derived: new Map(), renamed: new Map() };
  for (const logicalId of inOrder(sourceResources)) transformResource(pass, logicalId);
  addDeployments(pass);
  if (pass.problems.length > 0) throw new SamError(pass.problems);
  delete template['Transform'];
  renameDependsOn(template, pass.renamed);
  renamedResolver(pass.renamed)(template);
  return { template: derivedResolver(pass.derived)(template) };
}

interface Pass {
  readonly context: SamContext;
  /** Output. */
  readonly resources: JsonMap;
  readonly problems: string[];
  /** `MyFunction.Alias` and its like. */
  readonly derived: Map<string, Map<string, string>>;
  readonly renamed: Map<string, string>;
}

function checkTemplate(template: JsonMap): void {
  for (const section of ['Mappings', 'Parameters']) {
    if (!(section in template) || isMap(template[section])) continue;
    throw new SamError([
      templateProblem("'Mappings' or 'Parameters' is either null or not a valid dictionary.")
        .message,
    ]);
  }
  const resources = template['Resources'];
  if (!isMap(resources) || Object.keys(resources).length === 0) {
    throw new SamError([templateProblem("'Resources' section is required").message]);
  }
  if (!Object.values(resources).every(isMap)) {
    throw new SamError([
      templateProblem(
        "All 'Resources' must be Objects. If you're using YAML, this may be an indentation issue.",
      ).message,
    ]);
  }
  for (const [logicalId, resource] of Object.entries(resources)) {
    const { Type: type, Properties: properties, Condition: condition } = mapOr(resource);
    if (isFilled(condition) && typeof condition !== 'string') {
      throw new SamError([templateProblem('Every Condition member must be a string.').message]);
    }
    if (!isKnownType('resources', type) || !('Properties' in mapOr(resource)) || isMap(properties))
      continue;
    throw new SamError([
      resourceProblem(logicalId, "Attribute 'Properties' should be a map.").message,
    ]);
  }
}

/** Events change the documents of APIs, so APIs come after functions and state machines. */
const ORDER: readonly (readonly string[])[] = [
  ['AWS::Serverless::Function'],
  ['AWS::Serverless::StateMachine'],
  ['AWS::Serverless::Api', 'AWS::Serverless::HttpApi', 'AWS::Serverless::WebSocketApi'],
];

function inOrder(resources: JsonMap): string[] {
  const rank = (type: unknown): number => {
    if (type === 'AWS::Serverless::Connector') return ORDER.length + 1;
    const found = ORDER.findIndex((types) => types.includes(String(type)));
    return found === -1 ? ORDER.length : found;
  };
  return Object.keys(resources)
    .filter((logicalId) => isKnownType('resources', mapOr(resources[logicalId])['Type']))
    .toSorted((a, b) => rank(mapOr(resources[a])['Type']) - rank(mapOr(resources[b])['Type']));
}

const POLICY_TEMPLATED = ['AWS::Serverless::Function', 'AWS::Serverless::StateMachine'];

function transformResource(pass: Pass, logicalId: string): void {
  const { context, resources, problems } = pass;
  const given = mapOr(context.source[logicalId]);
  try {
    const properties = given['Properties'];
    if (
      POLICY_TEMPLATED.includes(String(given['Type'])) &&
      isMap(properties) &&
      isFilled(properties['Policies'])
    ) {
      properties['Policies'] = expandPolicyTemplates(logicalId, properties['Policies']);
    }
    const declared = readDeclared('resources', logicalId, given);
    noteFunctionNames(context, declared);
    const made = transformDeclared(context, declared);
    noteDerived(pass, logicalId, { type: declared.type, made });
    const [first] = made;
    if (declared.type === 'AWS::Serverless::LayerVersion' && first !== undefined) {
      pass.renamed.set(logicalId, first.logicalId);
    }
    delete resources[logicalId];
    for (const resource of made) {
      const taken = takenBy(context.source, resource);
      if (taken) {
        problems.push(
          `Transforming resource with id [${logicalId}] attempts to create a new resource with id ` +
            `[${resource.logicalId}] and type "${resource.type}". A resource with that id already exists within this ` +
            'template. Please use a different id for that resource.',
        );
      } else {
        resources[resource.logicalId] = toTemplate(resource);
      }
    }
  } catch (error) {
    if (!(error instanceof SamProblem)) throw error;
    problems.push(error.message);
  }
}

function transformDeclared(context: SamContext, declared: Declared): CfnResource[] {
  switch (declared.type) {
    case 'AWS::Serverless::Function':
      return transformFunction(context, declared);
    case 'AWS::Serverless::StateMachine':
      return transformStateMachine(context, declared);
    case 'AWS::Serverless::Api':
      return transformRestApi(context, declared);
    case 'AWS::Serverless::HttpApi':
      return transformHttpApi(context, declared);
    case 'AWS::Serverless::SimpleTable':
      return [transformTable(declared)];
    case 'AWS::Serverless::LayerVersion':
      return [transformLayer(context, declared)];
    case 'AWS::Serverless::Application':
      return [transformApplication(declared)];
    case 'AWS::Serverless::WebSocketApi':
      return transformWebSocketApi(context, declared);
    case 'AWS::Serverless::Connector':
      return transformConnector(context, declared);
    case 'AWS::Serverless::CapacityProvider':
      return transformCapacityProvider(declared, context.partition);
    default:
      throw resourceProblem(
        declared.logicalId,
        `Resources of type ${declared.type} are not supported here yet.`,
      );
  }
}

/** A change of a function's name redeploys the APIs that call it. */
function noteFunctionNames(context: SamContext, { type, properties }: Declared): void {
  if (type !== 'AWS::Serverless::Function') return;
  for (const event of Object.values(mapOr(properties['Events']))) {
    const api = mapOr(mapOr(event)['Properties'])['RestApiId'];
    const apiId = isMap(api) && 'Ref' in api ? api['Ref'] : api;
    if (mapOr(event)['Type'] !== 'Api' || typeof apiId !== 'string') continue;
    const name = context.resolve(clone(properties['FunctionName']));
    if (!isFilled(name)) continue;
    const known = context.functionNames.get(apiId) ?? [];
    known.push(typeof name === 'string' ? name : JSON.stringify(name));
    context.functionNames.set(apiId, known);
  }
}

/** Types of derived resources by the word that refers to them. */
const DERIVED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'AWS::Serverless::Function': {
    Alias: 'AWS::Lambda::Alias',
    Version: 'AWS::Lambda::Version',
    DestinationTopic: 'AWS::SNS::Topic',
    DestinationQueue: 'AWS::SQS::Queue',
  },
  'AWS::Serverless::Api': {
    Stage: 'AWS::ApiGateway::Stage',
    Deployment: 'AWS::ApiGateway::Deployment',
    DomainName: 'AWS::ApiGateway::DomainName',
    DomainNameV2: 'AWS::ApiGateway::DomainNameV2',
    UsagePlan: 'AWS::ApiGateway::UsagePlan',
    UsagePlanKey: 'AWS::ApiGateway::UsagePlanKey',
    ApiKey: 'AWS::ApiGateway::ApiKey',
  },
  'AWS::Serverless::HttpApi': {
    Stage: 'AWS::ApiGatewayV2::Stage',
    DomainName: 'AWS::ApiGatewayV2::DomainName',
  },
  'AWS::Serverless::WebSocketApi': {
    Stage: 'AWS::ApiGatewayV2::Stage',
    DomainName: 'AWS::ApiGatewayV2::DomainName',
  },
};

function noteDerived(
  { derived }: Pass,
  logicalId: string,
  { type, made }: { readonly type: string; readonly made: readonly CfnResource[] },
): void {
  const words = DERIVED[type] ?? {};
  const ids = new Map<string, string>();
  for (const [word, derivedType] of Object.entries(words)) {
    const found = made.findLast((resource) => resource.type === derivedType);
    if (found !== undefined) ids.set(word, found.logicalId);
  }
  if (ids.size > 0) derived.set(logicalId, ids);
}

/** What may take the place of a resource of the template: its own outcome, and buckets and pools rewritten. */
const IN_PLACE: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::Function': ['AWS::Serverless::Function'],
  'AWS::Lambda::LayerVersion': ['AWS::Serverless::LayerVersion'],
  'AWS::Lambda::CapacityProvider': ['AWS::Serverless::CapacityProvider'],
  'AWS::ApiGateway::RestApi': ['AWS::Serverless::Api'],
  'AWS::ApiGatewayV2::Api': ['AWS::Serverless::HttpApi', 'AWS::Serverless::WebSocketApi'],
  'AWS::S3::Bucket': ['AWS::S3::Bucket'],
  'AWS::SNS::Topic': ['AWS::SNS::Topic'],
  'AWS::DynamoDB::Table': ['AWS::Serverless::SimpleTable'],
  'AWS::CloudFormation::Stack': ['AWS::Serverless::Application'],
  'AWS::Cognito::UserPool': ['AWS::Cognito::UserPool'],
  'AWS::ApiGateway::DomainName': ['AWS::ApiGateway::DomainName'],
  'AWS::ApiGateway::BasePathMapping': ['AWS::ApiGateway::BasePathMapping'],
  'AWS::ApiGateway::DomainNameV2': ['AWS::ApiGateway::DomainNameV2'],
  'AWS::ApiGateway::BasePathMappingV2': ['AWS::ApiGateway::BasePathMappingV2'],
  'AWS::StepFunctions::StateMachine': ['AWS::Serverless::StateMachine'],
};

function takenBy(source: JsonMap, { logicalId, type }: CfnResource): boolean {
  if (!Object.hasOwn(source, logicalId)) return false;
  return IN_PLACE[type]?.includes(String(mapOr(source[logicalId])['Type'])) !== true;
}

function addDeployments({ context, resources, problems }: Pass): void {
  try {
    for (const resource of makeDeployments(context.deployments, context)) {
      resources[resource.logicalId] = toTemplate(resource);
    }
  } catch (error) {
    if (!(error instanceof SamProblem)) throw error;
    problems.push(error.message);
  }
}

function renameDependsOn(value: unknown, renamed: ReadonlyMap<string, string>): void {
  if (renamed.size === 0) return;
  if (Array.isArray(value)) {
    for (const item of value) renameDependsOn(item, renamed);
  } else if (isMap(value)) {
    const rename = (id: unknown): unknown =>
      typeof id === 'string' ? (renamed.get(id) ?? id) : id;
    const { DependsOn: dependsOn } = value;
    if (Array.isArray(dependsOn)) value['DependsOn'] = dependsOn.map(rename);
    else if (typeof dependsOn === 'string') value['DependsOn'] = rename(dependsOn);
    for (const inner of Object.values(value)) renameDependsOn(inner, renamed);
  }
}
