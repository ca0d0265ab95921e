// Resources: the tree of an API's paths.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { badRequest, conflict } from '../errors.ts';
import { RESOURCES_MAX } from '../limits.ts';
import { pageOf } from '../page.ts';
import { applyPatch } from '../patch.ts';
import { presentResource } from '../present.ts';
import { type ResourceRecord, putApi } from '../store.ts';
import { newResourceId, requireApi } from '../find-api.ts';
import { requireResource, withResource } from '../find-method.ts';

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
