// REST APIs: create, import, get, list, update, delete; tags.
import { parse as parseYaml } from 'yaml';
import { parseArn } from '../../../base/arn.ts';
import { isDeepJson, isDeepYaml } from '../../../base/nesting.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { badRequest, notFound, unsupported } from '../errors.ts';
import { newApiId, newResourceId, requireApi } from '../find-api.ts';
import { pageOf } from '../page.ts';
import { type ImportedApi, importDefinition } from '../openapi-import.ts';
import { type PatchRule, applyPatch, pointerName, toBoolean } from '../patch.ts';
import { presentApi } from '../present.ts';
import { type ApiRecord, PER_API_MAX, apiKey, apis, deleteApi, putApi, stages } from '../store.ts';

type ApiOutput = OutputOf<'apigateway', 'GetRestApi'>;

export async function createRestApi(
  input: InputOf<'apigateway', 'CreateRestApi'>,
  context: RequestContext,
): Promise<ApiOutput> {
  if (input.securityPolicy !== undefined) throw unsupported('A security policy');
  if (input.cloneFrom !== undefined) throw unsupported('cloneFrom');
  if (input.minimumCompressionSize !== undefined) throw unsupported('minimumCompressionSize');
  if (input.apiKeySource === 'AUTHORIZER') throw unsupported('The API key source AUTHORIZER');
  if (input.policy !== undefined) throw unsupported('A resource policy');
  const root = newResourceId(context);
  const api: ApiRecord = {
    id: newApiId(context),
    name: input.name ?? '',
    createdMs: context.nowMs,
    binaryMediaTypes: input.binaryMediaTypes ?? [],
    endpointTypes: checkEndpointTypes(input.endpointConfiguration?.types),
    disabledExecuteEndpoint: input.disableExecuteApiEndpoint ?? false,
    tags: { ...input.tags },
    rootResourceId: root,
    resources: [{ id: root, methods: {} }],
    ...(input.description === undefined ? {} : { description: input.description }),
    ...(input.version === undefined ? {} : { version: input.version }),
  };
  await context.store.transact(async (tx) => putApi(tx, context, api));
  return presentApi(api);
}

export async function importRestApi(
  input: InputOf<'apigateway', 'ImportRestApi'>,
  context: RequestContext,
): Promise<ApiOutput> {
  const imported = await readDefinition(input.body, context);
  const empty: ApiRecord = {
    id: newApiId(context),
    name: '',
    createdMs: context.nowMs,
    binaryMediaTypes: [],
    endpointTypes: checkEndpointTypes(
      input.parameters?.['endpointConfigurationTypes'] === undefined
        ? undefined
        : [input.parameters['endpointConfigurationTypes']],
    ),
    disabledExecuteEndpoint: false,
    tags: {},
    rootResourceId: '',
    resources: [],
  };
  const api = overwrite(empty, imported);
  await context.store.transact(async (tx) => putApi(tx, context, api));
  return presentApi(api);
}

export async function putRestApi(
  input: InputOf<'apigateway', 'PutRestApi'>,
  context: RequestContext,
): Promise<ApiOutput> {
  if (input.mode === 'merge') throw unsupported('The import mode merge');
  const imported = await readDefinition(input.body, context);
  return context.store.transact(async (tx) => {
    const api = overwrite(await requireApi(tx, context, input.restApiId), imported);
    putApi(tx, context, api);
    return presentApi(api);
  });
}

async function readDefinition(body: unknown, context: RequestContext): Promise<ImportedApi> {
  const text = body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : '';
  const definition = parseJsonText(text) ?? parseYamlText(text);
  return importDefinition(definition, () => newResourceId(context));
}

/** Undefined for text that is no JSON. */
function parseJsonText(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (isDeepJson(text)) throw badRequest('Invalid OpenAPI input.');
  return value;
}

function parseYamlText(text: string): unknown {
  if (isDeepYaml(text)) throw badRequest('Invalid OpenAPI input.');
  try {
    // To look for keys that come twice takes a time that grows with their square.
    const value: unknown = parseYaml(text, { uniqueKeys: false });
    // An alias inside of its own anchor makes a value without an end; this throws for one.
    JSON.stringify(value);
    return value;
  } catch {
    throw badRequest('Invalid OpenAPI input.');
  }
}

function overwrite(api: ApiRecord, imported: ImportedApi): ApiRecord {
  if (imported.policy !== undefined) throw unsupported('A resource policy');
  const description = imported.description ?? api.description;
  const version = imported.version ?? api.version;
  return {
    ...api,
    name: imported.name ?? api.name,
    binaryMediaTypes: imported.binaryMediaTypes,
    endpointTypes: imported.endpointTypes ?? api.endpointTypes,
    rootResourceId: imported.rootResourceId,
    resources: imported.resources,
    ...(description === undefined ? {} : { description }),
    ...(version === undefined ? {} : { version }),
  };
}

function checkEndpointTypes(types: readonly string[] | undefined): readonly string[] {
  if (types?.includes('PRIVATE') === true) throw unsupported('The endpoint type PRIVATE');
  return types ?? ['EDGE'];
}

export async function getRestApi(
  input: InputOf<'apigateway', 'GetRestApi'>,
  context: RequestContext,
): Promise<ApiOutput> {
  return presentApi(await context.store.read((view) => requireApi(view, context, input.restApiId)));
}

export async function getRestApis(
  input: InputOf<'apigateway', 'GetRestApis'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetRestApis'>> {
  const rows = await context.store.read((view) =>
    apis.list(view, [context.account, context.region], { limit: PER_API_MAX }),
  );
  const { items, position } = pageOf(rows.map((row) => row.value), input);
  return { items: items.map(presentApi), ...position };
}

export async function deleteRestApi(
  input: InputOf<'apigateway', 'DeleteRestApi'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteRestApi'>> {
  await context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, input.restApiId);
    await deleteApi(tx, context, api.id);
  });
  return {};
}

const API_PATCHES: readonly PatchRule<ApiRecord>[] = [
  { path: '/name', ops: ['replace'], apply: (api, { value }) => ({ ...api, name: value }) },
  { path: '/description', ops: ['replace'], apply: (api, { value }) => ({ ...api, description: value }) },
  { path: '/version', ops: ['replace'], apply: (api, { value }) => ({ ...api, version: value }) },
  {
    path: '/disableExecuteApiEndpoint',
    ops: ['replace'],
    apply: (api, { value }) => ({ ...api, disabledExecuteEndpoint: toBoolean(value) }),
  },
  {
    path: '/endpointConfiguration/types/*',
    ops: ['replace'],
    apply: (api, { path, value }) => ({
      ...api,
      endpointTypes: checkEndpointTypes(
        api.endpointTypes.map((type) => (type === pointerName(path) ? value : type)),
      ),
    }),
  },
  {
    path: '/binaryMediaTypes/*',
    ops: ['add', 'remove', 'replace'],
    apply: (api, { op, path, value }) => {
      const type = pointerName(path);
      const others = api.binaryMediaTypes.filter((known) => known !== type);
      if (op === 'remove') return { ...api, binaryMediaTypes: others };
      return { ...api, binaryMediaTypes: [...others, op === 'replace' ? value : type] };
    },
  },
];

export async function updateRestApi(
  input: InputOf<'apigateway', 'UpdateRestApi'>,
  context: RequestContext,
): Promise<ApiOutput> {
  return context.store.transact(async (tx) => {
    const api = applyPatch(await requireApi(tx, context, input.restApiId), input.patchOperations, API_PATCHES);
    putApi(tx, context, api);
    return presentApi(api);
  });
}

/** `arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME]` */
const TAGGED = /^\/restapis\/([^/]+)(?:\/stages\/([^/]+))?$/;

async function changeTags(
  resourceArn: string | undefined,
  context: RequestContext,
  change: (tags: Readonly<Record<string, string>>) => Record<string, string>,
): Promise<void> {
  const [, apiId, stageName] = TAGGED.exec(parseArn(resourceArn ?? '')?.resource ?? '') ?? [];
  if (apiId === undefined) throw badRequest('Invalid ARN specified in the request');
  await context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, apiId);
    if (stageName === undefined) return putApi(tx, context, { ...api, tags: change(api.tags) });
    const key = [...apiKey(context, apiId), stageName];
    const stage = await stages.get(tx, key);
    if (stage === undefined) throw notFound('Invalid stage identifier specified');
    return stages.put(tx, key, { ...stage, tags: change(stage.tags) });
  });
}

export async function tagResource(
  input: InputOf<'apigateway', 'TagResource'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'TagResource'>> {
  await changeTags(input.resourceArn, context, (tags) => ({ ...tags, ...input.tags }));
  return {};
}

export async function untagResource(
  input: InputOf<'apigateway', 'UntagResource'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'UntagResource'>> {
  const gone = new Set(input.tagKeys);
  await changeTags(input.resourceArn, context, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
  );
  return {};
}

export async function getTags(
  input: InputOf<'apigateway', 'GetTags'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetTags'>> {
  const [, apiId, stageName] = TAGGED.exec(parseArn(input.resourceArn ?? '')?.resource ?? '') ?? [];
  return context.store.read(async (view) => {
    const api = await requireApi(view, context, apiId);
    if (stageName === undefined) return { tags: { ...api.tags } };
    const stage = await stages.get(view, [...apiKey(context, api.id), stageName]);
    if (stage === undefined) throw notFound('Invalid stage identifier specified');
    return { tags: { ...stage.tags } };
  });
}
