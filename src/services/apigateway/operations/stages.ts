// Stages: which deployment answers under which name, and how.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { conflict, unsupported } from '../errors.ts';
import { requireApi } from '../find-api.ts';
import { checkStageName, requireDeployment, requireStage } from '../find-stage.ts';
import { type PatchRule, applyPatch, changeEntry, toBoolean } from '../patch.ts';
import { presentStage } from '../present.ts';
import { changeMethodSetting, checkAccessLog } from '../stage-settings.ts';
import { PER_API_MAX, type StageRecord, apiKey, stages } from '../store.ts';

type StageOutput = OutputOf<'apigateway', 'GetStage'>;

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
      methodSettings: {},
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
    apply: (s, patch) => ({ ...s, variables: changeEntry(s.variables, patch, String) }),
  },
  {
    path: '/accessLogSettings/destinationArn',
    ops: ['add', 'replace'],
    apply: (s, { value }) => ({ ...s, accessLog: { format: '', ...s.accessLog, destinationArn: value.replace(/:\*$/, '') } }),
  },
  {
    path: '/accessLogSettings/format',
    ops: ['add', 'replace'],
    apply: (s, { value }) => ({ ...s, accessLog: { destinationArn: '', ...s.accessLog, format: value } }),
  },
  {
    path: '/accessLogSettings',
    ops: ['remove'],
    apply: ({ accessLog: _gone, ...s }) => s,
  },
  { path: '/cacheClusterEnabled', ops: ['replace'], apply: (s, { value }) => refuseUnlessFalse(s, value) },
  {
    // `/RESOURCE_PATH/METHOD/throttling/rateLimit`, a star for all resources or methods.
    path: '/*/*/*/*',
    ops: ['add', 'replace'],
    apply: (s, { path, value }) => {
      const { key, name } = splitSettingPath(path);
      const setting = changeMethodSetting(s.methodSettings[key], name, value);
      return { ...s, methodSettings: { ...s.methodSettings, [key]: setting } };
    },
  },
  {
    path: '/*/*',
    ops: ['remove'],
    apply: (s, { path }) => {
      const { [path.slice(1)]: _gone, ...methodSettings } = s.methodSettings;
      return { ...s, methodSettings };
    },
  },
];

function refuseUnlessFalse(stage: StageRecord, value: string): StageRecord {
  if (toBoolean(value)) throw unsupported('A cache cluster');
  return stage;
}

/** `/pets/GET/throttling/rateLimit` → `pets/GET` and `throttling/rateLimit`. */
function splitSettingPath(path: string): { readonly key: string; readonly name: string } {
  const parts = path.slice(1).split('/');
  return { key: parts.slice(0, -2).join('/'), name: parts.slice(-2).join('/') };
}

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
    if (stage.accessLog !== undefined) checkAccessLog(stage.accessLog);
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
