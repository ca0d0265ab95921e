// AWS::ApiGateway::Resource.
import { TEXT } from '../../../kernel/property-shapes.ts';
import { listAll, textOf, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler } from '../../../kernel/resources.ts';
import { GONE } from './properties.ts';

export const resource: ResourceHandler = {
  type: 'AWS::ApiGateway::Resource',
  shape: {
    type: 'object',
    required: ['ParentId', 'PathPart', 'RestApiId'],
    properties: { ParentId: TEXT, PathPart: TEXT, RestApiId: TEXT },
  },
  replaceOn: ['ParentId', 'PathPart', 'RestApiId'],
  async create(request) {
    const { id = '' } = await request.call('apigateway', 'CreateResource', {
      restApiId: textOf(request.properties, 'RestApiId'),
      parentId: textOf(request.properties, 'ParentId'),
      pathPart: textOf(request.properties, 'PathPart'),
    });
    return { physicalId: id, attributes: { ResourceId: id } };
  },
  async find(request) {
    const restApiId = textOf(request.properties, 'RestApiId');
    const resources = await listAll(async (position) => {
      const page = await request.call('apigateway', 'GetResources', { restApiId, limit: 500, position });
      return { items: page.items, next: page.position };
    });
    return resources.find(
      ({ parentId, pathPart }) =>
        parentId === textOf(request.properties, 'ParentId') &&
        pathPart === textOf(request.properties, 'PathPart'),
    )?.id;
  },
  async delete(request) {
    const input = { restApiId: textOf(request.properties, 'RestApiId'), resourceId: request.physicalId };
    await unlessGone(request.call('apigateway', 'DeleteResource', input), GONE);
  },
};
