// Shapes stored APIs into what the operations print.
import type { OutputOf } from '../../models/operations.ts';
import { pathOf } from './resource-tree.ts';
import type {
  ApiRecord,
  DeploymentRecord,
  IntegrationRecord,
  IntegrationResponseRecord,
  MethodRecord,
  MethodResponseRecord,
  MethodSetting,
  ResourceRecord,
  StageRecord,
} from './store.ts';

type EndpointTypes = NonNullable<
  NonNullable<OutputOf<'apigateway', 'GetRestApi'>['endpointConfiguration']>['types']
>;

export function presentApi(api: ApiRecord): OutputOf<'apigateway', 'GetRestApi'> {
  return {
    id: api.id,
    name: api.name,
    createdDate: wholeSecond(api.createdMs),
    apiKeySource: 'HEADER',
    endpointConfiguration: { types: [...api.endpointTypes] as EndpointTypes, ipAddressType: 'ipv4' },
    disableExecuteApiEndpoint: api.disabledExecuteEndpoint,
    rootResourceId: api.rootResourceId,
    ...(api.description === undefined ? {} : { description: api.description }),
    ...(api.version === undefined ? {} : { version: api.version }),
    ...(api.binaryMediaTypes.length === 0 ? {} : { binaryMediaTypes: [...api.binaryMediaTypes] }),
    ...(Object.keys(api.tags).length === 0 ? {} : { tags: api.tags }),
  };
}

/** @param embed print the methods with all they hold (`embed=methods`). */
export function presentResource(
  api: ApiRecord,
  resource: ResourceRecord,
  embed: boolean,
): OutputOf<'apigateway', 'GetResource'> {
  const methods = Object.entries(resource.methods);
  return {
    id: resource.id,
    path: pathOf(api.resources, resource),
    ...(resource.parentId === undefined ? {} : { parentId: resource.parentId }),
    ...(resource.pathPart === undefined ? {} : { pathPart: resource.pathPart }),
    ...(methods.length === 0
      ? {}
      : {
          resourceMethods: Object.fromEntries(
            methods.map(([name, method]) => [name, embed ? presentMethod(name, method, resource.id) : {}]),
          ),
        }),
  };
}

export function presentMethod(
  httpMethod: string,
  method: MethodRecord,
  resourceId: string,
): OutputOf<'apigateway', 'GetMethod'> {
  const { requestParameters, requestModels, responses, integration } = method;
  return {
    httpMethod,
    authorizationType: method.authorizationType,
    apiKeyRequired: false,
    ...(method.operationName === undefined ? {} : { operationName: method.operationName }),
    ...(Object.keys(requestParameters).length === 0 ? {} : { requestParameters }),
    ...(Object.keys(requestModels).length === 0 ? {} : { requestModels }),
    ...(Object.keys(responses).length === 0
      ? {}
      : {
          methodResponses: Object.fromEntries(
            Object.entries(responses).map(([statusCode, response]) => [
              statusCode,
              presentMethodResponse(statusCode, response),
            ]),
          ),
        }),
    ...(integration === undefined
      ? {}
      : { methodIntegration: presentIntegration(integration, resourceId) }),
  };
}

export function presentMethodResponse(
  statusCode: string,
  { responseParameters, responseModels }: MethodResponseRecord,
): OutputOf<'apigateway', 'GetMethodResponse'> {
  return {
    statusCode,
    ...(Object.keys(responseParameters).length === 0 ? {} : { responseParameters }),
    ...(Object.keys(responseModels).length === 0 ? {} : { responseModels }),
  };
}

export function presentIntegration(
  integration: IntegrationRecord,
  resourceId: string,
): OutputOf<'apigateway', 'GetIntegration'> {
  const { httpMethod, uri, credentials, requestTemplates, responses } = integration;
  return {
    type: integration.type,
    passthroughBehavior: integration.passthroughBehavior,
    timeoutInMillis: integration.timeoutMs,
    cacheNamespace: integration.cacheNamespace ?? resourceId,
    cacheKeyParameters: [],
    ...(httpMethod === undefined ? {} : { httpMethod }),
    ...(uri === undefined ? {} : { uri }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(Object.keys(requestTemplates).length === 0 ? {} : { requestTemplates }),
    ...(Object.keys(responses).length === 0
      ? {}
      : {
          integrationResponses: Object.fromEntries(
            Object.entries(responses).map(([status, response]) => [
              status,
              presentIntegrationResponse(status, response),
            ]),
          ),
        }),
  };
}

export function presentIntegrationResponse(
  statusCode: string,
  response: IntegrationResponseRecord,
): OutputOf<'apigateway', 'GetIntegrationResponse'> {
  const { selectionPattern, responseParameters, responseTemplates } = response;
  return {
    statusCode,
    ...(selectionPattern === undefined ? {} : { selectionPattern }),
    ...(Object.keys(responseParameters).length === 0 ? {} : { responseParameters }),
    ...(Object.keys(responseTemplates).length === 0 ? {} : { responseTemplates }),
  };
}

export function presentDeployment(
  deployment: DeploymentRecord,
): OutputOf<'apigateway', 'GetDeployment'> {
  return {
    id: deployment.id,
    createdDate: wholeSecond(deployment.createdMs),
    ...(deployment.description === undefined ? {} : { description: deployment.description }),
  };
}

export function presentStage(stage: StageRecord): OutputOf<'apigateway', 'GetStage'> {
  return {
    stageName: stage.name,
    deploymentId: stage.deploymentId,
    cacheClusterEnabled: false,
    cacheClusterStatus: 'NOT_AVAILABLE',
    methodSettings: Object.fromEntries(
      Object.entries(stage.methodSettings).map(([key, setting]) => [key, presentSetting(setting)]),
    ),
    tracingEnabled: stage.tracingEnabled,
    createdDate: wholeSecond(stage.createdMs),
    lastUpdatedDate: wholeSecond(stage.updatedMs),
    ...(stage.description === undefined ? {} : { description: stage.description }),
    ...(Object.keys(stage.variables).length === 0 ? {} : { variables: stage.variables }),
    ...(stage.accessLog === undefined ? {} : { accessLogSettings: { ...stage.accessLog } }),
    ...(Object.keys(stage.tags).length === 0 ? {} : { tags: stage.tags }),
  };
}

/** AWS: all members of a setting show as soon as one of them was set. */
function presentSetting({
  burstLimit,
  rateLimit,
}: MethodSetting): NonNullable<OutputOf<'apigateway', 'GetStage'>['methodSettings']>[string] {
  return {
    metricsEnabled: false,
    loggingLevel: 'OFF',
    dataTraceEnabled: false,
    throttlingBurstLimit: burstLimit,
    throttlingRateLimit: rateLimit,
    cachingEnabled: false,
    cacheTtlInSeconds: 300,
    cacheDataEncrypted: false,
    requireAuthorizationForCacheControl: true,
    unauthorizedCacheControlHeaderStrategy: 'SUCCEED_WITH_RESPONSE_HEADER',
  };
}

/** AWS: instants have no fraction. */
function wholeSecond(epochMs: number): Date {
  return new Date(Math.floor(epochMs / 1_000) * 1_000);
}
