// AWS::Lambda::CodeSigningConfig.
import { TAGS, TEXT, TEXTS, object, only } from '../../../kernel/property-shapes.ts';
import { isOwn, listAll, tagsOf, textOf, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';
import { replaceTags } from './replace-tags.ts';

export const codeSigningResource: ResourceHandler = {
  type: 'AWS::Lambda::CodeSigningConfig',
  shape: {
    type: 'object',
    required: ['AllowedPublishers'],
    properties: {
      AllowedPublishers: object({ SigningProfileVersionArns: TEXTS }, ['SigningProfileVersionArns']),
      CodeSigningPolicies: only({ UntrustedArtifactOnDeployment: TEXT }),
      Description: TEXT,
      Tags: TAGS,
    },
  },
  replaceOn: [],
  async create(request) {
    const input = { ...configOf(request), Tags: tagsOf(request) };
    return describe(await request.call('lambda', 'CreateCodeSigningConfig', input));
  },
  async candidates(request) {
    const configs = await listAll(async (Marker) => {
      const page = await request.call('lambda', 'ListCodeSigningConfigs', { Marker });
      return { items: page.CodeSigningConfigs, next: page.NextMarker };
    });
    const own: string[] = [];
    for (const { CodeSigningConfigArn: Resource = '' } of configs) {
      const { Tags } = await request.call('lambda', 'ListTags', { Resource });
      if (isOwn(request, Tags)) own.push(Resource);
    }
    return own;
  },
  async update(request) {
    const CodeSigningConfigArn = request.physicalId;
    const input = { ...configOf(request), CodeSigningConfigArn };
    const changed = await request.call('lambda', 'UpdateCodeSigningConfig', input);
    await replaceTags(request, CodeSigningConfigArn);
    return describe(changed);
  },
  async delete(request) {
    const input = { CodeSigningConfigArn: request.physicalId };
    await unlessGone(request.call('lambda', 'DeleteCodeSigningConfig', input), GONE);
  },
};

/** A property taken out of the template goes back to its default. */
function configOf({ properties }: ResourceRequest): InputOf<'lambda', 'CreateCodeSigningConfig'> {
  return {
    Description: textOf(properties, 'Description') ?? '',
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Warn' },
    ...properties,
    Tags: undefined,
  } as InputOf<'lambda', 'CreateCodeSigningConfig'>;
}

function describe({
  CodeSigningConfig: config,
}: {
  readonly CodeSigningConfig?: { CodeSigningConfigArn?: string | undefined; CodeSigningConfigId?: string | undefined } | undefined;
}): { physicalId: string; attributes: Record<string, unknown> } {
  const { CodeSigningConfigArn = '', CodeSigningConfigId } = config ?? {};
  return { physicalId: CodeSigningConfigArn, attributes: { CodeSigningConfigArn, CodeSigningConfigId } };
}
