// Amazon API Gateway (REST APIs): the operation table, resources and the route of deployed stages.
import { defineService } from '../../kernel/service.ts';
import {
  createRestApi,
  deleteRestApi,
  getRestApi,
  getRestApis,
  getTags,
  importRestApi,
  putRestApi,
  tagResource,
  untagResource,
  updateRestApi,
} from './operations/apis.ts';
import {
  createDeployment,
  deleteDeployment,
  getDeployment,
  getDeployments,
  updateDeployment,
} from './operations/deployments.ts';
import {
  deleteIntegration,
  deleteIntegrationResponse,
  getIntegration,
  getIntegrationResponse,
  putIntegration,
  putIntegrationResponse,
  updateIntegration,
  updateIntegrationResponse,
} from './operations/integrations.ts';
import {
  deleteMethod,
  deleteMethodResponse,
  getMethod,
  getMethodResponse,
  putMethod,
  putMethodResponse,
  updateMethod,
  updateMethodResponse,
} from './operations/methods.ts';
import {
  createResource,
  deleteResource,
  getResource,
  getResources,
  updateResource,
} from './operations/resources.ts';
import { createStage, deleteStage, getStage, getStages, updateStage } from './operations/stages.ts';
import { notYet } from './not-yet.ts';
import { resources } from './resources.ts';
import { stageRoute } from './stage-route.ts';

export const apigateway = defineService<'apigateway'>({
  id: 'apigateway',
  operations: {
    ...notYet,
    CreateDeployment: createDeployment,
    CreateResource: createResource,
    CreateRestApi: createRestApi,
    CreateStage: createStage,
    DeleteDeployment: deleteDeployment,
    DeleteIntegration: deleteIntegration,
    DeleteIntegrationResponse: deleteIntegrationResponse,
    DeleteMethod: deleteMethod,
    DeleteMethodResponse: deleteMethodResponse,
    DeleteResource: deleteResource,
    DeleteRestApi: deleteRestApi,
    DeleteStage: deleteStage,
    GetDeployment: getDeployment,
    GetDeployments: getDeployments,
    GetIntegration: getIntegration,
    GetIntegrationResponse: getIntegrationResponse,
    GetMethod: getMethod,
    GetMethodResponse: getMethodResponse,
    GetResource: getResource,
    GetResources: getResources,
    GetRestApi: getRestApi,
    GetRestApis: getRestApis,
    GetStage: getStage,
    GetStages: getStages,
    GetTags: getTags,
    ImportRestApi: importRestApi,
    PutIntegration: putIntegration,
    PutIntegrationResponse: putIntegrationResponse,
    PutMethod: putMethod,
    PutMethodResponse: putMethodResponse,
    PutRestApi: putRestApi,
    TagResource: tagResource,
    UntagResource: untagResource,
    UpdateDeployment: updateDeployment,
    UpdateIntegration: updateIntegration,
    UpdateIntegrationResponse: updateIntegrationResponse,
    UpdateMethod: updateMethod,
    UpdateMethodResponse: updateMethodResponse,
    UpdateResource: updateResource,
    UpdateRestApi: updateRestApi,
    UpdateStage: updateStage,
  },
  resources,
  routes: [stageRoute],
});
