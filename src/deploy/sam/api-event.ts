// Api events: a route of a REST API that calls a function.
import { addAuthToMethod, addCustomStatements, addResourcePolicy } from './swagger-auth.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import type { EventTarget } from './event-target.ts';
import { expectList, expectMap } from './expect.ts';
import { hasIntegration, normalizeMethod, setIntegrationTimeout } from './path-editor.ts';
import { makePermission } from './permission.ts';
import type { Declared } from './read-properties.ts';
import { readRequestParameters } from './request-parameters.ts';
import { eventProblem, resourceProblem } from './sam-error.ts';
import {
  addLambdaIntegration,
  addRequestModel,
  addRequestParameters,
  addRequestValidator,
  openSwagger,
  swaggerSkeleton,
  wildcardPath,
} from './swagger.ts';
import type { SwaggerDocument } from './swagger.ts';
import { clone, isFilled, isIntrinsic, isMap, isSet, mapOr, printValue, sub } from './values.ts';
import type { JsonMap } from './values.ts';

export interface ApiLink {
  readonly apiId: string;
  /** Properties of the API, changed in place. */
  readonly api: JsonMap;
  /** Stands for the stage in logical ids and resource policies. */
  readonly stage: string;
}

/** The API of the same template that an event names. Throws SamProblem. */
export function linkedApi(source: JsonMap, eventId: string, given: unknown): ApiLink {
  const id = isMap(given) && 'Ref' in given ? given['Ref'] : given;
  if (typeof id !== 'string') return { apiId: '', api: {}, stage: 'AllStages' };
  const resource = expectMap(
    source[id],
    { event: eventId },
    'RestApiId',
    'RestApiId property of Api event must reference a valid resource in the same template.',
  );
  const api = expectMap(
    resource['Properties'] ?? {},
    { resource: id, attribute: true },
    'Properties',
  );
  const stage = api['StageName'];
  if (stage === '') throw resourceProblem(id, 'StageName cannot be empty.');
  return { apiId: id, api, stage: typeof stage === 'string' ? stage : 'Stage' };
}

export interface ApiEvent {
  readonly context: SamContext;
  readonly event: Declared;
  readonly eventId: string;
  readonly target: EventTarget;
}

export function makeApiEvent(apiEvent: ApiEvent): CfnResource[] {
  const { context, event, eventId } = apiEvent;
  const { properties } = event;
  const link = linkedApi(context.source, eventId, properties['RestApiId']);
  const { api } = link;
  const method = String(properties['Method']).toLowerCase();
  const place = { path: String(properties['Path']), method };
  const permission = makeRoutePermission(apiEvent, { ...place, stage: link.stage });
  if (isFilled(api['__MANAGE_SWAGGER']) || isFilled(api['MergeDefinitions'])) {
    addRoute(apiEvent, link, place);
  }
  const body = api['DefinitionBody'];
  const auth = properties['Auth'];
  if (isFilled(body) && isFilled(auth) && isFilled(mapOr(auth)['OverrideApiAuth'])) {
    const own = mapOr(auth);
    if (
      !isFilled(own['Authorizer']) &&
      !isFilled(own['ApiKeyRequired']) &&
      !isFilled(own['ResourcePolicy'])
    ) {
      throw eventProblem(
        eventId,
        'Must define one of: Authorizer, ApiKeyRequired or ResourcePolicy when using the OverrideApiAuth property.',
      );
    }
    const document = openSwagger(body);
    addEventAuth(document, { context, eventId, link, place, auth: own });
    api['DefinitionBody'] = document;
  }
  return [permission];
}

interface Place {
  readonly path: string;
  readonly method: string;
}

function makeRoutePermission(
  { context, event, target }: ApiEvent,
  { path, method, stage }: Place & { readonly stage: string },
): CfnResource {
  // API Gateway drops a trailing slash, so the permission does.
  const shortPath = wildcardPath(path.replace(/^(.+)\/$/, '$1'));
  const verb = method === 'any' ? '*' : method.toUpperCase();
  return makePermission({
    prefix: event.logicalId,
    suffix: stage,
    target,
    principal: 'apigateway.amazonaws.com',
    sourceArn: sub(
      `arn:${context.partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:` +
        `\${__ApiId__}/\${__Stage__}/${verb}${shortPath}`,
      { __ApiId__: event.properties['RestApiId'], __Stage__: '*' },
    ),
  });
}

export function lambdaUri(target: EventTarget, partition: string, isStream: boolean): JsonMap {
  const [version, call] = isStream
    ? ['2021-11-15', 'response-streaming-invocations']
    : ['2015-03-31', 'invocations'];
  return sub(
    `arn:${partition}:apigateway:\${AWS::Region}:lambda:path/${version}/functions/${target.shorthand}/${call}`,
  );
}

function addRoute(apiEvent: ApiEvent, link: ApiLink, place: Place): void {
  const { context, event, eventId, target } = apiEvent;
  const { api, apiId } = link;
  const { properties } = event;
  if (!isSet(api['DefinitionBody'])) return;
  const isMerged = isFilled(api['MergeDefinitions']);
  const document = openSwagger(isMerged ? swaggerSkeleton() : api['DefinitionBody']);
  if (hasIntegration(document.paths, place.path, place.method)) {
    throw eventProblem(
      eventId,
      `API method "${place.method}" defined multiple times for path "${place.path}".`,
    );
  }
  const methodAuth = isFilled(properties['Auth']) ? properties['Auth'] : {};
  const apiAuth = isFilled(api['Auth']) ? api['Auth'] : {};
  addLambdaIntegration(document, {
    ...place,
    uri: lambdaUri(
      target,
      context.partition,
      properties['ResponseTransferMode'] === 'RESPONSE_STREAM',
    ),
    methodAuth: expectMap(methodAuth, { event: eventId }, 'Auth'),
    apiAuth: expectMap(apiAuth, { resource: apiId }, 'Auth'),
    condition: target.condition,
    transferMode: properties['ResponseTransferMode'],
    partition: context.partition,
  });
  if (isFilled(properties['Auth'])) {
    addEventAuth(document, { context, eventId, link, place, auth: mapOr(properties['Auth']) });
  }
  if (isFilled(properties['TimeoutInMillis'])) {
    const timeout = properties['TimeoutInMillis'];
    setIntegrationTimeout(document.paths, place.path, { method: place.method, timeout });
  }
  addModel(document, { eventId, api, place, given: properties['RequestModel'] });
  if (isFilled(properties['RequestParameters'])) {
    addRequestParameters(
      document,
      place,
      readRequestParameters(eventId, properties['RequestParameters']),
    );
  }
  api['DefinitionBody'] = isMerged ? mergeDefinitions(link, place, document) : document;
}

interface ModelUse {
  readonly eventId: string;
  readonly api: JsonMap;
  readonly place: Place;
  readonly given: unknown;
}

function addModel(document: SwaggerDocument, { eventId, api, place, given }: ModelUse): void {
  if (!isFilled(given)) return;
  const request = expectMap(given, { event: eventId }, 'RequestModel');
  const model = request['Model'];
  if (!isFilled(model)) return;
  const refuse = (what: string, why: string): never => {
    throw eventProblem(
      eventId,
      `Unable to set ${what} [${printValue(model)}] on API method [${place.method}] for path [${place.path}] ${why}`,
    );
  };
  const models = api['Models'];
  if (!isFilled(models))
    refuse('RequestModel', 'because the related API does not define any Models.');
  if (!isIntrinsic(models) && !isMap(models)) {
    refuse('RequestModel', 'because the related API Models defined is of invalid type.');
  }
  if (typeof model !== 'string')
    return refuse('RequestModel', 'because the related API does not contain valid Models.');
  if (!isFilled(mapOr(models)[model]))
    refuse('RequestModel', "because it wasn't defined in the API's Models.");
  addRequestModel(document, place, request);
  const { ValidateBody: body, ValidateParameters: parameters } = request;
  if (!isSet(body) && !isSet(parameters)) return;
  const checks = { body: body ?? false, parameters: parameters ?? false };
  if (typeof checks.body !== 'boolean' || typeof checks.parameters !== 'boolean') {
    return refuse(
      'Validator to RequestModel',
      'ValidateBody and ValidateParameters must be a boolean type, strings or intrinsics are not supported.',
    );
  }
  addRequestValidator(document, place, { body: checks.body, parameters: checks.parameters });
}

/** The route as generated, over what the template's own document says of it. */
function mergeDefinitions(
  { api, apiId }: ApiLink,
  { path, method }: Place,
  generated: SwaggerDocument,
): JsonMap {
  const merged = { ...mapOr(api['DefinitionBody']) };
  const paths = isFilled(merged['paths']) ? mapOr(merged['paths']) : {};
  const item = paths[path] ?? {};
  if (!isMap(item)) {
    throw resourceProblem(
      apiId,
      `Property 'DefinitionBody' is invalid: The value of '${path}' should be a map`,
    );
  }
  const own = isFilled(item[method]) ? item[method] : {};
  const declared = expectMap(own, { resource: apiId }, `DefinitionBody.paths.${path}.${method}`);
  const definition = mapOr(mapOr(generated.paths[path])[normalizeMethod(method)]);
  item[method] = { ...declared, ...definition };
  paths[path] = item;
  return merged;
}

export interface EventAuth {
  readonly context: SamContext;
  readonly eventId: string;
  readonly link: ApiLink;
  readonly place: Place;
  readonly auth: JsonMap;
}

/** The event's `Auth`: authorizer, scopes, API key and resource policy of its route. */
export function addEventAuth(document: SwaggerDocument, eventAuth: EventAuth): void {
  const { context, eventId, link, place, auth } = eventAuth;
  const apiAuth = mapOr(context.resolve(clone(link.api['Auth'])));
  const authorizers = apiAuth['Authorizers'];
  const authorizer = auth['Authorizer'];
  if (isFilled(authorizer)) checkAuthorizer(eventAuth, apiAuth);
  const scopes = auth['AuthorizationScopes'];
  if (isFilled(scopes)) {
    expectList(scopes, { event: eventId }, 'Auth.AuthorizationScopes');
    if (!isFilled(authorizer)) {
      throw eventProblem(eventId, 'AuthorizationScopes works only when Authorizer is set');
    }
  }
  const needsKey = auth['ApiKeyRequired'];
  if (isSet(needsKey) && !isFilled(needsKey) && !isFilled(apiAuth['ApiKeyRequired'])) {
    throw eventProblem(
      eventId,
      `Unable to set ApiKeyRequired [False] on API method [${place.method}] for path [${place.path}] ` +
        'because the related API does not specify any ApiKeyRequired.',
    );
  }
  if (isFilled(authorizer) || isSet(needsKey)) {
    const declared = mapOr(link.api['Auth'])['Authorizers'];
    addAuthToMethod(document, { ...place, auth, authorizers: declared ?? authorizers });
  }
  const policy = auth['ResourcePolicy'];
  if (!isFilled(policy)) return;
  const statements = expectMap(policy, { resource: eventId }, 'Auth.ResourcePolicy');
  addResourcePolicy(document, statements, { path: place.path, stage: link.stage });
  if (isFilled(statements['CustomStatements']))
    addCustomStatements(document, statements['CustomStatements']);
}

function checkAuthorizer({ eventId, link, place, auth }: EventAuth, apiAuth: JsonMap): void {
  const name = auth['Authorizer'];
  const authorizers = apiAuth['Authorizers'];
  if (isFilled(authorizers)) expectMap(authorizers, { resource: link.apiId }, 'Auth.Authorizers');
  if (name === 'AWS_IAM') return;
  const on = `on API method [${place.method}] for path [${place.path}]`;
  if (name === 'NONE') {
    if (isFilled(apiAuth['DefaultAuthorizer'])) return;
    throw eventProblem(
      eventId,
      `Unable to set Authorizer ${on} because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.`,
    );
  }
  const which = `Unable to set Authorizer [${printValue(name)}] ${on}`;
  if (!isFilled(authorizers)) {
    throw eventProblem(
      eventId,
      `${which} because the related API does not define any Authorizers.`,
    );
  }
  checkAuthorizerTypes({ eventId, which, name, authorizers });
  if (!isFilled(mapOr(authorizers)[String(name)])) {
    throw eventProblem(eventId, `${which} because it wasn't defined in the API's Authorizers.`);
  }
}

export function checkAuthorizerTypes(check: {
  readonly eventId: string;
  readonly which: string;
  readonly name: unknown;
  readonly authorizers: unknown;
}): void {
  const { eventId, which, name, authorizers } = check;
  if (typeof name === 'string' && isMap(authorizers)) return;
  throw eventProblem(
    eventId,
    `${which}. The method authorizer must be a string with a corresponding dict entry in the api authorizer.`,
  );
}
