// AWS Lambda: the operation table, resources, workers and pollers of the function service.
import { createBlobDeleter } from '../../kernel/bodies.ts';
import { defineService, notImplemented } from '../../kernel/service.ts';
import { runAsyncEvent } from './async-invocation.ts';
import { codeDownload } from './code-download.ts';
import { deliver } from './destinations.ts';
import { startAllMappings } from './event-sources/mapping-lifecycle.ts';
import { createFunction, deleteFunction, getFunction, getFunctionConfiguration, listFunctions } from './operations/functions.ts';
import { getFunctionCodeSigningConfig, getFunctionRecursionConfig, getRuntimeManagementConfig, putFunctionRecursionConfig, putRuntimeManagementConfig } from './operations/function-settings.ts';
import { invoke, invokeAsync } from './operations/invoke.ts';
import { deleteLayerVersion, getLayerVersion, getLayerVersionByArn, listLayers, listLayerVersions, publishLayerVersion } from './operations/layers.ts';
import { createEventSourceMapping, deleteEventSourceMapping, getEventSourceMapping, listEventSourceMappings, updateEventSourceMapping } from './operations/mappings.ts';
import { addPermission, getPolicy, removePermission } from './operations/permissions.ts';
import { deleteFunctionConcurrency, getAccountSettings, getFunctionConcurrency, putFunctionConcurrency } from './operations/concurrency.ts';
import { deleteFunctionEventInvokeConfig, getFunctionEventInvokeConfig, listFunctionEventInvokeConfigs, putFunctionEventInvokeConfig, updateFunctionEventInvokeConfig } from './operations/event-invoke-configs.ts';
import { listTags, tagResource, untagResource } from './operations/tags.ts';
import { updateFunctionCode, updateFunctionConfiguration } from './operations/updates.ts';
import { createFunctionUrlConfig, deleteFunctionUrlConfig, getFunctionUrlConfig, listFunctionUrlConfigs, updateFunctionUrlConfig } from './operations/urls.ts';
import { createAlias, deleteAlias, getAlias, listAliases, listVersionsByFunction, publishVersion, updateAlias } from './operations/versions.ts';
import { resources } from './resources.ts';
import { urlRoute } from './url-route.ts';

const CAPACITY = 'functions run on this machine, there are no capacity providers';
const DURABLE = 'durable executions are not there yet';
const LAYER_POLICY = 'layers are shared within an account only';
const PROVISIONED = 'provisioned concurrency is not there yet';
const RESOURCE_POLICY = 'use AddPermission and GetPolicy';
const SIGNING = 'code signing is not there yet';
const STREAMING = 'response streaming is not there yet';

export const lambda = defineService<'lambda'>({
  id: 'lambda',
  operations: {
    AddLayerVersionPermission: notImplemented(LAYER_POLICY),
    AddPermission: addPermission,
    CheckpointDurableExecution: notImplemented(DURABLE),
    CreateAlias: createAlias,
    CreateCapacityProvider: notImplemented(CAPACITY),
    CreateCodeSigningConfig: notImplemented(SIGNING),
    CreateEventSourceMapping: createEventSourceMapping,
    CreateFunction: createFunction,
    CreateFunctionUrlConfig: createFunctionUrlConfig,
    DeleteAlias: deleteAlias,
    DeleteCapacityProvider: notImplemented(CAPACITY),
    DeleteCodeSigningConfig: notImplemented(SIGNING),
    DeleteEventSourceMapping: deleteEventSourceMapping,
    DeleteFunctionCodeSigningConfig: notImplemented(SIGNING),
    DeleteFunction: deleteFunction,
    DeleteFunctionConcurrency: deleteFunctionConcurrency,
    DeleteFunctionEventInvokeConfig: deleteFunctionEventInvokeConfig,
    DeleteFunctionUrlConfig: deleteFunctionUrlConfig,
    DeleteLayerVersion: deleteLayerVersion,
    DeleteProvisionedConcurrencyConfig: notImplemented(PROVISIONED),
    DeleteResourcePolicy: notImplemented(RESOURCE_POLICY),
    GetAccountSettings: getAccountSettings,
    GetAlias: getAlias,
    GetCapacityProvider: notImplemented(CAPACITY),
    GetCodeSigningConfig: notImplemented(SIGNING),
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
    GetFunctionScalingConfig: notImplemented(PROVISIONED),
    GetFunctionUrlConfig: getFunctionUrlConfig,
    GetLayerVersionByArn: getLayerVersionByArn,
    GetLayerVersion: getLayerVersion,
    GetLayerVersionPolicy: notImplemented(LAYER_POLICY),
    GetPolicy: getPolicy,
    GetProvisionedConcurrencyConfig: notImplemented(PROVISIONED),
    GetResourcePolicy: notImplemented(RESOURCE_POLICY),
    GetRuntimeManagementConfig: getRuntimeManagementConfig,
    InvokeAsync: invokeAsync,
    Invoke: invoke,
    InvokeWithResponseStream: notImplemented(STREAMING),
    ListAliases: listAliases,
    ListCapacityProviders: notImplemented(CAPACITY),
    ListCodeSigningConfigs: notImplemented(SIGNING),
    ListDurableExecutionsByFunction: notImplemented(DURABLE),
    ListEventSourceMappings: listEventSourceMappings,
    ListFunctionEventInvokeConfigs: listFunctionEventInvokeConfigs,
    ListFunctionUrlConfigs: listFunctionUrlConfigs,
    ListFunctionVersionsByCapacityProvider: notImplemented(CAPACITY),
    ListFunctionsByCodeSigningConfig: notImplemented(SIGNING),
    ListFunctions: listFunctions,
    ListLayerVersions: listLayerVersions,
    ListLayers: listLayers,
    ListProvisionedConcurrencyConfigs: notImplemented(PROVISIONED),
    ListTags: listTags,
    ListVersionsByFunction: listVersionsByFunction,
    PublishLayerVersion: publishLayerVersion,
    PublishVersion: publishVersion,
    PutFunctionCodeSigningConfig: notImplemented(SIGNING),
    PutFunctionConcurrency: putFunctionConcurrency,
    PutFunctionEventInvokeConfig: putFunctionEventInvokeConfig,
    PutFunctionRecursionConfig: putFunctionRecursionConfig,
    PutFunctionScalingConfig: notImplemented(PROVISIONED),
    PutProvisionedConcurrencyConfig: notImplemented(PROVISIONED),
    PutResourcePolicy: notImplemented(RESOURCE_POLICY),
    PutRuntimeManagementConfig: putRuntimeManagementConfig,
    RemoveLayerVersionPermission: notImplemented(LAYER_POLICY),
    RemovePermission: removePermission,
    SendDurableExecutionCallbackFailure: notImplemented(DURABLE),
    SendDurableExecutionCallbackHeartbeat: notImplemented(DURABLE),
    SendDurableExecutionCallbackSuccess: notImplemented(DURABLE),
    StopDurableExecution: notImplemented(DURABLE),
    TagResource: tagResource,
    UntagResource: untagResource,
    UpdateAlias: updateAlias,
    UpdateCapacityProvider: notImplemented(CAPACITY),
    UpdateCodeSigningConfig: notImplemented(SIGNING),
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
    'lambda/delete-code': createBlobDeleter('lambda/delete-code'),
  },
  start: startAllMappings,
  routes: [codeDownload, urlRoute],
});
