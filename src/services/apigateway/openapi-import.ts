// Reads an OpenAPI (Swagger 2.0 or 3.0) definition with API Gateway's extensions into a resource tree.
import { ownEntry } from '../../base/own-entry.ts';
import { badRequest, unsupported } from './errors.ts';
import {
  type IntegrationInput,
  type MethodInput,
  checkIntegrationResponse,
  readIntegration,
  readMethod,
} from './method-input.ts';
import type { IntegrationResponseRecord, MethodRecord, ResourceRecord } from './store.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ImportedApi {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly version: string | undefined;
  readonly binaryMediaTypes: readonly string[];
  readonly endpointTypes: readonly string[] | undefined;
  readonly policy: string | undefined;
  readonly rootResourceId: string;
  readonly resources: readonly ResourceRecord[];
}

const METHODS: Readonly<Record<string, string>> = {
  get: 'GET',
  put: 'PUT',
  post: 'POST',
  delete: 'DELETE',
  options: 'OPTIONS',
  head: 'HEAD',
  patch: 'PATCH',
  'x-amazon-apigateway-any-method': 'ANY',
};

/** @param newId draws resource ids. */
export function importDefinition(definition: unknown, newId: () => string): ImportedApi {
  if (!isObject(definition)) throw badRequest('Invalid OpenAPI input.');
  const isSwagger = Number(textAt(definition, 'swagger')) === 2;
  const isOpenApi = textAt(definition, 'openapi')?.startsWith('3') === true;
  if (!isSwagger && !isOpenApi) throw badRequest('Invalid OpenAPI input.');
  const builder = createTreeBuilder(newId);
  for (const [path, item] of Object.entries(objectAt(definition, 'paths'))) {
    const resource = builder.resourceAt(path);
    if (!isObject(item)) continue;
    for (const [key, operation] of Object.entries(item)) {
      const httpMethod = ownEntry(METHODS, key.toLowerCase());
      if (httpMethod === undefined || !isObject(operation)) continue;
      resource.methods[httpMethod] = importOperation(operation, definition, `${httpMethod} ${path}`);
    }
  }
  const info = objectAt(definition, 'info');
  const endpoint = objectAt(definition, 'x-amazon-apigateway-endpoint-configuration');
  const policy = definition['x-amazon-apigateway-policy'];
  return {
    name: textAt(info, 'title'),
    description: textAt(info, 'description'),
    version: textAt(info, 'version'),
    binaryMediaTypes: textsAt(definition, 'x-amazon-apigateway-binary-media-types'),
    endpointTypes: endpoint['types'] === undefined ? undefined : textsAt(endpoint, 'types'),
    policy: policy === undefined ? undefined : JSON.stringify(policy),
    rootResourceId: builder.rootResourceId,
    resources: builder.resources,
  };
}

interface OpenResource extends Omit<ResourceRecord, 'methods'> {
  readonly methods: Record<string, MethodRecord>;
}

function createTreeBuilder(newId: () => string): {
  readonly rootResourceId: string;
  readonly resources: readonly ResourceRecord[];
  resourceAt(path: string): OpenResource;
} {
  const root: OpenResource = { id: newId(), methods: {} };
  const resources: OpenResource[] = [root];
  return {
    rootResourceId: root.id,
    resources,
    resourceAt(path) {
      let at = root;
      for (const pathPart of path.split('/').filter((part) => part !== '')) {
        let child = resources.find((r) => r.parentId === at.id && r.pathPart === pathPart);
        if (child === undefined) {
          child = { id: newId(), parentId: at.id, pathPart, methods: {} };
          resources.push(child);
        }
        at = child;
      }
      return at;
    },
  };
}

function importOperation(operation: Json, definition: Json, where: string): MethodRecord {
  refuseSecurity(operation, definition, where);
  const integration = operation['x-amazon-apigateway-integration'];
  if (operation['x-amazon-apigateway-request-validator'] !== undefined) {
    throw unsupported(`The request validator of ${where}`);
  }
  const method: MethodInput = {
    authorizationType: 'NONE',
    operationName: textAt(operation, 'operationId'),
  };
  const responses = Object.fromEntries(
    Object.entries(objectAt(operation, 'responses')).map(([status, response]) => [
      status,
      { responseParameters: responseHeaders(response), responseModels: {} },
    ]),
  );
  if (!isObject(integration)) return { ...readMethod(method), responses };
  const imported = importIntegration(integration, where);
  if (imported.type === 'MOCK') {
    for (const [status, response] of Object.entries(imported.responses)) {
      checkIntegrationResponse({ responses }, status, response);
    }
  }
  return { ...readMethod(method), responses, integration: imported };
}

function importIntegration(integration: Json, where: string): NonNullable<MethodRecord['integration']> {
  const type = textAt(integration, 'type')?.toUpperCase();
  if (type === undefined) {
    throw badRequest(`Unable to parse API definition because of a malformed integration at path ${where}`);
  }
  const input: IntegrationInput = {
    type,
    integrationHttpMethod: textAt(integration, 'httpMethod'),
    uri: textAt(integration, 'uri'),
    credentials: textAt(integration, 'credentials'),
    requestTemplates: texts(integration['requestTemplates']),
    requestParameters: texts(integration['requestParameters']),
    passthroughBehavior: textAt(integration, 'passthroughBehavior')?.toUpperCase(),
    timeoutInMillis:
      typeof integration['timeoutInMillis'] === 'number' ? integration['timeoutInMillis'] : undefined,
    connectionType: textAt(integration, 'connectionType'),
  };
  const responses: Record<string, IntegrationResponseRecord> = {};
  for (const [pattern, response] of Object.entries(objectAt(integration, 'responses'))) {
    if (!isObject(response)) continue;
    responses[textAt(response, 'statusCode') ?? '200'] = {
      ...(pattern === 'default' ? {} : { selectionPattern: pattern }),
      responseParameters: texts(response['responseParameters']),
      responseTemplates: texts(response['responseTemplates']),
    };
  }
  return { ...readIntegration(input), responses };
}

/** Authorizers and API keys change who gets in: not there yet, so not passed over. */
function refuseSecurity(operation: Json, definition: Json, where: string): void {
  const required = operation['security'] ?? definition['security'];
  if (!Array.isArray(required)) return;
  for (const requirement of required as unknown[]) {
    const [name] = isObject(requirement) ? Object.keys(requirement) : [];
    if (name === undefined || name === 'NONE') continue;
    throw unsupported(`The authorizer ${name} of ${where}`);
  }
}

function responseHeaders(response: unknown): Record<string, boolean> {
  const headers = isObject(response) ? objectAt(response, 'headers') : {};
  return Object.fromEntries(
    Object.keys(headers).map((name) => [`method.response.header.${name}`, false]),
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(object: Json, name: string): Json {
  const value = object[name];
  return isObject(value) ? value : {};
}

function textAt(object: Json, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

function textsAt(object: Json, name: string): readonly string[] {
  const value = object[name];
  return Array.isArray(value) ? value.map(String) : [];
}

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}
