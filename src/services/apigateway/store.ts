// API Gateway's state: APIs, their trees of resources, deployments and stages.
import type { ReadTx, Tx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { table } from '../../kernel/table.ts';

export interface ApiRecord {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly version?: string;
  readonly createdMs: number;
  readonly binaryMediaTypes: readonly string[];
  readonly endpointTypes: readonly string[];
  readonly policy?: string;
  readonly disabledExecuteEndpoint: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly rootResourceId: string;
  readonly resources: readonly ResourceRecord[];
}

export interface ResourceRecord {
  readonly id: string;
  readonly parentId?: string;
  readonly pathPart?: string;
  /** By HTTP method, `ANY` included. */
  readonly methods: Readonly<Record<string, MethodRecord>>;
}

export interface MethodRecord {
  readonly authorizationType: string;
  readonly operationName?: string;
  readonly requestParameters: Readonly<Record<string, boolean>>;
  readonly requestModels: Readonly<Record<string, string>>;
  readonly responses: Readonly<Record<string, MethodResponseRecord>>;
  readonly integration?: IntegrationRecord;
}

export interface MethodResponseRecord {
  readonly responseParameters: Readonly<Record<string, boolean>>;
  readonly responseModels: Readonly<Record<string, string>>;
}

export interface IntegrationRecord {
  readonly type: 'AWS_PROXY' | 'MOCK';
  /** Printed only: stages have no caches. */
  readonly cacheNamespace?: string;
  readonly httpMethod?: string;
  readonly uri?: string;
  readonly credentials?: string;
  readonly requestTemplates: Readonly<Record<string, string>>;
  readonly passthroughBehavior: string;
  readonly timeoutMs: number;
  readonly responses: Readonly<Record<string, IntegrationResponseRecord>>;
}

export interface IntegrationResponseRecord {
  readonly selectionPattern?: string;
  readonly responseParameters: Readonly<Record<string, string>>;
  readonly responseTemplates: Readonly<Record<string, string>>;
}

export interface DeploymentRecord {
  readonly id: string;
  readonly description?: string;
  readonly createdMs: number;
  /** The API as it was: later changes show only after the next deployment. */
  readonly snapshot: Pick<ApiRecord, 'resources' | 'rootResourceId' | 'binaryMediaTypes'>;
}

export interface StageRecord {
  readonly name: string;
  readonly deploymentId: string;
  readonly description?: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly tracingEnabled: boolean;
  /** By `RESOURCE_PATH/METHOD` as it was given, a star for all. */
  readonly methodSettings: Readonly<Record<string, MethodSetting>>;
  readonly accessLog?: AccessLogSettings;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Limits of a method in a stage; -1 leaves those of the account in force. */
export interface MethodSetting {
  /** Requests at once. */
  readonly burstLimit: number;
  /** Requests a second. */
  readonly rateLimit: number;
}

export interface AccessLogSettings {
  /** `arn:aws:logs:REGION:ACCOUNT:log-group:NAME` */
  readonly destinationArn: string;
  /** A line with `$context` variables. */
  readonly format: string;
}

/** Keyed `[account, region, id]`. */
export const apis = table<ApiRecord>('apigateway/api');
/** Keyed `[id]`: whose API it is; its address names neither account nor region. */
const owners = table<Scope>('apigateway/owner');
/** Keyed `[account, region, api, id]`. */
export const deployments = table<DeploymentRecord>('apigateway/deployment');
/** Keyed `[account, region, api, name]`. */
export const stages = table<StageRecord>('apigateway/stage');

/** Rows that hang on one API are found within this bound. */
export const PER_API_MAX = 10_000;

export function apiKey(scope: Scope, apiId: string): readonly string[] {
  return [scope.account, scope.region, apiId];
}

export function putApi(tx: Tx, scope: Scope, api: ApiRecord): void {
  apis.put(tx, apiKey(scope, api.id), api);
  owners.put(tx, [api.id], { account: scope.account, region: scope.region });
}

export async function deleteApi(tx: Tx, scope: Scope, apiId: string): Promise<void> {
  const key = apiKey(scope, apiId);
  apis.delete(tx, key);
  owners.delete(tx, [apiId]);
  for (const rows of [deployments, stages]) {
    for (const row of await rows.list(tx, key, { limit: PER_API_MAX })) rows.delete(tx, row.key);
  }
}

/** What answers requests to a stage. */
export interface LiveStage {
  readonly scope: Scope;
  readonly api: ApiRecord;
  readonly stage: StageRecord;
  readonly deployment: DeploymentRecord;
}

export async function findLiveStage(
  view: ReadTx,
  apiId: string,
  stageName: string,
): Promise<LiveStage | undefined> {
  const scope = await owners.get(view, [apiId]);
  if (scope === undefined) return undefined;
  const key = apiKey(scope, apiId);
  const [api, stage] = await Promise.all([apis.get(view, key), stages.get(view, [...key, stageName])]);
  if (api === undefined || stage === undefined) return undefined;
  const deployment = await deployments.get(view, [...key, stage.deploymentId]);
  return deployment === undefined ? undefined : { scope, api, stage, deployment };
}
