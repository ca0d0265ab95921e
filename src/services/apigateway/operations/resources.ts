// Resources, and the methods, integrations and responses on them.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { badRequest, conflict, notFound } from '../errors.ts';
import { RESOURCES_MAX } from '../limits.ts';
import { readIntegration, readMethod } from '../method-input.ts';
import { checkTemplates } from '../mock-integration.ts';
import { pageOf } from '../page.ts';
import { applyPatch } from '../patch.ts';
import {
  presentIntegration,
  presentIntegrationResponse,
  presentMethod,
  presentResource,
} from '../present.ts';
import {
  type ApiRecord,
  type IntegrationRecord,
  type MethodRecord,
  type ResourceRecord,
  putApi,
} from '../store.ts';
import { newResourceId, requireApi } from './apis.ts';

type ResourceOutput = OutputOf<'apigateway', 'GetResource'>;

export async function createResource(
  input: InputOf<'apigateway', 'CreateResource'>,
  context: RequestContext,
): Promise<ResourceOutput> {
  const pathPart = input.pathPart ?? '';
  if (!/^(\{[a-zA-Z0-9._:-]+\+?\}|[a-zA-Z0-9._~:%$-]+)$/.test(pathPart)) {
    throw badRequest(
      "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
    );
  }
  return context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, input.restApiId);
    const parent = requireResource(api, input.parentId);
    if (api.resources.some((r) => r.parentId === parent.id && r.pathPart === pathPart)) {
      throw conflict(`Another resource with the same parent already has this name: ${pathPart}`);
    }
    if (api.resources.length >= RESOURCES_MAX) throw badRequest('Maximum number of resources for this API has been reached.');
    const resource: ResourceRecord = {
      id: newResourceId(context),
      parentId: parent.id,
      pathPart,
      methods: {},
    };
    const changed = { ...api, resources: [...api.resources, resource] };
    putApi(tx, context, changed);
    return presentResource(changed, resource, false);
  });
}

export async function getResource(
  input: InputOf<'apigateway', 'GetResource'>,
  context: RequestContext,
): Promise<ResourceOutput> {
  const api = await context.store.read((view) => requireApi(view, context, input.restApiId));
  const resource = requireResource(api, input.resourceId);
  return presentResource(api, resource, input.embed?.includes('methods') === true);
}

export async function getResources(
  input: InputOf<'apigateway', 'GetResources'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetResources'>> {
  const api = await context.store.read((view) => requireApi(view, context, input.restApiId));
  const { items, position } = pageOf(api.resources, input);
  const embed = input.embed?.includes('methods') === true;
  return { items: items.map((resource) => presentResource(api, resource, embed)), ...position };
}

export async function deleteResource(
  input: InputOf<'apigateway', 'DeleteResource'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteResource'>> {
  await context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, input.restApiId);
    const { id } = requireResource(api, input.resourceId);
    if (id === api.rootResourceId) throw badRequest('Root resource cannot be deleted');
    const gone = new Set([id]);
    // Children come after their parents in no particular order: repeat until nothing is added.
    for (let before = 0; before !== gone.size; ) {
      before = gone.size;
      for (const { id: child, parentId } of api.resources) {
        if (parentId !== undefined && gone.has(parentId)) gone.add(child);
      }
    }
    putApi(tx, context, { ...api, resources: api.resources.filter((r) => !gone.has(r.id)) });
  });
  return {};
}

export async function updateResource(
  input: InputOf<'apigateway', 'UpdateResource'>,
  context: RequestContext,
): Promise<ResourceOutput> {
  return context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, input.restApiId);
    const resource = applyPatch<ResourceRecord>(
      requireResource(api, input.resourceId),
      input.patchOperations,
      [
        { path: '/pathPart', ops: ['replace'], apply: (r, { value }) => ({ ...r, pathPart: value }) },
        {
          path: '/parentId',
          ops: ['replace'],
          apply: (r, { value }) => ({ ...r, parentId: requireResource(api, value).id }),
        },
      ],
    );
    const changed = withResource(api, resource);
    putApi(tx, context, changed);
    return presentResource(changed, resource, false);
  });
}

interface MethodAddress {
  readonly restApiId: string | undefined;
  readonly resourceId: string | undefined;
  readonly httpMethod: string | undefined;
}

/** Replaces one method by what `change` makes of it; undefined removes it. */
async function changeMethod(
  address: MethodAddress,
  context: RequestContext,
  change: (method: MethodRecord | undefined) => MethodRecord | undefined,
): Promise<MethodRecord | undefined> {
  return context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, address.restApiId);
    const resource = requireResource(api, address.resourceId);
    const httpMethod = address.httpMethod ?? '';
    const { [httpMethod]: previous, ...others } = resource.methods;
    const method = change(previous);
    const methods = method === undefined ? others : { ...others, [httpMethod]: method };
    putApi(tx, context, withResource(api, { ...resource, methods }));
    return method;
  });
}

async function readMethodAt(address: MethodAddress, context: RequestContext): Promise<MethodRecord> {
  const api = await context.store.read((view) => requireApi(view, context, address.restApiId));
  return requireMethod(requireResource(api, address.resourceId).methods[address.httpMethod ?? '']);
}

export async function putMethod(
  input: InputOf<'apigateway', 'PutMethod'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethod'>> {
  if (!/^(GET|PUT|POST|DELETE|PATCH|HEAD|OPTIONS|ANY)$/.test(input.httpMethod ?? '')) {
    throw badRequest('Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY');
  }
  const made = readMethod(input);
  await changeMethod(input, context, (previous) => {
    if (previous !== undefined) throw conflict('Method already exists for this resource');
    return made;
  });
  return presentMethod(input.httpMethod ?? '', made, input.resourceId ?? '');
}

export async function getMethod(
  input: InputOf<'apigateway', 'GetMethod'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethod'>> {
  const method = await readMethodAt(input, context);
  return presentMethod(input.httpMethod ?? '', method, input.resourceId ?? '');
}

export async function deleteMethod(
  input: InputOf<'apigateway', 'DeleteMethod'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteMethod'>> {
  await changeMethod(input, context, (previous) => {
    requireMethod(previous);
    return undefined;
  });
  return {};
}

export async function putIntegration(
  input: InputOf<'apigateway', 'PutIntegration'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegration'>> {
  const made = readIntegration(input);
  await changeMethod(input, context, (previous) => ({
    ...requireMethod(previous),
    integration: { ...made, responses: previous?.integration?.responses ?? {} },
  }));
  return presentIntegration(made, input.resourceId ?? '');
}

export async function getIntegration(
  input: InputOf<'apigateway', 'GetIntegration'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegration'>> {
  const integration = requireIntegration(await readMethodAt(input, context));
  return presentIntegration(integration, input.resourceId ?? '');
}

export async function deleteIntegration(
  input: InputOf<'apigateway', 'DeleteIntegration'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteIntegration'>> {
  await changeMethod(input, context, (previous) => {
    requireIntegration(requireMethod(previous));
    const { integration: _gone, ...method } = requireMethod(previous);
    return method;
  });
  return {};
}

export async function putMethodResponse(
  input: InputOf<'apigateway', 'PutMethodResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethodResponse'>> {
  const statusCode = input.statusCode ?? '';
  const response = {
    responseParameters: { ...input.responseParameters },
    responseModels: { ...input.responseModels },
  };
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    if (statusCode in method.responses) throw conflict('Response already exists for this resource');
    return { ...method, responses: { ...method.responses, [statusCode]: response } };
  });
  return { statusCode, ...response };
}

export async function getMethodResponse(
  input: InputOf<'apigateway', 'GetMethodResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethodResponse'>> {
  const statusCode = input.statusCode ?? '';
  const response = (await readMethodAt(input, context)).responses[statusCode];
  if (response === undefined) throw notFound('Invalid Response status code specified');
  return { statusCode, ...response };
}

export async function deleteMethodResponse(
  input: InputOf<'apigateway', 'DeleteMethodResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteMethodResponse'>> {
  const statusCode = input.statusCode ?? '';
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const { [statusCode]: gone, ...responses } = method.responses;
    if (gone === undefined) throw notFound('Invalid Response status code specified');
    return { ...method, responses };
  });
  return {};
}

export async function putIntegrationResponse(
  input: InputOf<'apigateway', 'PutIntegrationResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegrationResponse'>> {
  const statusCode = input.statusCode ?? '';
  checkTemplates(input.responseTemplates ?? {});
  const response = {
    responseParameters: { ...input.responseParameters },
    responseTemplates: { ...input.responseTemplates },
    ...(input.selectionPattern === undefined || input.selectionPattern === ''
      ? {}
      : { selectionPattern: input.selectionPattern }),
  };
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const integration = requireIntegration(method);
    if (!(statusCode in method.responses)) throw notFound('Invalid Response status code specified');
    const responses = { ...integration.responses, [statusCode]: response };
    return { ...method, integration: { ...integration, responses } };
  });
  return presentIntegrationResponse(statusCode, response);
}

export async function getIntegrationResponse(
  input: InputOf<'apigateway', 'GetIntegrationResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegrationResponse'>> {
  const statusCode = input.statusCode ?? '';
  const { responses } = requireIntegration(await readMethodAt(input, context));
  const response = responses[statusCode];
  if (response === undefined) throw notFound('Invalid Response status code specified');
  return presentIntegrationResponse(statusCode, response);
}

export async function deleteIntegrationResponse(
  input: InputOf<'apigateway', 'DeleteIntegrationResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteIntegrationResponse'>> {
  const statusCode = input.statusCode ?? '';
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const integration = requireIntegration(method);
    const { [statusCode]: gone, ...responses } = integration.responses;
    if (gone === undefined) throw notFound('Invalid Response status code specified');
    return { ...method, integration: { ...integration, responses } };
  });
  return {};
}

function requireResource(api: ApiRecord, id: string | undefined): ResourceRecord {
  const resource = api.resources.find((candidate) => candidate.id === id);
  if (resource === undefined) throw notFound('Invalid Resource identifier specified');
  return resource;
}

function requireMethod(method: MethodRecord | undefined): MethodRecord {
  if (method === undefined) throw notFound('Invalid Method identifier specified');
  return method;
}

function requireIntegration({ integration }: MethodRecord): IntegrationRecord {
  if (integration === undefined) throw notFound('Invalid Integration identifier specified');
  return integration;
}

function withResource(api: ApiRecord, changed: ResourceRecord): ApiRecord {
  return { ...api, resources: api.resources.map((r) => (r.id === changed.id ? changed : r)) };
}
