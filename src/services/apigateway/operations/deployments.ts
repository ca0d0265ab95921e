// Deployments: snapshots of an API.
import { randomText } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { badRequest, unsupported } from '../errors.ts';
import { requireApi } from '../find-api.ts';
import { checkStageName, requireDeployment } from '../find-stage.ts';
import { pageOf } from '../page.ts';
import { applyPatch } from '../patch.ts';
import { presentDeployment } from '../present.ts';
import {
  type ApiRecord,
  type DeploymentRecord,
  PER_API_MAX,
  apiKey,
  deployments,
  stages,
} from '../store.ts';

type DeploymentOutput = OutputOf<'apigateway', 'GetDeployment'>;

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
    methodSettings: previous?.methodSettings ?? {},
    ...(previous?.accessLog === undefined ? {} : { accessLog: previous.accessLog }),
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
