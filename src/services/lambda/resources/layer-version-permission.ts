// AWS::Lambda::LayerVersionPermission.
import { TEXT } from '../../../kernel/property-shapes.ts';
import { textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler } from '../../../kernel/resources.ts';
import { GONE } from './gone.ts';

export const layerPermissionResource: ResourceHandler = {
  type: 'AWS::Lambda::LayerVersionPermission',
  shape: {
    type: 'object',
    required: ['Action', 'LayerVersionArn', 'Principal'],
    properties: { Action: TEXT, LayerVersionArn: TEXT, OrganizationId: TEXT, Principal: TEXT },
  },
  replaceOn: ['Action', 'LayerVersionArn', 'OrganizationId', 'Principal'],
  async create(request) {
    const { properties } = request;
    const arn = textOf(properties, 'LayerVersionArn') ?? '';
    const StatementId = request.physicalName(100);
    await request.call('lambda', 'AddLayerVersionPermission', {
      ...layerOf(arn),
      StatementId,
      Action: textOf(properties, 'Action'),
      Principal: textOf(properties, 'Principal'),
      OrganizationId: textOf(properties, 'OrganizationId'),
    });
    return describe(arn, StatementId);
  },
  async find(request) {
    const arn = textOf(request.properties, 'LayerVersionArn') ?? '';
    const StatementId = request.physicalName(100);
    const get = request.call('lambda', 'GetLayerVersionPolicy', layerOf(arn));
    const found = await unlessAbsent(get, GONE);
    return found?.Policy?.includes(`"Sid":"${StatementId}"`) === true
      ? describe(arn, StatementId).physicalId
      : undefined;
  },
  async delete(request) {
    const [arn = '', StatementId] = request.physicalId.split('#');
    const input = { ...layerOf(arn), StatementId };
    await unlessGone(request.call('lambda', 'RemoveLayerVersionPermission', input), GONE);
  },
};

/** `Ref` gives `LAYER VERSION ARN#STATEMENT`. */
function describe(arn: string, StatementId: string): { physicalId: string; attributes: { Id: string } } {
  const physicalId = `${arn}#${StatementId}`;
  return { physicalId, attributes: { Id: physicalId } };
}

function layerOf(arn: string): { LayerName: string; VersionNumber: number } {
  const [, LayerName = '', version] = /^(.*):(\d+)$/.exec(arn) ?? [];
  return { LayerName, VersionNumber: Number(version) };
}
