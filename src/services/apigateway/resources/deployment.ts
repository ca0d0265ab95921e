// AWS::ApiGateway::Deployment.
import { FLAG, JSON_VALUE, TEXT, TEXT_MAP, only } from '../../../kernel/property-shapes.ts';
import { listAll, textOf, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler } from '../../../kernel/resources.ts';
import { GONE, lowerFirst, refuse } from './properties.ts';

export const deployment: ResourceHandler = {
  type: 'AWS::ApiGateway::Deployment',
  shape: {
    type: 'object',
    required: ['RestApiId'],
    properties: {
      RestApiId: TEXT,
      Description: TEXT,
      StageName: TEXT,
      StageDescription: only({ Description: TEXT, Variables: TEXT_MAP, TracingEnabled: FLAG }),
      DeploymentCanarySettings: JSON_VALUE,
    },
  },
  replaceOn: ['RestApiId', 'StageName', 'StageDescription', 'DeploymentCanarySettings'],
  async create(request) {
    refuse(request, ['DeploymentCanarySettings']);
    const stage = (request.properties['StageDescription'] ?? {}) as Record<string, unknown>;
    const { id = '' } = await request.call('apigateway', 'CreateDeployment', {
      restApiId: textOf(request.properties, 'RestApiId'),
      ...lowerFirst(request.properties, ['Description', 'StageName']),
      ...lowerFirst(stage, ['Variables', 'TracingEnabled']),
      ...(stage['Description'] === undefined ? {} : { stageDescription: textOf(stage, 'Description') }),
    });
    return { physicalId: id, attributes: { DeploymentId: id } };
  },
  // No tags and no name: what is new and says the same is taken for the one that was being made.
  async candidates(request) {
    const restApiId = textOf(request.properties, 'RestApiId');
    const deployments = await listAll(async (position) => {
      const page = await request.call('apigateway', 'GetDeployments', { restApiId, limit: 500, position });
      return { items: page.items, next: page.position };
    });
    const description = textOf(request.properties, 'Description');
    return deployments.filter((each) => each.description === description).map(({ id = '' }) => id);
  },
  async update(request) {
    await request.call('apigateway', 'UpdateDeployment', {
      restApiId: textOf(request.properties, 'RestApiId'),
      deploymentId: request.physicalId,
      patchOperations: [
        { op: 'replace', path: '/description', value: textOf(request.properties, 'Description') ?? '' },
      ],
    });
    return { physicalId: request.physicalId, attributes: { DeploymentId: request.physicalId } };
  },
  async delete(request) {
    const restApiId = textOf(request.properties, 'RestApiId');
    const deploymentId = request.physicalId;
    // A stage that this deployment made itself goes with it.
    const { item = [] } = await request.call('apigateway', 'GetStages', { restApiId, deploymentId }).catch(
      () => ({ item: [] }),
    );
    for (const { stageName } of item) {
      if (stageName === textOf(request.properties, 'StageName')) {
        await request.call('apigateway', 'DeleteStage', { restApiId, stageName });
      }
    }
    await unlessGone(request.call('apigateway', 'DeleteDeployment', { restApiId, deploymentId }), GONE);
  },
};
