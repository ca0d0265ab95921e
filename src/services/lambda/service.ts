// AWS Lambda: the operation table, resources, workers and pollers of the function service.
import { createBlobDeleter } from '../../kernel/bodies.ts';
import { defineService, notImplemented } from '../../kernel/service.ts';
import { runAsyncEvent } from './async-invocation.ts';
import { codeDownload } from './code-download.ts';
import { deliver } from './destinations.ts';
import { startAllMappings } from './event-sources/mapping-lifecycle.ts';
import { createFunction, deleteFunction, getFunction, getFunctionConfiguration, listFunctions } from './operations/functions.ts';
import { createCodeSigningConfig, deleteCodeSigningConfig, getCodeSigningConfig, listCodeSigningConfigs, listFunctionsByCodeSigningConfig, updateCodeSigningConfig } from './operations/code-signing-configs.ts';
import { deleteFunctionCodeSigningConfig, getFunctionCodeSigningConfig, getRuntimeManagementConfig, putFunctionCodeSigningConfig, putRuntimeManagementConfig } from './operations/function-settings.ts';
import { invoke, invokeAsync } from './operations/invoke.ts';
import { invokeWithResponseStream } from './operations/invoke-stream.ts';
import { addLayerVersionPermission, getLayerVersionPolicy, removeLayerVersionPermission } from './operations/layer-permissions.ts';
import { deleteLayerVersion, getLayerVersion, getLayerVersionByArn, listLayers, listLayerVersions, publishLayerVersion } from './operations/layers.ts';
import { createEventSourceMapping, deleteEventSourceMapping, getEventSourceMapping, listEventSourceMappings, updateEventSourceMapping } from './operations/mappings.ts';
import { addPermission, getPolicy, removePermission } from './operations/permissions.ts';
import { deleteFunctionConcurrency, getAccountSettings, getFunctionConcurrency, putFunctionConcurrency } from './operations/concurrency.ts';
import { deleteFunctionEventInvokeConfig, getFunctionEventInvokeConfig, listFunctionEventInvokeConfigs, putFunctionEventInvokeConfig, updateFunctionEventInvokeConfig } from './operations/event-invoke-configs.ts';
import { deleteProvisionedConcurrencyConfig, getProvisionedConcurrencyConfig, listProvisionedConcurrencyConfigs, putProvisionedConcurrencyConfig } from './operations/provisioned-concurrency.ts';
import { getFunctionRecursionConfig, putFunctionRecursionConfig } from './operations/recursion.ts';
import { deleteResourcePolicy, getResourcePolicy, putResourcePolicy } from './operations/resource-policies.ts';
import { listTags, tagResource, untagResource } from './operations/tags.ts';
import { updateFunctionCode, updateFunctionConfiguration } from './operations/updates.ts';
import { createFunctionUrlConfig, deleteFunctionUrlConfig, getFunctionUrlConfig, listFunctionUrlConfigs, updateFunctionUrlConfig } from './operations/urls.ts';
import { createAlias, deleteAlias, getAlias, listAliases, listVersionsByFunction, publishVersion, updateAlias } from './operations/versions.ts';
import { provision, startProvisioning } from './invocation/provisioning.ts';
import { resources } from './resources.ts';
import { makeSnapshot } from './invocation/snap-start.ts';
import { urlRoute } from './function-urls/url-route.ts';

const CAPACITY = 'functions run on this machine, there are no capacity providers';
const DURABLE = 'durable executions are not there yet';
const SCALING = 'scaling bounds are those of capacity providers, which are not there';

export const lambda = defineService<'lambda'>({
  id: 'lambda',
  operations: {
    AddLayerVersionPermission: addLayerVersionPermission,
    AddPermission: addPermission,
    CheckpointDurableExecution: notImplemented(DURABLE),
    CreateAlias: createAlias,
    CreateCapacityProvider: notImplemented(CAPACITY),
    CreateCodeSigningConfig: createCodeSigningConfig,
    CreateEventSourceMapping: createEventSourceMapping,
    CreateFunction: createFunction,
    CreateFunctionUrlConfig: createFunctionUrlConfig,
    DeleteAlias: deleteAlias,
    DeleteCapacityProvider: notImplemented(CAPACITY),
    DeleteCodeSigningConfig: deleteCodeSigningConfig,
    DeleteEventSourceMapping: deleteEventSourceMapping,
    DeleteFunctionCodeSigningConfig: deleteFunctionCodeSigningConfig,
    DeleteFunction: deleteFunction,
    DeleteFunctionConcurrency: deleteFunctionConcurrency,
    DeleteFunctionEventInvokeConfig: deleteFunctionEventInvokeConfig,
    DeleteFunctionUrlConfig: deleteFunctionUrlConfig,
    DeleteLayerVersion: deleteLayerVersion,
    DeleteProvisionedConcurrencyConfig: deleteProvisionedConcurrencyConfig,
    DeleteResourcePolicy: deleteResourcePolicy,
    GetAccountSettings: getAccountSettings,
    GetAlias: getAlias,
    GetCapacityProvider: notImplemented(CAPACITY),
    GetCodeSigningConfig: getCodeSigningConfig,
    GetDurableExecution: notImplemented(DURABLE),
    GetDurableExecutionHistory: notImplemented(DURABLE),
    GetDurableExecutionState: notImplemented(DURABLE),
    GetEventSourceMapping: getEventSourceMapping,
    GetFunctionCodeSigningConfig: getFunctionCodeSigningConfig,
    GetFunction: getFunction,
    GetFunctionConcurrency: getFunctionConcurrency,
    GetFunctionConfiguration: getFunctionConfiguration,
    GetFunctionEventInvokeConfig: getFunctionEventInvokeConfig,
    GetFunctionRecursionConfig: getFunctionRecursionConfig,
    GetFunctionScalingConfig: notImplemented(SCALING),
    GetFunctionUrlConfig: getFunctionUrlConfig,
    GetLayerVersionByArn: getLayerVersionByArn,
    GetLayerVersion: getLayerVersion,
    GetLayerVersionPolicy: getLayerVersionPolicy,
    GetPolicy: getPolicy,
    GetProvisionedConcurrencyConfig: getProvisionedConcurrencyConfig,
    GetResourcePolicy: getResourcePolicy,
    GetRuntimeManagementConfig: getRuntimeManagementConfig,
    InvokeAsync: invokeAsync,
    Invoke: invoke,
    InvokeWithResponseStream: invokeWithResponseStream,
    ListAliases: listAliases,
    ListCapacityProviders: notImplemented(CAPACITY),
    ListCodeSigningConfigs: listCodeSigningConfigs,
    ListDurableExecutionsByFunction: notImplemented(DURABLE),
    ListEventSourceMappings: listEventSourceMappings,
    ListFunctionEventInvokeConfigs: listFunctionEventInvokeConfigs,
    ListFunctionUrlConfigs: listFunctionUrlConfigs,
    ListFunctionVersionsByCapacityProvider: notImplemented(CAPACITY),
    ListFunctionsByCodeSigningConfig: listFunctionsByCodeSigningConfig,
    ListFunctions: listFunctions,
    ListLayerVersions: listLayerVersions,
    ListLayers: listLayers,
    ListProvisionedConcurrencyConfigs: listProvisionedConcurrencyConfigs,
    ListTags: listTags,
    ListVersionsByFunction: listVersionsByFunction,
    PublishLayerVersion: publishLayerVersion,
    PublishVersion: publishVersion,
    PutFunctionCodeSigningConfig: putFunctionCodeSigningConfig,
    PutFunctionConcurrency: putFunctionConcurrency,
    PutFunctionEventInvokeConfig: putFunctionEventInvokeConfig,
    PutFunctionRecursionConfig: putFunctionRecursionConfig,
    PutFunctionScalingConfig: notImplemented(SCALING),
    PutProvisionedConcurrencyConfig: putProvisionedConcurrencyConfig,
    PutResourcePolicy: putResourcePolicy,
    PutRuntimeManagementConfig: putRuntimeManagementConfig,
    RemoveLayerVersionPermission: removeLayerVersionPermission,
    RemovePermission: removePermission,
    SendDurableExecutionCallbackFailure: notImplemented(DURABLE),
    SendDurableExecutionCallbackHeartbeat: notImplemented(DURABLE),
    SendDurableExecutionCallbackSuccess: notImplemented(DURABLE),
    StopDurableExecution: notImplemented(DURABLE),
    TagResource: tagResource,
    UntagResource: untagResource,
    UpdateAlias: updateAlias,
    UpdateCapacityProvider: notImplemented(CAPACITY),
    UpdateCodeSigningConfig: updateCodeSigningConfig,
    UpdateEventSourceMapping: updateEventSourceMapping,
    UpdateFunctionCode: updateFunctionCode,
    UpdateFunctionConfiguration: updateFunctionConfiguration,
    UpdateFunctionEventInvokeConfig: updateFunctionEventInvokeConfig,
    UpdateFunctionUrlConfig: updateFunctionUrlConfig,
  },
  dataEvents: ['Invoke', 'InvokeAsync', 'InvokeWithResponseStream'],
  resources,
  workers: {
    'lambda/async': runAsyncEvent,
    'lambda/deliver': deliver,
    'lambda/provision': provision,
    'lambda/snapshot': makeSnapshot,
    'lambda/delete-code': createBlobDeleter('lambda/delete-code'),
  },
  slowWorkers: ['lambda/async', 'lambda/provision', 'lambda/snapshot'],
  async start(context) {
    await startAllMappings(context);
    await startProvisioning(context);
  },
  routes: [codeDownload, urlRoute],
});
