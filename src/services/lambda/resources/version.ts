// AWS::Lambda::Version.
import { INTEGER, JSON_VALUE, TEXT, only } from '../../../kernel/property-shapes.ts';
import { hasChanged, listAll, textOf, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';
import { applyProvisioned, awaitActive } from './standing.ts';

const PROVISIONED = 'ProvisionedConcurrencyConfig';
const POLICY = 'RuntimePolicy';

export const versionResource: ResourceHandler = {
  type: 'AWS::Lambda::Version',
  shape: {
    type: 'object',
    required: ['FunctionName'],
    properties: {
      FunctionName: TEXT,
      Description: TEXT,
      CodeSha256: TEXT,
      ProvisionedConcurrencyConfig: only({ ProvisionedConcurrentExecutions: INTEGER }),
      RuntimePolicy: only({ UpdateRuntimeOn: TEXT, RuntimeVersionArn: TEXT }),
      FunctionScalingConfig: JSON_VALUE,
    },
  },
  replaceOn: ['FunctionName', 'Description', 'CodeSha256', 'FunctionScalingConfig'],
  async create(request) {
    const { FunctionName, Description, CodeSha256, FunctionScalingConfig } = request.properties;
    const input = { FunctionName, Description, CodeSha256 } as InputOf<'lambda', 'PublishVersion'>;
    const { FunctionArn = '', Version = '' } = await request.call('lambda', 'PublishVersion', input);
    await awaitActive(request, FunctionArn);
    const target = targetOf(FunctionArn);
    if (request.properties[PROVISIONED] !== undefined) await applyProvisioned(request, target);
    if (request.properties[POLICY] !== undefined) await applyRuntimePolicy(request, target);
    if (FunctionScalingConfig !== undefined) {
      const scaling = { ...target, FunctionScalingConfig } as InputOf<'lambda', 'PutFunctionScalingConfig'>;
      await request.call('lambda', 'PutFunctionScalingConfig', scaling);
    }
    return { physicalId: FunctionArn, attributes: { Version, FunctionArn } };
  },
  async update(request) {
    const { physicalId: FunctionArn, previous, properties } = request;
    const target = targetOf(FunctionArn);
    if (hasChanged(PROVISIONED, previous, properties)) await applyProvisioned(request, target);
    if (hasChanged(POLICY, previous, properties)) await applyRuntimePolicy(request, target);
    return { physicalId: FunctionArn, attributes: { Version: target.Qualifier, FunctionArn } };
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
    const { FunctionName, Qualifier } = targetOf(request.physicalId);
    if (Qualifier === '') return;
    await unlessGone(request.call('lambda', 'DeleteFunction', { FunctionName, Qualifier }), GONE);
  },
};

/** The function and number that a version's ARN names. */
function targetOf(arn: string): { FunctionName: string; Qualifier: string } {
  const [, FunctionName = '', Qualifier = ''] = /:function:([^:]+):(\d+)$/.exec(arn) ?? [];
  return { FunctionName, Qualifier };
}

/** A policy taken out of the template goes back to its default. */
async function applyRuntimePolicy(
  request: ResourceRequest,
  target: { readonly FunctionName: string; readonly Qualifier: string },
): Promise<void> {
  const policy = request.properties[POLICY] ?? { UpdateRuntimeOn: 'Auto' };
  const input = { ...target, ...policy } as InputOf<'lambda', 'PutRuntimeManagementConfig'>;
  await request.call('lambda', 'PutRuntimeManagementConfig', input);
}
