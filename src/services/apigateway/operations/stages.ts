// Deployments (snapshots of an API) and the stages that serve them.
import { randomText } from '../../../base/random.ts';
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { badRequest, conflict, notFound, unsupported } from '../errors.ts';
import { pageOf } from '../page.ts';
import { type PatchRule, applyPatch, pointerName, toBoolean } from '../patch.ts';
import { presentDeployment, presentStage } from '../present.ts';
import {
  type ApiRecord,
  type DeploymentRecord,
  PER_API_MAX,
  type StageRecord,
  apiKey,
  deployments,
  stages,
} from '../store.ts';
import { requireApi } from './apis.ts';

type DeploymentOutput = OutputOf<'apigateway', 'GetDeployment'>;
type StageOutput = OutputOf<'apigateway', 'GetStage'>;

export async function createDeployment(
  input: InputOf<'apigateway', 'CreateDeployment'>,
  context: RequestContext,
): Promise<DeploymentOutput> {
  if (input.canarySettings !== undefined) throw unsupported('A canary deployment');
  if (input.cacheClusterEnabled === true) throw unsupported('A cache cluster');
  const id = randomText(context.random, 6, 'abcdefghijklmnopqrstuvwxyz0123456789');
  return context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, input.restApiId);
    if (!api.resources.some((resource) => Object.keys(resource.methods).length > 0)) {
      throw badRequest('The REST API doesn\'t contain any methods');
    }
    requireIntegrations(api);
    const deployment: DeploymentRecord = {
      id,
      createdMs: context.nowMs,
      snapshot: {
        resources: api.resources,
        rootResourceId: api.rootResourceId,
        binaryMediaTypes: api.binaryMediaTypes,
      },
      ...(input.description === undefined ? {} : { description: input.description }),
    };
    deployments.put(tx, [...apiKey(context, api.id), id], deployment);
    if (input.stageName !== undefined && input.stageName !== '') {
      await deployToStage(tx, context, { api, deployment, input });
    }
    return presentDeployment(deployment);
  });
}

async function deployToStage(
  tx: Tx,
  context: RequestContext,
  parts: {
    readonly api: ApiRecord;
    readonly deployment: DeploymentRecord;
    readonly input: InputOf<'apigateway', 'CreateDeployment'>;
  },
): Promise<void> {
  const { api, deployment, input } = parts;
  const name = checkStageName(input.stageName);
  const key = [...apiKey(context, api.id), name];
  const previous = await stages.get(tx, key);
  const description = input.stageDescription ?? previous?.description;
  stages.put(tx, key, {
    name,
    deploymentId: deployment.id,
    variables: { ...previous?.variables, ...input.variables },
    tracingEnabled: input.tracingEnabled ?? previous?.tracingEnabled ?? false,
    tags: previous?.tags ?? {},
    createdMs: previous?.createdMs ?? context.nowMs,
    updatedMs: context.nowMs,
    ...(description === undefined ? {} : { description }),
  });
}

function requireIntegrations(api: ApiRecord): void {
  for (const resource of api.resources) {
    for (const method of Object.values(resource.methods)) {
      if (method.integration === undefined) throw badRequest('No integration defined for method');
    }
  }
}

export async function getDeployment(
  input: InputOf<'apigateway', 'GetDeployment'>,
  context: RequestContext,
): Promise<DeploymentOutput> {
  return context.store.read(async (view) => {
    await requireApi(view, context, input.restApiId);
    return presentDeployment(await requireDeployment(view, context, input));
  });
}

export async function getDeployments(
  input: InputOf<'apigateway', 'GetDeployments'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetDeployments'>> {
  return context.store.read(async (view) => {
    const api = await requireApi(view, context, input.restApiId);
    const rows = await deployments.list(view, apiKey(context, api.id), { limit: PER_API_MAX });
    const { items, position } = pageOf(rows.map((row) => row.value), input);
    return { items: items.map(presentDeployment), ...position };
  });
}

export async function updateDeployment(
  input: InputOf<'apigateway', 'UpdateDeployment'>,
  context: RequestContext,
): Promise<DeploymentOutput> {
  return context.store.transact(async (tx) => {
    const deployment = applyPatch<DeploymentRecord>(
      await requireDeployment(tx, context, input),
      input.patchOperations,
      [{ path: '/description', ops: ['replace'], apply: (d, { value }) => ({ ...d, description: value }) }],
    );
    deployments.put(tx, [...apiKey(context, input.restApiId ?? ''), deployment.id], deployment);
    return presentDeployment(deployment);
  });
}

export async function deleteDeployment(
  input: InputOf<'apigateway', 'DeleteDeployment'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteDeployment'>> {
  await context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, input.restApiId);
    const { id } = await requireDeployment(tx, context, input);
    const users = await stages.list(tx, apiKey(context, api.id), { limit: PER_API_MAX });
    if (users.some((row) => row.value.deploymentId === id)) {
      throw badRequest('Active stages pointing to this deployment must be moved or deleted');
    }
    deployments.delete(tx, [...apiKey(context, api.id), id]);
  });
  return {};
}

export async function createStage(
  input: InputOf<'apigateway', 'CreateStage'>,
  context: RequestContext,
): Promise<StageOutput> {
  if (input.canarySettings !== undefined) throw unsupported('A canary');
  if (input.cacheClusterEnabled === true) throw unsupported('A cache cluster');
  const name = checkStageName(input.stageName);
  return context.store.transact(async (tx) => {
    const api = await requireApi(tx, context, input.restApiId);
    const { id } = await requireDeployment(tx, context, input);
    const key = [...apiKey(context, api.id), name];
    if ((await stages.get(tx, key)) !== undefined) throw conflict('Stage already exists');
    const stage: StageRecord = {
      name,
      deploymentId: id,
      variables: { ...input.variables },
      tracingEnabled: input.tracingEnabled ?? false,
      tags: { ...input.tags },
      createdMs: context.nowMs,
      updatedMs: context.nowMs,
      ...(input.description === undefined ? {} : { description: input.description }),
    };
    stages.put(tx, key, stage);
    return presentStage(stage);
  });
}

export async function getStage(
  input: InputOf<'apigateway', 'GetStage'>,
  context: RequestContext,
): Promise<StageOutput> {
  return context.store.read(async (view) => presentStage(await requireStage(view, context, input)));
}

export async function getStages(
  input: InputOf<'apigateway', 'GetStages'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetStages'>> {
  return context.store.read(async (view) => {
    const api = await requireApi(view, context, input.restApiId);
    const rows = await stages.list(view, apiKey(context, api.id), { limit: PER_API_MAX });
    const wanted = rows
      .map((row) => row.value)
      .filter(({ deploymentId }) => input.deploymentId === undefined || deploymentId === input.deploymentId);
    return { item: wanted.map(presentStage) };
  });
}

const STAGE_PATCHES: readonly PatchRule<StageRecord>[] = [
  { path: '/deploymentId', ops: ['replace'], apply: (s, { value }) => ({ ...s, deploymentId: value }) },
  { path: '/description', ops: ['replace'], apply: (s, { value }) => ({ ...s, description: value }) },
  {
    path: '/tracingEnabled',
    ops: ['replace'],
    apply: (s, { value }) => ({ ...s, tracingEnabled: toBoolean(value) }),
  },
  {
    path: '/variables/*',
    ops: ['add', 'replace', 'remove'],
    apply: (s, { op, path, value }) => {
      const { [pointerName(path)]: _gone, ...others } = s.variables;
      return { ...s, variables: op === 'remove' ? others : { ...others, [pointerName(path)]: value } };
    },
  },
];

export async function updateStage(
  input: InputOf<'apigateway', 'UpdateStage'>,
  context: RequestContext,
): Promise<StageOutput> {
  return context.store.transact(async (tx) => {
    const previous = await requireStage(tx, context, input);
    const stage = {
      ...applyPatch(previous, input.patchOperations, STAGE_PATCHES),
      updatedMs: context.nowMs,
    };
    await requireDeployment(tx, context, { restApiId: input.restApiId, deploymentId: stage.deploymentId });
    stages.put(tx, [...apiKey(context, input.restApiId ?? ''), stage.name], stage);
    return presentStage(stage);
  });
}

export async function deleteStage(
  input: InputOf<'apigateway', 'DeleteStage'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteStage'>> {
  await context.store.transact(async (tx) => {
    const { name } = await requireStage(tx, context, input);
    stages.delete(tx, [...apiKey(context, input.restApiId ?? ''), name]);
  });
  return {};
}

function checkStageName(name: string | undefined): string {
  if (name === undefined || !/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
    throw badRequest('Stage name only allows a-zA-Z0-9_-');
  }
  return name;
}

async function requireDeployment(
  view: ReadTx,
  context: RequestContext,
  address: { readonly restApiId: string | undefined; readonly deploymentId: string | undefined },
): Promise<DeploymentRecord> {
  const key = [...apiKey(context, address.restApiId ?? ''), address.deploymentId ?? ''];
  const deployment = await deployments.get(view, key);
  if (deployment === undefined) throw notFound('Invalid Deployment identifier specified');
  return deployment;
}

async function requireStage(
  view: ReadTx,
  context: RequestContext,
  address: { readonly restApiId: string | undefined; readonly stageName: string | undefined },
): Promise<StageRecord> {
  const api = await requireApi(view, context, address.restApiId);
  const stage = await stages.get(view, [...apiKey(context, api.id), address.stageName ?? '']);
  if (stage === undefined) throw notFound('Invalid stage identifier specified');
  return stage;
}
