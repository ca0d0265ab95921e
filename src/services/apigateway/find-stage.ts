// Finds deployments and stages.
import type { ReadTx } from '../../base/store.ts';
import type { RequestContext } from '../../kernel/context.ts';
import { badRequest, notFound } from './errors.ts';
import { requireApi } from './find-api.ts';
import { type DeploymentRecord, type StageRecord, apiKey, deployments, stages } from './store.ts';

export function checkStageName(name: string | undefined): string {
  if (name === undefined || !/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
    throw badRequest('Stage name only allows a-zA-Z0-9_-');
  }
  return name;
}

export async function requireDeployment(
  view: ReadTx,
  context: RequestContext,
  address: { readonly restApiId: string | undefined; readonly deploymentId: string | undefined },
): Promise<DeploymentRecord> {
  const key = [...apiKey(context, address.restApiId ?? ''), address.deploymentId ?? ''];
  const deployment = await deployments.get(view, key);
  if (deployment === undefined) throw notFound('Invalid Deployment identifier specified');
  return deployment;
}

export async function requireStage(
  view: ReadTx,
  context: RequestContext,
  address: { readonly restApiId: string | undefined; readonly stageName: string | undefined },
): Promise<StageRecord> {
  const api = await requireApi(view, context, address.restApiId);
  const stage = await stages.get(view, [...apiKey(context, api.id), address.stageName ?? '']);
  if (stage === undefined) throw notFound('Invalid stage identifier specified');
  return stage;
}
