// The OpenAPI document of an HTTP API.
import { documentError } from './sam-error.ts';
import {
  ANY_METHOD,
  INTEGRATION,
  addPath,
  conditionalContents,
  hasIntegration,
  isOpenApi3,
  methodDefinitions,
  normalizeMethod,
  pathItems,
  securityOf,
} from './path-editor.ts';
import {
  clone,
  isFilled,
  isIntrinsic,
  isMap,
  isSet,
  mapOr,
  printValue,
  ref,
  when,
} from './values.ts';
import type { JsonMap } from './values.ts';

export interface OpenApiDocument extends JsonMap {
  paths: JsonMap;
}

export const DEFAULT_ROUTE = '$default';

export function openApiSkeleton(): OpenApiDocument {
  return { openapi: '3.0.1', info: { version: '1.0', title: ref('AWS::StackName') }, paths: {} };
}

export function isOpenApi(body: unknown): body is OpenApiDocument {
  return (
    isMap(body) && isMap(body['paths']) && isFilled(body['openapi']) && isOpenApi3(body['openapi'])
  );
}

/** A copy to edit. Throws SamError when it is not a document. */
export function openOpenApi(body: unknown): OpenApiDocument {
  if (!isOpenApi(body)) {
    throw documentError(
      "Invalid OpenApi document. Invalid values or missing keys for 'openapi' or 'paths' in 'DefinitionBody'.",
    );
  }
  const document = clone(body);
  if (isSet(document['components']) && !isMap(document['components'])) {
    throw documentError("Invalid OpenApi document: The value of 'components' should be a map");
  }
  return document;
}

/** True when the default route is this function's in every branch, so that its permission covers all. */
export function isDefaultRouteOf(document: OpenApiDocument, functionId: string): boolean {
  const { paths } = document;
  if (!hasIntegration(paths, DEFAULT_ROUTE, ANY_METHOD)) return false;
  return pathItems(paths, DEFAULT_ROUTE)
    .flatMap((item) => conditionalContents(item[ANY_METHOD]))
    .every((definition) => {
      const integration = mapOr(definition)[INTEGRATION] ?? {};
      if (!isMap(integration)) {
        throw documentError(
          `Value of '${INTEGRATION}' must be a dictionary according to Swagger spec.`,
        );
      }
      const uri = integration['uri'];
      if (!isMap(uri)) return false;
      return conditionalContents(uri).every((one) => {
        const arn = mapOr(one)['Fn::Sub'];
        return typeof arn === 'string' && /([A-Za-z0-9]+)\.Arn/.exec(arn)?.[1] === functionId;
      });
    });
}

export interface HttpIntegration {
  readonly path: string;
  readonly method: string;
  readonly uri: JsonMap;
  readonly condition: unknown;
}

/** An integration that is there already stays. */
export function addHttpIntegration(document: OpenApiDocument, integration: HttpIntegration): void {
  const { path, uri, condition } = integration;
  const method = normalizeMethod(integration.method);
  if (hasIntegration(document.paths, path, method)) return;
  addPath(document.paths, path, method);
  for (const item of pathItems(document.paths, path)) {
    const definition = mapOr(item[method]);
    definition[INTEGRATION] = {
      type: 'aws_proxy',
      httpMethod: 'POST',
      payloadFormatVersion: '2.0',
      uri: isFilled(condition) ? when(condition, uri) : uri,
    };
    if (path === DEFAULT_ROUTE && method === ANY_METHOD) definition['isDefaultRoute'] = true;
    definition['responses'] ??= {};
    item[method] = isFilled(condition) ? when(condition, definition) : definition;
  }
}

interface Place {
  readonly path: string;
  readonly method: string;
}

export function addPathParameters(
  document: OpenApiDocument,
  { path, method }: Place,
  names: readonly string[],
): void {
  for (const definition of methodDefinitions(document.paths, path, method)) {
    const parameters = ((definition['parameters'] ??= []) as unknown[]).map(mapOr);
    for (const name of names) {
      const existing = parameters.find((one) => one['name'] === name);
      if (existing === undefined) parameters.push({ name, in: 'path', required: true });
      else Object.assign(existing, { in: 'path', required: true });
    }
    definition['parameters'] = parameters;
  }
}

export function setPayloadVersion(
  document: OpenApiDocument,
  { path, method }: Place,
  version: unknown,
): void {
  for (const definition of methodDefinitions(document.paths, path, method)) {
    (definition[INTEGRATION] as JsonMap)['payloadFormatVersion'] = version;
  }
}

export interface RouteAuth extends Place {
  readonly auth: JsonMap;
  readonly authorizers: unknown;
}

export function addRouteAuth(
  document: OpenApiDocument,
  { path, method, auth, authorizers }: RouteAuth,
): void {
  const name = auth['Authorizer'];
  if (!isFilled(name)) return;
  for (const definition of methodDefinitions(document.paths, path, method)) {
    let scopes: unknown = [];
    if (name !== 'NONE' && name !== 'AWS_IAM') {
      const authorizer = mapOr(authorizers)[String(name)] ?? {};
      if (!isMap(authorizer))
        throw documentError(`Type of authorizer '${String(name)}' must be a dictionary`);
      const own = auth['AuthorizationScopes'];
      const wanted = isFilled(own) ? own : authorizer['AuthorizationScopes'];
      if (isFilled(authorizer) && isFilled(wanted)) scopes = wanted;
    }
    definition['security'] = [...securityOf(definition, path, method), { [String(name)]: scopes }];
  }
}

export function setDefaultRouteAuth(
  document: OpenApiDocument,
  path: string,
  { name, scopes }: { readonly name: string; readonly scopes: unknown },
): void {
  for (const item of pathItems(document.paths, path)) {
    for (const [methodName, value] of Object.entries(item)) {
      const method = normalizeMethod(methodName);
      if (method === 'parameters' || method === 'options') continue;
      if (!(method in item))
        throw documentError(`Could not find ${method} in ${path} within DefinitionBody.`);
      for (const definition of conditionalContents(value)) {
        if (!isMap(definition)) {
          throw documentError(
            `Definition of method '${methodName}' for path '${path}' should be a map.`,
          );
        }
        if (!isFilled(definition[INTEGRATION]) || isFilled(definition['security'])) continue;
        definition['security'] = [{ [name]: scopes ?? [] }];
      }
    }
  }
}

export function addSecuritySchemes(document: OpenApiDocument, schemes: JsonMap): void {
  if (Object.keys(schemes).length === 0) return;
  const components = isFilled(document['components']) ? mapOr(document['components']) : {};
  components['securitySchemes'] = { ...mapOr(components['securitySchemes']), ...schemes };
  document['components'] = components;
}

export function addDocumentTags(document: OpenApiDocument, tags: JsonMap): void {
  const existing = isFilled(document['tags']) ? document['tags'] : [];
  for (const [name, value] of Object.entries(tags)) {
    if (!Array.isArray(existing)) {
      throw documentError(
        `Tags in OpenApi DefinitionBody needs to be a list. ${printValue(existing)} is a ${pythonType(existing)} not a list.`,
      );
    }
    const same = (existing as unknown[]).find((tag) => isMap(tag) && tag['name'] === name);
    if (isMap(same)) same['x-amazon-apigateway-tag-value'] = value;
    else existing.push({ name, 'x-amazon-apigateway-tag-value': value });
  }
  document['tags'] = existing;
}

/** The name that Python gives a value's type. */
export function pythonType(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (isMap(value)) return 'dict';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'NoneType';
}

const ENDPOINT = 'x-amazon-apigateway-endpoint-configuration';

export function disableHttpEndpoint(document: OpenApiDocument, value: unknown): void {
  const servers = (document['servers'] ?? [{}]) as unknown[];
  for (const server of servers) {
    if (!isMap(server)) {
      throw documentError(
        "Value of 'servers' item must be a dictionary according to Swagger spec.",
      );
    }
    server[ENDPOINT] = { ...mapOr(server[ENDPOINT]), disableExecuteApiEndpoint: value };
  }
  document['servers'] = servers;
}

const CORS = 'x-amazon-apigateway-cors';
const CORS_MEMBERS = [
  'allowOrigins',
  'allowHeaders',
  'allowMethods',
  'exposeHeaders',
  'maxAge',
  'allowCredentials',
];

/** @param cors as in `CorsConfiguration`, by the API's own member names (`AllowOrigins`). */
export function addHttpCors(document: OpenApiDocument, cors: JsonMap): void {
  const configuration = document[CORS] ?? {};
  if (!isMap(configuration)) {
    throw documentError(`Value of '${CORS}' must be a dictionary according to Swagger spec.`);
  }
  const origins = cors['AllowOrigins'];
  if (isIntrinsic(origins)) {
    // A function may give the whole configuration, so the names inside it are turned as text.
    let text = JSON.stringify(origins);
    for (const member of CORS_MEMBERS) text = text.replaceAll(capitalized(member), member);
    Object.assign(configuration, JSON.parse(text) as JsonMap);
  } else {
    for (const member of CORS_MEMBERS) {
      const value = cors[capitalized(member)];
      const isWanted =
        member === 'maxAge'
          ? isSet(value)
          : member === 'allowCredentials'
            ? value === true
            : isFilled(value);
      if (isWanted) configuration[member] = value;
    }
  }
  document[CORS] = configuration;
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
