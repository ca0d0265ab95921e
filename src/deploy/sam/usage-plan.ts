// Usage plans and API keys: one for an API, or one that several APIs of the template share.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import { resourceProblem, templateProblem } from './sam-error.ts';
import { isFilled, isMap, isSet, ref } from './values.ts';
import type { JsonMap } from './values.ts';

/** What is known so far of the shared plan. */
export interface SharedUsagePlan {
  readonly stageKeys: JsonMap[];
  readonly apiStages: JsonMap[];
  readonly dependsOn: string[];
  readonly conditions: Set<string>;
  anyWithoutCondition: boolean;
  deletionPolicy?: unknown;
  updateReplacePolicy?: unknown;
}

export function createSharedUsagePlan(): SharedUsagePlan {
  return {
    stageKeys: [],
    apiStages: [],
    dependsOn: [],
    conditions: new Set(),
    anyWithoutCondition: false,
  };
}

const SHARED_CONDITION = 'SharedUsagePlanCondition';
const MEMBERS = ['CreateUsagePlan', 'Description', 'Quota', 'Tags', 'Throttle', 'UsagePlanName'];

export interface UsagePlanMaking {
  readonly logicalId: string;
  /** `Auth.UsagePlan` */
  readonly plan: unknown;
  readonly stageId: string;
  readonly attributes: JsonMap;
  readonly shared: SharedUsagePlan;
  readonly conditions: JsonMap | undefined;
}

export function makeUsagePlan(making: UsagePlanMaking): CfnResource[] {
  const { logicalId, plan, stageId, shared } = making;
  if (!isSet(plan)) return [];
  if (!isMap(plan)) throw resourceProblem(logicalId, "'UsagePlan' must be a dictionary");
  if (Object.keys(plan).some((key) => !MEMBERS.includes(key))) {
    throw resourceProblem(logicalId, "Invalid property for 'UsagePlan'");
  }
  const kind = plan['CreateUsagePlan'];
  if (!isSet(kind))
    throw resourceProblem(logicalId, "'CreateUsagePlan' is a required field for UsagePlan.");
  if (kind !== 'SHARED' && kind !== 'PER_API' && kind !== 'NONE') {
    throw resourceProblem(
      logicalId,
      "'CreateUsagePlan' accepts one of ['SHARED', 'PER_API', 'NONE'].",
    );
  }
  if (kind === 'NONE') return [];
  const isShared = kind === 'SHARED';
  const apiStage = { ApiId: ref(logicalId), Stage: ref(stageId) };
  const stageKey = { RestApiId: ref(logicalId), StageName: ref(stageId) };
  if (isShared) {
    shared.apiStages.push(apiStage);
    shared.stageKeys.push(stageKey);
    shared.dependsOn.push(logicalId);
  }
  const prefix = isShared ? 'Serverless' : logicalId;
  const attributes = isShared ? sharedAttributes(making) : making.attributes;
  const settings = MEMBERS.slice(1).filter((name) => isFilled(plan[name]));
  const usagePlan = make({
    logicalId: `${prefix}UsagePlan`,
    type: 'AWS::ApiGateway::UsagePlan',
    attributes,
    dependsOn: isShared ? [...shared.dependsOn] : [logicalId],
    properties: {
      ApiStages: isShared ? [...shared.apiStages] : [apiStage],
      ...Object.fromEntries(settings.map((name) => [name, plan[name]])),
    },
  });
  const key = make({
    logicalId: `${prefix}ApiKey`,
    type: 'AWS::ApiGateway::ApiKey',
    attributes,
    dependsOn: [usagePlan.logicalId],
    properties: { Enabled: true, StageKeys: isShared ? [...shared.stageKeys] : [stageKey] },
  });
  const planKey = make({
    logicalId: `${prefix}UsagePlanKey`,
    type: 'AWS::ApiGateway::UsagePlanKey',
    attributes,
    dependsOn: [key.logicalId],
    properties: {
      KeyId: ref(key.logicalId),
      KeyType: 'API_KEY',
      UsagePlanId: ref(usagePlan.logicalId),
    },
  });
  return [usagePlan, key, planKey];
}

/** The shared plan exists when any of its APIs does, and keeps what the most careful of them keeps. */
function sharedAttributes({ attributes, shared, conditions }: UsagePlanMaking): JsonMap {
  const {
    DeletionPolicy: deletion,
    UpdateReplacePolicy: replace,
    Condition: condition,
  } = attributes;
  if (isFilled(deletion) && (!isFilled(shared.deletionPolicy) || deletion === 'Retain')) {
    shared.deletionPolicy = deletion;
  }
  const isStronger =
    replace === 'Retain' || (replace === 'Snapshot' && shared.updateReplacePolicy === 'Delete');
  if (isFilled(replace) && (!isFilled(shared.updateReplacePolicy) || isStronger)) {
    shared.updateReplacePolicy = replace;
  }
  addCondition(shared, condition, conditions);
  return {
    ...(isFilled(shared.deletionPolicy) ? { DeletionPolicy: shared.deletionPolicy } : {}),
    ...(isFilled(shared.updateReplacePolicy)
      ? { UpdateReplacePolicy: shared.updateReplacePolicy }
      : {}),
    ...(shared.conditions.size > 0 && !shared.anyWithoutCondition
      ? { Condition: SHARED_CONDITION }
      : {}),
  };
}

function addCondition(
  shared: SharedUsagePlan,
  condition: unknown,
  conditions: JsonMap | undefined,
): void {
  if (shared.anyWithoutCondition) return;
  if (!isSet(condition)) {
    shared.anyWithoutCondition = true;
    if (conditions !== undefined) delete conditions[SHARED_CONDITION];
    return;
  }
  const name = String(condition);
  if (shared.conditions.has(name)) return;
  if (conditions === undefined) {
    throw templateProblem(
      "Can't have condition without having 'Conditions' section in the template",
    );
  }
  shared.conditions.add(name);
  conditions[SHARED_CONDITION] =
    shared.conditions.size === 1
      ? name
      : { 'Fn::Or': [...shared.conditions].map((Condition) => ({ Condition })) };
}
