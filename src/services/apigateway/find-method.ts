// Finds resources, methods and integrations in an API, and replaces a method in one transaction.
import type { RequestContext } from '../../kernel/context.ts';
import { notFound } from './errors.ts';
import { requireApi } from './find-api.ts';
import {
  type ApiRecord,
  type IntegrationRecord,
  type MethodRecord,
  type ResourceRecord,
  putApi,
} from './store.ts';

export interface MethodAddress {
  readonly restApiId: string | undefined;
  readonly resourceId: string | undefined;
  readonly httpMethod: string | undefined;
}

/** Replaces one method by what `change` makes of it; undefined removes it. */
export async function changeMethod(
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

export async function readMethodAt(address: MethodAddress, context: RequestContext): Promise<MethodRecord> {
  const api = await context.store.read((view) => requireApi(view, context, address.restApiId));
  return requireMethod(requireResource(api, address.resourceId).methods[address.httpMethod ?? '']);
}

export function requireResource(api: ApiRecord, id: string | undefined): ResourceRecord {
  const resource = api.resources.find((candidate) => candidate.id === id);
  if (resource === undefined) throw notFound('Invalid Resource identifier specified');
  return resource;
}

export function requireMethod(method: MethodRecord | undefined): MethodRecord {
  if (method === undefined) throw notFound('Invalid Method identifier specified');
  return method;
}

export function requireIntegration({ integration }: MethodRecord): IntegrationRecord {
  if (integration === undefined) throw notFound('Invalid Integration identifier specified');
  return integration;
}

export function withResource(api: ApiRecord, changed: ResourceRecord): ApiRecord {
  return { ...api, resources: api.resources.map((r) => (r.id === changed.id ? changed : r)) };
}
