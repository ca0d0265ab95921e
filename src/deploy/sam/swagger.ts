// The Swagger document of a REST API: integrations, CORS, models, request checks.
import { documentError } from './sam-error.ts';
import {
  ANY_METHOD,
  INTEGRATION,
  addPath,
  conditionalContents,
  expectPathItem,
  hasIntegration,
  isOpenApi3,
  methodDefinitions,
  normalizeMethod,
  pathItems,
} from './path-editor.ts';
import { clone, isFilled, isMap, isSet, mapOr, ref, when } from './values.ts';
import type { JsonMap } from './values.ts';

export interface SwaggerDocument extends JsonMap {
  paths: JsonMap;
}

export function swaggerSkeleton(): SwaggerDocument {
  return { swagger: '2.0', info: { version: '1.0', title: ref('AWS::StackName') }, paths: {} };
}

export function isSwagger(body: unknown): body is SwaggerDocument {
  if (!isMap(body) || !isMap(body['paths'])) return false;
  return isFilled(body['swagger']) || (isFilled(body['openapi']) && isOpenApi3(body['openapi']));
}

/** A copy to edit. Throws SamError when it is not a document. */
export function openSwagger(body: unknown): SwaggerDocument {
  if (!isSwagger(body)) {
    throw documentError(
      "Invalid Swagger document or the Swagger document is not explicitly defined in 'DefinitionBody'.",
    );
  }
  const document = clone(body);
  for (const path of Object.keys(document.paths)) pathItems(document.paths, path);
  return document;
}

/** The member of the document, made when it is missing or empty. */
export function memberOf(document: JsonMap, name: string): JsonMap {
  if (!isFilled(document[name])) document[name] = {};
  return document[name] as JsonMap;
}

export interface LambdaIntegration {
  readonly path: string;
  readonly method: string;
  readonly uri: JsonMap;
  readonly methodAuth: JsonMap;
  readonly apiAuth: JsonMap;
  readonly condition: unknown;
  readonly transferMode: unknown;
  readonly partition: string;
}

export function addLambdaIntegration(
  document: SwaggerDocument,
  integration: LambdaIntegration,
): void {
  const { path, uri, condition, transferMode } = integration;
  const method = normalizeMethod(integration.method);
  if (hasIntegration(document.paths, path, method)) {
    throw documentError(`Lambda integration already exists on Path=${path}, Method=${method}`);
  }
  addPath(document.paths, path, method);
  const credentials = integrationCredentials(integration);
  for (const item of pathItems(document.paths, path)) {
    const definition = mapOr(item[method]);
    definition[INTEGRATION] = {
      type: 'aws_proxy',
      httpMethod: 'POST',
      uri: isFilled(condition) ? when(condition, uri) : uri,
      ...(transferMode === 'RESPONSE_STREAM' ? { responseTransferMode: 'STREAM' } : {}),
      ...(credentials === undefined ? {} : { credentials }),
    };
    definition['responses'] ??= {};
    item[method] = isFilled(condition) ? when(condition, definition) : definition;
  }
}

/** Under IAM authorization the integration runs with the caller's credentials, or with a role. */
function integrationCredentials({ methodAuth, apiAuth, partition }: LambdaIntegration): unknown {
  const isByMethod = methodAuth['Authorizer'] === 'AWS_IAM';
  const isByDefault = apiAuth['DefaultAuthorizer'] === 'AWS_IAM' && !isFilled(methodAuth);
  if (!isByMethod && !isByDefault) return undefined;
  const roleOf = (auth: JsonMap): unknown =>
    !isFilled(auth['InvokeRole']) && 'InvokeRole' in auth ? 'NONE' : auth['InvokeRole'];
  const methodRole = roleOf(methodAuth);
  const role = isFilled(methodRole) ? methodRole : roleOf(apiAuth);
  if (role === 'NONE') return undefined;
  return isFilled(role) && role !== 'CALLER_CREDENTIALS' ? role : `arn:${partition}:iam::*:user/*`;
}

export interface StateMachineIntegration {
  readonly path: string;
  readonly method: string;
  readonly uri: JsonMap;
  readonly credentials: unknown;
  readonly requestTemplates: JsonMap;
  readonly condition: unknown;
}

export function addStateMachineIntegration(
  document: SwaggerDocument,
  integration: StateMachineIntegration,
): void {
  const { path, uri, credentials, requestTemplates, condition } = integration;
  const method = normalizeMethod(integration.method);
  if (hasIntegration(document.paths, path, method)) {
    throw documentError(`Integration already exists on Path=${path}, Method=${method}`);
  }
  addPath(document.paths, path, method);
  for (const item of pathItems(document.paths, path)) {
    const definition = mapOr(item[method]);
    definition[INTEGRATION] = {
      type: 'aws',
      httpMethod: 'POST',
      uri: isFilled(condition) ? when(condition, uri) : uri,
      responses: { '200': { statusCode: '200' }, '400': { statusCode: '400' } },
      credentials,
      requestTemplates,
    };
    definition['responses'] ??= {
      '200': { description: 'OK' },
      '400': { description: 'Bad Request' },
    };
    item[method] = isFilled(condition) ? when(condition, definition) : definition;
  }
}

export interface CorsSettings {
  readonly origins: unknown;
  readonly headers: unknown;
  readonly methods: unknown;
  readonly maxAge: unknown;
  readonly credentials: unknown;
}

/** Gives the path an OPTIONS method that answers preflight requests, unless it has one. */
export function addCors(document: SwaggerDocument, path: string, cors: CorsSettings): void {
  let { methods } = cors;
  for (const item of pathItems(document.paths, path)) {
    if ('options' in item) continue;
    if (!isFilled(methods)) methods = `'${allowedMethods(item)}'`;
    item['options'] = preflight({ ...cors, methods });
  }
}

const ALL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

function allowedMethods(item: JsonMap): string {
  if (ANY_METHOD in item) return ALL_METHODS.join(',');
  const names = [...Object.keys(item), 'options'].map((name) => name.toUpperCase());
  return [...new Set(names)].toSorted().join(',');
}

function preflight({ origins, headers, methods, maxAge, credentials }: CorsSettings): JsonMap {
  const parameters: JsonMap = {};
  const declared: JsonMap = {};
  const add = (name: string, value: unknown, type = 'string'): void => {
    parameters[`method.response.header.Access-Control-${name}`] = value;
    declared[`Access-Control-${name}`] = { type };
  };
  add('Allow-Origin', origins);
  if (isFilled(headers)) add('Allow-Headers', headers);
  if (isFilled(methods)) add('Allow-Methods', methods);
  if (isSet(maxAge)) add('Max-Age', maxAge, 'integer');
  if (credentials === true) add('Allow-Credentials', "'true'");
  return {
    summary: 'CORS support',
    consumes: ['application/json'],
    produces: ['application/json'],
    [INTEGRATION]: {
      type: 'mock',
      requestTemplates: { 'application/json': '{\n  "statusCode" : 200\n}\n' },
      responses: {
        default: {
          statusCode: '200',
          responseParameters: parameters,
          responseTemplates: { 'application/json': '{}\n' },
        },
      },
    },
    responses: { '200': { description: 'Default response for CORS method', headers: declared } },
  };
}

export interface MethodPlace {
  readonly path: string;
  readonly method: string;
}

export function addRequestModel(
  document: SwaggerDocument,
  { path, method }: MethodPlace,
  request: JsonMap,
): void {
  const name = String(request['Model']).toLowerCase();
  const required = isSet(request['Required']) ? { required: request['Required'] } : {};
  for (const definition of methodDefinitions(document.paths, path, method)) {
    if (isSet(document['swagger'])) {
      const parameters = (definition['parameters'] ?? []) as unknown[];
      parameters.push({ in: 'body', name, schema: { $ref: `#/definitions/${name}` }, ...required });
      definition['parameters'] = parameters;
    } else if (isOpenApi3(document['openapi'])) {
      const schema = { $ref: `#/components/schemas/${name}` };
      definition['requestBody'] = { content: { 'application/json': { schema } }, ...required };
    }
  }
}

const VALIDATORS = 'x-amazon-apigateway-request-validators';

export function addRequestValidator(
  document: SwaggerDocument,
  { path, method }: MethodPlace,
  checks: { readonly body: boolean; readonly parameters: boolean },
): void {
  const { body, parameters } = checks;
  const name = body
    ? parameters
      ? 'body-and-params'
      : 'body-only'
    : parameters
      ? 'params-only'
      : 'no-validation';
  const validators = memberOf(document, VALIDATORS);
  validators[name] ??= { validateRequestBody: body, validateRequestParameters: parameters };
  for (const definition of methodDefinitions(document.paths, path, method)) {
    definition['x-amazon-apigateway-request-validator'] = name;
  }
}

export interface RequestParameter {
  /** e.g. `method.request.querystring.page` */
  readonly name: string;
  readonly required: unknown;
  readonly caching: unknown;
}

export function addRequestParameters(
  document: SwaggerDocument,
  { path, method }: MethodPlace,
  parameters: readonly RequestParameter[],
): void {
  for (const definition of methodDefinitions(document.paths, path, method)) {
    const existing = (definition['parameters'] ?? []) as unknown[];
    for (const { name, required, caching } of parameters) {
      const [location = '', ...rest] = name.replace('method.request.', '').split('.');
      const place = location === 'querystring' ? 'query' : location;
      existing.push({ in: place, name: rest.join('.'), required, type: 'string' });
      if (!isFilled(caching)) continue;
      const integration = definition[INTEGRATION] as JsonMap;
      const keys = (integration['cacheKeyParameters'] ?? []) as unknown[];
      keys.push(name);
      integration['cacheKeyParameters'] = keys;
    }
    definition['parameters'] = existing;
  }
}

export function addModels(document: SwaggerDocument, models: JsonMap): void {
  const definitions = memberOf(document, 'definitions');
  for (const [name, schema] of Object.entries(models)) {
    if (!isFilled(mapOr(schema)['type'])) throw documentError("'Models' schema is missing 'type'.");
    definitions[name.toLowerCase()] = schema;
  }
}

/** `~1` stands for a slash, as in a JSON pointer. */
export function addBinaryMediaTypes(document: SwaggerDocument, types: unknown): void {
  const unescape = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll('~1', '/');
    if (Array.isArray(value)) return value.map(unescape);
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key.replaceAll('~1', '/'), unescape(inner)]),
    );
  };
  document['x-amazon-apigateway-binary-media-types'] = unescape(types);
}

const ENDPOINT = 'x-amazon-apigateway-endpoint-configuration';

export function disableExecuteEndpoint(document: SwaggerDocument, value: unknown): void {
  if (isFilled(document['openapi']) && isOpenApi3(document['openapi'])) {
    const servers = (document['servers'] ?? [{}]) as unknown[];
    servers.forEach((server, i) => {
      if (!isMap(server))
        throw documentError(
          `Invalid OpenAPI definition of 'servers[${i}]': The value should be a map.`,
        );
      setEndpoint(server, `Invalid OpenAPI definition of 'servers[${i}]'`, value);
    });
    document['servers'] = servers;
  } else {
    setEndpoint(document, 'Invalid OpenAPI definition', value);
  }
}

function setEndpoint(holder: JsonMap, where: string, value: unknown): void {
  const configuration = holder[ENDPOINT] ?? {};
  if (!isMap(configuration))
    throw documentError(`${where}: The value of '${ENDPOINT}' should be a map.`);
  configuration['disableExecuteApiEndpoint'] = value;
  holder[ENDPOINT] = configuration;
}

/** Methods of a path as they stand in the document. */
export function methodNames(document: SwaggerDocument, path: string): string[] {
  return conditionalContents(document.paths[path]).flatMap((item) =>
    Object.keys(expectPathItem(item, path)),
  );
}

/** Path parameters as permissions and policies write them: `*`. */
export function wildcardPath(path: string): string {
  return path.replace(/\{([a-zA-Z0-9._-]+|[a-zA-Z0-9._-]+\+|proxy\+)\}/g, '*');
}
