// AWS::Lambda::EventInvokeConfig.
import { INTEGER, TEXT, only } from '../../../kernel/property-shapes.ts';
import { textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';

export const invokeConfigResource: ResourceHandler = {
  type: 'AWS::Lambda::EventInvokeConfig',
  shape: {
    type: 'object',
    required: ['FunctionName', 'Qualifier'],
    properties: {
      FunctionName: TEXT,
      Qualifier: TEXT,
      MaximumRetryAttempts: INTEGER,
      MaximumEventAgeInSeconds: INTEGER,
      DestinationConfig: only({
        OnSuccess: only({ Destination: TEXT }),
        OnFailure: only({ Destination: TEXT }),
      }),
    },
  },
  replaceOn: ['FunctionName', 'Qualifier'],
  create: putInvokeConfig,
  async find(request) {
    const FunctionName = textOf(request.properties, 'FunctionName') ?? '';
    const Qualifier = textOf(request.properties, 'Qualifier') ?? '';
    const get = request.call('lambda', 'GetFunctionEventInvokeConfig', { FunctionName, Qualifier });
    const found = await unlessAbsent(get, GONE);
    return found === undefined ? undefined : `${FunctionName}|${Qualifier}`;
  },
  update: putInvokeConfig,
  async delete(request) {
    const input = { FunctionName: textOf(request.properties, 'FunctionName') ?? '', Qualifier: textOf(request.properties, 'Qualifier') };
    await unlessGone(request.call('lambda', 'DeleteFunctionEventInvokeConfig', input), GONE);
  },
};

async function putInvokeConfig(request: ResourceRequest): Promise<{ physicalId: string }> {
  const input = request.properties as unknown as InputOf<'lambda', 'PutFunctionEventInvokeConfig'>;
  await request.call('lambda', 'PutFunctionEventInvokeConfig', input);
  return { physicalId: `${textOf(request.properties, 'FunctionName') ?? ''}|${textOf(request.properties, 'Qualifier') ?? ''}` };
}
