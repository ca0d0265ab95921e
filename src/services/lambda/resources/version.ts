// AWS::Lambda::Version.
import { TEXT } from '../../../kernel/property-shapes.ts';
import { listAll, textOf, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';

export const versionResource: ResourceHandler = {
  type: 'AWS::Lambda::Version',
  shape: {
    type: 'object',
    required: ['FunctionName'],
    properties: { FunctionName: TEXT, Description: TEXT, CodeSha256: TEXT },
  },
  replaceOn: ['FunctionName', 'Description', 'CodeSha256'],
  async create(request) {
    const input = request.properties as unknown as InputOf<'lambda', 'PublishVersion'>;
    const { FunctionArn = '', Version } = await request.call('lambda', 'PublishVersion', input);
    return { physicalId: FunctionArn, attributes: { Version, FunctionArn } };
  },
  async candidates(request) {
    const FunctionName = textOf(request.properties, 'FunctionName') ?? '';
    const versions = await listAll(async (Marker) => {
      const page = await request.call('lambda', 'ListVersionsByFunction', { FunctionName, Marker });
      return { items: page.Versions, next: page.NextMarker };
    });
    return versions.filter(({ Version }) => Version !== '$LATEST').map(({ FunctionArn = '' }) => FunctionArn);
  },
  async delete(request) {
    const [, name, version] = /:function:([^:]+):(\d+)$/.exec(request.physicalId) ?? [];
    if (name === undefined || version === undefined) return;
    await unlessGone(request.call('lambda', 'DeleteFunction', { FunctionName: name, Qualifier: version }), GONE);
  },
};
