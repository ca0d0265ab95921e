// AWS::Lambda::LayerVersion.
import { TEXT, TEXTS, only } from '../../../kernel/property-shapes.ts';
import { listAll, textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';

export const layerResource: ResourceHandler = {
  type: 'AWS::Lambda::LayerVersion',
  shape: {
    type: 'object',
    required: ['Content'],
    properties: {
      LayerName: TEXT,
      Description: TEXT,
      Content: only({ S3Bucket: TEXT, S3Key: TEXT, S3ObjectVersion: TEXT }),
      CompatibleRuntimes: TEXTS,
      CompatibleArchitectures: TEXTS,
      LicenseInfo: TEXT,
    },
  },
  replaceOn: [
    'LayerName',
    'Description',
    'Content',
    'CompatibleRuntimes',
    'CompatibleArchitectures',
    'LicenseInfo',
  ],
  async create(request) {
    const LayerName = textOf(request.properties, 'LayerName') ?? request.physicalName(140);
    const input = { ...request.properties, LayerName } as unknown as InputOf<'lambda', 'PublishLayerVersion'>;
    const { LayerVersionArn = '' } = await request.call('lambda', 'PublishLayerVersion', input);
    return { physicalId: LayerVersionArn, attributes: { LayerVersionArn } };
  },
  // A name has many versions: what is new and says the same is taken for the one that was being made.
  async candidates(request) {
    const LayerName = textOf(request.properties, 'LayerName') ?? request.physicalName(140);
    const list = listAll(async (Marker) => {
      const page = await request.call('lambda', 'ListLayerVersions', { LayerName, Marker });
      return { items: page.LayerVersions, next: page.NextMarker };
    });
    const Description = textOf(request.properties, 'Description') ?? '';
    return ((await unlessAbsent(list, GONE)) ?? [])
      .filter((version) => (version.Description ?? '') === Description)
      .map(({ LayerVersionArn = '' }) => LayerVersionArn);
  },
  async delete(request) {
    const [, LayerName, version] = /:layer:([^:]+):(\d+)$/.exec(request.physicalId) ?? [];
    const input = { LayerName, VersionNumber: Number(version) };
    await unlessGone(request.call('lambda', 'DeleteLayerVersion', input), GONE);
  },
};
