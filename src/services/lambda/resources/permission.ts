// AWS::Lambda::Permission.
import { FLAG, TEXT } from '../../../kernel/property-shapes.ts';
import { textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { ResourceHandler } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';

export const permissionResource: ResourceHandler = {
  type: 'AWS::Lambda::Permission',
  shape: {
    type: 'object',
    required: ['Action', 'FunctionName', 'Principal'],
    properties: {
      Action: TEXT,
      FunctionName: TEXT,
      Principal: TEXT,
      SourceArn: TEXT,
      SourceAccount: TEXT,
      EventSourceToken: TEXT,
      FunctionUrlAuthType: TEXT,
      PrincipalOrgID: TEXT,
      InvokedViaFunctionUrl: FLAG,
    },
  },
  replaceOn: [
    'Action',
    'FunctionName',
    'Principal',
    'SourceArn',
    'SourceAccount',
    'EventSourceToken',
    'FunctionUrlAuthType',
    'PrincipalOrgID',
    'InvokedViaFunctionUrl',
  ],
  async create(request) {
    const StatementId = request.physicalName(100);
    const input = { ...request.properties, StatementId } as unknown as InputOf<'lambda', 'AddPermission'>;
    await request.call('lambda', 'AddPermission', input);
    return { physicalId: StatementId, attributes: { Id: StatementId } };
  },
  async find(request) {
    const StatementId = request.physicalName(100);
    const input = { FunctionName: textOf(request.properties, 'FunctionName') ?? '' };
    const found = await unlessAbsent(request.call('lambda', 'GetPolicy', input), GONE);
    return found?.Policy?.includes(`"Sid":"${StatementId}"`) === true ? StatementId : undefined;
  },
  async delete(request) {
    const input = { FunctionName: textOf(request.properties, 'FunctionName') ?? '', StatementId: request.physicalId };
    await unlessGone(request.call('lambda', 'RemovePermission', input), GONE);
  },
};
