// AWS::Lambda::Alias.
import { INTEGER, NUMBER, TEXT, only } from '../../../kernel/property-shapes.ts';
import { hasChanged, textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';
import { applyProvisioned } from './standing.ts';

/** `[{FunctionVersion, FunctionWeight}]` of the template → the API's map. */
function routingOf(request: ResourceRequest): { AdditionalVersionWeights: Record<string, number> } {
  const config = request.properties['RoutingConfig'] as
    | { AdditionalVersionWeights?: readonly { FunctionVersion: string; FunctionWeight: number }[] }
    | undefined;
  const weights = config?.AdditionalVersionWeights ?? [];
  return {
    AdditionalVersionWeights: Object.fromEntries(
      weights.map(({ FunctionVersion, FunctionWeight }) => [FunctionVersion, FunctionWeight]),
    ),
  };
}

const PROVISIONED = 'ProvisionedConcurrencyConfig';

export const aliasResource: ResourceHandler = {
  type: 'AWS::Lambda::Alias',
  shape: {
    type: 'object',
    required: ['FunctionName', 'FunctionVersion', 'Name'],
    properties: {
      FunctionName: TEXT,
      FunctionVersion: TEXT,
      Name: TEXT,
      Description: TEXT,
      RoutingConfig: only({
        AdditionalVersionWeights: {
          type: 'list',
          of: only({ FunctionVersion: TEXT, FunctionWeight: NUMBER }),
        },
      }),
      ProvisionedConcurrencyConfig: only({ ProvisionedConcurrentExecutions: INTEGER }),
    },
  },
  replaceOn: ['FunctionName', 'Name'],
  async create(request) {
    const { AliasArn = '' } = await request.call('lambda', 'CreateAlias', aliasInput(request));
    if (request.properties[PROVISIONED] !== undefined) await applyProvisioned(request, targetOf(request));
    return { physicalId: AliasArn, attributes: { AliasArn } };
  },
  async find(request) {
    const { FunctionName, Name } = aliasInput(request);
    const found = await unlessAbsent(request.call('lambda', 'GetAlias', { FunctionName, Name }), GONE);
    return found?.AliasArn;
  },
  async update(request) {
    const { AliasArn = '' } = await request.call('lambda', 'UpdateAlias', aliasInput(request));
    if (hasChanged(PROVISIONED, request.previous, request.properties)) {
      await applyProvisioned(request, targetOf(request));
    }
    return { physicalId: AliasArn, attributes: { AliasArn } };
  },
  async delete(request) {
    const input = { FunctionName: textOf(request.properties, 'FunctionName') ?? '', Name: textOf(request.properties, 'Name') };
    await unlessGone(request.call('lambda', 'DeleteAlias', input), GONE);
  },
};

function targetOf({ properties }: ResourceRequest): { FunctionName: string; Qualifier: string } {
  return { FunctionName: textOf(properties, 'FunctionName') ?? '', Qualifier: textOf(properties, 'Name') ?? '' };
}

function aliasInput(request: ResourceRequest): InputOf<'lambda', 'CreateAlias'> {
  return {
    FunctionName: textOf(request.properties, 'FunctionName') ?? '',
    Name: textOf(request.properties, 'Name'),
    FunctionVersion: textOf(request.properties, 'FunctionVersion'),
    Description: textOf(request.properties, 'Description') ?? '',
    RoutingConfig: routingOf(request),
  };
}
