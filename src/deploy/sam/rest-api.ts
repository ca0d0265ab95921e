// AWS::Serverless::Api: a REST API with its deployment, stage, authorizers, domain and usage plan.
import { REST_IAM, readRestAuthorizer } from './authorizer.ts';
import type { Authorizer } from './authorizer.ts';
import { make, propagateTags } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { makeRestDomain } from './custom-domain.ts';
import { expectMap } from './expect.ts';
import { digestOf, hashedId, pythonJson } from './logical-id.ts';
import { inherited } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { addGatewayResponses, addRestCors, addRestModels } from './rest-api-body.ts';
import { toOpenApi3 } from './rest-api-version.ts';
import { documentLocation } from './s3-location.ts';
import { documentError, resourceProblem } from './sam-error.ts';
import {
  addApiKeyScheme,
  addCustomStatements,
  addResourcePolicy,
  addScheme,
  setDefaultApiKey,
  setDefaultAuthorizer,
} from './swagger-auth.ts';
import { addBinaryMediaTypes, disableExecuteEndpoint, isSwagger, openSwagger } from './swagger.ts';
import type { SwaggerDocument } from './swagger.ts';
import { makeUsagePlan } from './usage-plan.ts';
import { isAlphanumeric, isFilled, isMap, isSet, mapOr, ref, sub, tagList } from './values.ts';
import type { JsonMap } from './values.ts';

interface RestApi {
  readonly context: SamContext;
  readonly declared: Declared;
  /** What derived resources share. */
  readonly attributes: JsonMap;
}

export function transformRestApi(context: SamContext, declared: Declared): CfnResource[] {
  const { logicalId, properties } = declared;
  for (const name of ['BinaryMediaTypes', 'Domain', 'Auth'])
    properties[name] = context.resolve(properties[name]);
  const api: RestApi = { context, declared, attributes: inherited(declared.attributes) };
  const rest = makeRestApi(api);
  const domain = isSet(properties['Domain'])
    ? makeRestDomain({
        logicalId,
        domain: expectMap(properties['Domain'], { resource: logicalId }, 'Domain'),
        attributes: api.attributes,
        recordSets: context.recordSets,
      })
    : [];
  const deployment = makeDeployment(api, rest);
  const stage = makeStage(api, deployment);
  const made = [rest, deployment, stage, ...makePermissions(api), ...domain];
  const auth = mapOr(properties['Auth']);
  made.push(
    ...makeUsagePlan({
      logicalId,
      plan: auth['UsagePlan'],
      stageId: stage.logicalId,
      attributes: api.attributes,
      shared: context.usagePlan,
      conditions: context.conditions,
    }),
  );
  propagateTags(made, properties['Tags'], properties['PropagateTags']);
  return made;
}

function makeRestApi(api: RestApi): CfnResource {
  const { declared } = api;
  const { logicalId, properties } = declared;
  checkDefinition(declared);
  const filled = (name: string): unknown =>
    isFilled(properties[name]) ? properties[name] : undefined;
  const endpoint = endpointMembers(declared);
  const body = makeBody(api);
  const uri = properties['DefinitionUri'];
  return make({
    logicalId,
    type: 'AWS::ApiGateway::RestApi',
    attributes: declared.attributes,
    dependsOn: declared.dependsOn,
    properties: {
      BinaryMediaTypes: properties['BinaryMediaTypes'],
      MinimumCompressionSize: properties['MinimumCompressionSize'],
      ...endpoint,
      FailOnWarnings: filled('FailOnWarnings'),
      BodyS3Location: isFilled(uri) ? documentLocation(uri, logicalId) : undefined,
      Body: isFilled(uri) ? undefined : body,
      Name: filled('Name'),
      Description: filled('Description'),
      Mode: filled('Mode'),
      ApiKeySourceType: filled('ApiKeySourceType'),
      Policy: filled('Policy'),
      SecurityPolicy: filled('SecurityPolicy'),
      EndpointAccessMode: filled('EndpointAccessMode'),
    },
  });
}

function checkDefinition({ logicalId, properties }: Declared): void {
  const uri = isFilled(properties['DefinitionUri']);
  if (uri && isFilled(properties['DefinitionBody'])) {
    throw resourceProblem(
      logicalId,
      "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.",
    );
  }
  if (uri && isFilled(properties['MergeDefinitions'])) {
    throw resourceProblem(
      logicalId,
      "Cannot set 'MergeDefinitions' to True when using `DefinitionUri`.",
    );
  }
  const version = properties['OpenApiVersion'];
  if (isFilled(version) && !/^[2-3](\.\d)(\.\d)?$/.test(String(version))) {
    throw resourceProblem(logicalId, "The OpenApiVersion value must be of the format '3.0.0'.");
  }
}

function endpointMembers({ logicalId, properties }: Declared): JsonMap {
  const given = properties['EndpointConfiguration'];
  if (!isFilled(given)) return {};
  if (!isMap(given) || !isFilled(given['Type'])) {
    return {
      EndpointConfiguration: { Types: [given] },
      Parameters: { endpointConfigurationTypes: given },
    };
  }
  const { Type: type, VPCEndpointIds: upper, VpcEndpointIds: lower } = given;
  if ('VPCEndpointIds' in given && 'VpcEndpointIds' in given) {
    throw resourceProblem(
      logicalId,
      "'VPCEndpointIds' and 'VpcEndpointIds' cannot be used together in EndpointConfiguration.",
    );
  }
  const hasIds = 'VPCEndpointIds' in given || 'VpcEndpointIds' in given;
  return {
    Parameters: { endpointConfigurationTypes: type },
    EndpointConfiguration: {
      Types: [type],
      ...(hasIds ? { VpcEndpointIds: isFilled(upper) ? upper : lower } : {}),
      ...('IpAddressType' in given ? { IpAddressType: given['IpAddressType'] } : {}),
    },
  };
}

/** The document with everything the properties add to it. */
function makeBody(api: RestApi): unknown {
  const { declared } = api;
  const { logicalId, properties } = declared;
  const version = properties['OpenApiVersion'];
  let body = addRestCors(declared, properties['DefinitionBody']);
  body = addAuth(api, body);
  body = addGatewayResponses(declared, body);
  if (isFilled(properties['BinaryMediaTypes']) && isFilled(body)) {
    const document = openSwagger(body);
    addBinaryMediaTypes(document, properties['BinaryMediaTypes']);
    body = document;
  }
  body = addRestModels(declared, body);
  const disabled = properties['DisableExecuteApiEndpoint'];
  if (isSet(disabled)) {
    if (!isFilled(body)) {
      throw resourceProblem(
        logicalId,
        "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.",
      );
    }
    const document = openSwagger(body);
    disableExecuteEndpoint(document, disabled);
    body = document;
  }
  return isMap(body) ? toOpenApi3(body, version) : body;
}

const AUTH_MEMBERS = [
  'Authorizers', 'DefaultAuthorizer', 'InvokeRole', 'AddDefaultAuthorizerToCorsPreflight',
  'AddApiKeyRequiredToCorsPreflight', 'ApiKeyRequired', 'ResourcePolicy', 'UsagePlan',
]; // prettier-ignore

function addAuth(api: RestApi, body: unknown): unknown {
  const { logicalId, properties } = api.declared;
  if (!isFilled(properties['Auth'])) return body;
  const auth = mapOr(properties['Auth']);
  if (!isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "Auth works only with inline Swagger specified in 'DefinitionBody' property.",
    );
  }
  if (Object.keys(auth).some((key) => !AUTH_MEMBERS.includes(key))) {
    throw resourceProblem(logicalId, "Invalid value for 'Auth' property");
  }
  if (!isSwagger(body)) {
    throw resourceProblem(
      logicalId,
      "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid Swagger definition.",
    );
  }
  const document = openSwagger(body);
  const paths = Object.keys(document.paths);
  const authorizers = readAuthorizers(api, auth['DefaultAuthorizer']);
  if (authorizers !== undefined) {
    for (const [name, authorizer] of authorizers) addScheme(document, name, authorizer.scheme);
    addDefaultAuthorizer(document, { logicalId, auth, authorizers });
  }
  if (isFilled(auth['ApiKeyRequired'])) {
    addApiKeyScheme(document);
    const onPreflight = isFilled(auth['AddApiKeyRequiredToCorsPreflight'] ?? true);
    for (const path of paths) setDefaultApiKey(document, path, onPreflight);
  }
  if (isFilled(auth['ResourcePolicy'])) {
    const policy = auth['ResourcePolicy'];
    if (!isMap(policy))
      throw documentError('ResourcePolicy must be a map (ResourcePolicyStatement).');
    for (const path of paths)
      addResourcePolicy(document, policy, { path, stage: properties['StageName'] });
    if (isFilled(policy['CustomStatements']))
      addCustomStatements(document, policy['CustomStatements']);
  }
  return toOpenApi3(document, properties['OpenApiVersion']);
}

/** By name; undefined when there are none at all. */
function readAuthorizers(
  { context, declared }: RestApi,
  fallback?: unknown,
): ReadonlyMap<string, Authorizer> | undefined {
  const { logicalId, properties } = declared;
  const given = mapOr(properties['Auth'])['Authorizers'];
  const authorizers = new Map<string, Authorizer>();
  if (fallback === 'AWS_IAM') authorizers.set('AWS_IAM', REST_IAM);
  if (!isFilled(given)) return authorizers.size > 0 ? authorizers : undefined;
  const owner = { resource: logicalId };
  const all = expectMap(given, owner, 'Auth.Authorizers');
  for (const [name, value] of Object.entries(all)) {
    const authorizer = expectMap(value, owner, `Auth.Authorizers.${name}`);
    authorizers.set(
      name,
      readRestAuthorizer({
        apiId: logicalId,
        partition: context.partition,
        name,
        given: authorizer,
      }),
    );
  }
  return authorizers;
}

interface DefaultAuth {
  readonly logicalId: string;
  readonly auth: JsonMap;
  readonly authorizers: ReadonlyMap<string, Authorizer>;
}

function addDefaultAuthorizer(
  document: SwaggerDocument,
  { logicalId, auth, authorizers }: DefaultAuth,
): void {
  const name = auth['DefaultAuthorizer'];
  if (!isFilled(name)) return;
  if (typeof name !== 'string')
    throw resourceProblem(logicalId, 'DefaultAuthorizer is not a string.');
  if (!authorizers.has(name) && name !== 'AWS_IAM') {
    throw resourceProblem(
      logicalId,
      `Unable to set DefaultAuthorizer because '${name}' was not defined in 'Authorizers'.`,
    );
  }
  const scopes = new Map([...authorizers].map(([key, authorizer]) => [key, authorizer.scopes]));
  const onPreflight = isFilled(auth['AddDefaultAuthorizerToCorsPreflight'] ?? true);
  for (const path of Object.keys(document.paths)) {
    setDefaultAuthorizer(document, path, { name, scopes, onPreflight });
  }
}

function makePermissions(api: RestApi): CfnResource[] {
  const { context, declared, attributes } = api;
  const { logicalId, properties } = declared;
  if (!isFilled(properties['Auth'])) return [];
  return [...(readAuthorizers(api) ?? [])]
    .filter(([, { needsPermission }]) => needsPermission)
    .map(([name, { functionArn }]) =>
      make({
        logicalId: `${logicalId}${name}AuthorizerPermission`,
        type: 'AWS::Lambda::Permission',
        attributes,
        properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: functionArn,
          Principal: 'apigateway.amazonaws.com',
          SourceArn: sub(
            `arn:${context.partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${__ApiId__}/authorizers/*`,
            { __ApiId__: ref(logicalId) },
          ),
        },
      }),
    );
}

/** A deployment is a snapshot of the API, so its logical id holds a hash of what it is a snapshot of. */
function makeDeployment(
  { context, declared, attributes }: RestApi,
  rest: CfnResource,
): CfnResource {
  const { logicalId, properties } = declared;
  const version = properties['OpenApiVersion'];
  const start = `${logicalId}Deployment`;
  const snapshot = rest.properties['Body'] ?? rest.properties['BodyS3Location'];
  const names = (context.functionNames.get(logicalId) ?? []).join('');
  // AlwaysDeploy: AWS hashes the time. A change of anything in the template is the closest that is pure.
  const data = [
    pythonJson(snapshot),
    ...(isFilled(version) ? [String(version)] : []),
    ...(isFilled(properties['Domain']) ? [pythonJson(properties['Domain'])] : []),
    ...(names === '' ? [] : [names]),
  ].join('||');
  return make({
    logicalId: isFilled(snapshot) ? hashedId(start, data) : start,
    type: 'AWS::ApiGateway::Deployment',
    attributes,
    properties: {
      RestApiId: ref(logicalId),
      StageName: isFilled(version) ? undefined : 'Stage',
      Description: isFilled(snapshot) ? `RestApi deployment id: ${digestOf(data)}` : undefined,
    },
  });
}

function makeStage({ declared, attributes }: RestApi, deployment: CfnResource): CfnResource {
  const { logicalId, properties } = declared;
  const name = properties['StageName'];
  const prefix = typeof name === 'string' ? name : '';
  return make({
    logicalId: isAlphanumeric(prefix)
      ? `${logicalId}${prefix}Stage`
      : hashedId(`${logicalId}Stage`, prefix),
    type: 'AWS::ApiGateway::Stage',
    attributes,
    properties: {
      RestApiId: ref(logicalId),
      DeploymentId: ref(deployment.logicalId),
      StageName: name,
      CacheClusterEnabled: properties['CacheClusterEnabled'],
      CacheClusterSize: properties['CacheClusterSize'],
      Variables: properties['Variables'],
      MethodSettings: properties['MethodSettings'],
      AccessLogSetting: properties['AccessLogSetting'],
      CanarySetting: properties['CanarySetting'],
      TracingEnabled: properties['TracingEnabled'],
      Tags: isSet(properties['Tags']) ? tagList(properties['Tags']) : undefined,
    },
  });
}
