// Gradual deployments: CodeDeploy shifts an alias's traffic to the new version.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import { combineConditions } from './combined-condition.ts';
import { assumeRolePolicy, managedPolicyArn } from './role.ts';
import { resourceProblem } from './sam-error.ts';
import {
  clone,
  getAtt,
  isFilled,
  isIf,
  isIntrinsic,
  isMap,
  isNoValue,
  isSet,
  mapOr,
  ref,
  sub,
  tagList,
} from './values.ts';
import type { JsonMap } from './values.ts';

const APPLICATION = 'ServerlessDeploymentApplication';
const SERVICE_ROLE = 'CodeDeployServiceRole';
const CONDITION = 'ServerlessCodeDeployCondition';

const PREDEFINED = new Set([
  'Canary10Percent5Minutes',
  'Canary10Percent10Minutes',
  'Canary10Percent15Minutes',
  'Canary10Percent30Minutes',
  'Linear10PercentEvery1Minute',
  'Linear10PercentEvery2Minutes',
  'Linear10PercentEvery3Minutes',
  'Linear10PercentEvery10Minutes',
  'AllAtOnce',
]);

interface Preference {
  readonly isEnabled: boolean;
  readonly settings: JsonMap;
  readonly hooks: JsonMap;
  readonly condition?: unknown;
  readonly tags?: JsonMap;
}

/** By the function's logical id. */
export type DeploymentPreferences = Map<string, Preference>;

export interface PreferenceRequest {
  readonly logicalId: string;
  /** `DeploymentPreference`, its references resolved. */
  readonly settings: JsonMap;
  /** Of the function. */
  readonly condition: unknown;
  readonly tags: unknown;
  readonly propagateTags: unknown;
}

/** True when the function's alias is to be shifted gradually. Throws SamProblem. */
export function addPreference(
  preferences: DeploymentPreferences,
  request: PreferenceRequest,
): boolean {
  const { logicalId, settings, condition, tags, propagateTags } = request;
  const enabled = settings['Enabled'] ?? true;
  const isEnabled = isFilled(enabled) && enabled !== 'false' && enabled !== 'False';
  if (!isEnabled) {
    preferences.set(logicalId, { isEnabled: false, settings, hooks: {} });
    return false;
  }
  if (!('Type' in settings)) {
    throw resourceProblem(logicalId, "'DeploymentPreference' is missing required Property 'Type'");
  }
  const hooks = settings['Hooks'] ?? {};
  if (!isMap(hooks)) {
    throw resourceProblem(
      logicalId,
      "'Hooks' property of 'DeploymentPreference' must be a dictionary",
    );
  }
  preferences.set(logicalId, {
    isEnabled,
    settings,
    hooks,
    ...(isFilled(settings['PassthroughCondition']) ? { condition } : {}),
    ...(isFilled(propagateTags) && isFilled(tags) ? { tags: mapOr(tags) } : {}),
  });
  return true;
}

export function updatePolicy(preferences: DeploymentPreferences, logicalId: string): JsonMap {
  const hooks = preferences.get(logicalId)?.hooks ?? {};
  const members: JsonMap = {
    ApplicationName: ref(APPLICATION),
    DeploymentGroupName: ref(groupId(logicalId)),
    BeforeAllowTrafficHook: hooks['PreTraffic'],
    AfterAllowTrafficHook: hooks['PostTraffic'],
  };
  return {
    CodeDeployLambdaAliasUpdate: Object.fromEntries(
      Object.entries(members).filter(([, value]) => isSet(value)),
    ),
  };
}

function groupId(logicalId: string): string {
  return `${logicalId}DeploymentGroup`;
}

/** The CodeDeploy application, role and groups; adds a condition when all of them need one. */
export function makeDeployments(
  preferences: DeploymentPreferences,
  {
    partition,
    conditions,
  }: { readonly partition: string; readonly conditions: JsonMap | undefined },
): CfnResource[] {
  const enabled = [...preferences].filter(([, { isEnabled }]) => isEnabled);
  if (enabled.length === 0) return [];
  const shared = sharedCondition(enabled, conditions);
  const attributes = shared === undefined ? {} : { Condition: shared };
  const tags = Object.assign(
    {},
    ...enabled.map(([, preference]) => preference.tags ?? {}),
  ) as JsonMap;
  const withTags = isFilled(tags) ? { Tags: tagList(tags) } : {};
  const application = make({
    logicalId: APPLICATION,
    type: 'AWS::CodeDeploy::Application',
    attributes,
    properties: { ComputePlatform: 'Lambda', ...withTags },
  });
  const needsRole = enabled.some(([, { settings }]) => !isFilled(settings['Role']));
  const role = make({
    logicalId: SERVICE_ROLE,
    type: 'AWS::IAM::Role',
    attributes,
    properties: {
      AssumeRolePolicyDocument: assumeRolePolicy('codedeploy.amazonaws.com'),
      ManagedPolicyArns: [managedPolicyArn(partition, 'service-role/AWSCodeDeployRoleForLambda')],
      ...withTags,
    },
  });
  const groups = enabled.map(([logicalId, preference]) => makeGroup(logicalId, preference));
  return [application, ...(needsRole ? [role] : []), ...groups];
}

function sharedCondition(
  enabled: readonly (readonly [string, Preference])[],
  conditions: JsonMap | undefined,
): string | undefined {
  if (enabled.some(([, { condition }]) => !isFilled(condition))) return undefined;
  const names = [...new Set(enabled.map(([, { condition }]) => String(condition)))];
  if (names.length === 1) return names[0];
  if (conditions !== undefined) Object.assign(conditions, combineConditions(names, CONDITION));
  return CONDITION;
}

function makeGroup(logicalId: string, { settings, condition, tags }: Preference): CfnResource {
  return make({
    logicalId: groupId(logicalId),
    type: 'AWS::CodeDeploy::DeploymentGroup',
    attributes: isFilled(condition) ? { Condition: condition } : {},
    properties: {
      AlarmConfiguration: alarmConfiguration(logicalId, settings['Alarms']),
      ApplicationName: ref(APPLICATION),
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'],
      },
      DeploymentConfigName: configName(clone(settings['Type'])),
      DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
      ServiceRoleArn: isFilled(settings['Role']) ? settings['Role'] : getAtt(SERVICE_ROLE, 'Arn'),
      TriggerConfigurations: isFilled(settings['TriggerConfigurations'])
        ? settings['TriggerConfigurations']
        : undefined,
      Tags: isFilled(tags) ? tagList(tags) : undefined,
    },
  });
}

function alarmConfiguration(logicalId: string, alarms: unknown): unknown {
  if (!isFilled(alarms) || isNoValue(alarms)) return undefined;
  const build = (list: unknown): JsonMap => {
    if (!Array.isArray(list)) throw resourceProblem(logicalId, 'Alarms must be a list');
    if (list.length === 0 || isNoValue(list[0])) return {};
    return { Enabled: true, Alarms: list.map((Name: unknown) => ({ Name })) };
  };
  if (!isIf(alarms)) return build(alarms);
  const items = alarms['Fn::If'];
  if (!Array.isArray(items) || items.length !== 3)
    throw resourceProblem(logicalId, 'Fn::If requires 3 arguments');
  const [condition, then, otherwise] = items as unknown[];
  return { 'Fn::If': [condition, build(then), build(otherwise)] };
}

/** Names of AWS's own configurations are written in full, wherever they stand. */
function configName(value: unknown, inside?: string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => configName(item));
  if (isIntrinsic(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, configName(inner, key)]),
    );
  }
  if (typeof value !== 'string' || !PREDEFINED.has(value)) return value;
  const text = 'CodeDeployDefault.Lambda${ConfigName}';
  return inside === 'Fn::Sub' ? [text, { ConfigName: value }] : sub(text, { ConfigName: value });
}
