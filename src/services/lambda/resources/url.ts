// AWS::Lambda::Url.
import { FLAG, INTEGER, TEXT, TEXTS, only } from '../../../kernel/property-shapes.ts';
import { textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { Properties, ResourceHandler } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';

export const urlResource: ResourceHandler = {
  type: 'AWS::Lambda::Url',
  shape: {
    type: 'object',
    required: ['AuthType', 'TargetFunctionArn'],
    properties: {
      AuthType: TEXT,
      TargetFunctionArn: TEXT,
      Qualifier: TEXT,
      InvokeMode: TEXT,
      Cors: only({
        AllowCredentials: FLAG,
        AllowHeaders: TEXTS,
        AllowMethods: TEXTS,
        AllowOrigins: TEXTS,
        ExposeHeaders: TEXTS,
        MaxAge: INTEGER,
      }),
    },
  },
  replaceOn: ['TargetFunctionArn', 'Qualifier'],
  async create(request) {
    const created = await request.call('lambda', 'CreateFunctionUrlConfig', inputOf(request.properties));
    return describe(created);
  },
  async find(request) {
    const { FunctionName, Qualifier } = inputOf(request.properties);
    const get = request.call('lambda', 'GetFunctionUrlConfig', { FunctionName, Qualifier });
    return (await unlessAbsent(get, GONE))?.FunctionArn;
  },
  async update(request) {
    const input = { Cors: {}, ...inputOf(request.properties) };
    return describe(await request.call('lambda', 'UpdateFunctionUrlConfig', input));
  },
  async delete(request) {
    const { FunctionName, Qualifier } = inputOf(request.properties);
    await unlessGone(request.call('lambda', 'DeleteFunctionUrlConfig', { FunctionName, Qualifier }), GONE);
  },
};

function inputOf(properties: Properties): InputOf<'lambda', 'CreateFunctionUrlConfig'> {
  const { TargetFunctionArn: _name, ...rest } = properties;
  const input = { ...rest, FunctionName: textOf(properties, 'TargetFunctionArn') };
  return input as InputOf<'lambda', 'CreateFunctionUrlConfig'>;
}

/** `Ref` gives the function's ARN. */
function describe(url: { FunctionArn?: string | undefined; FunctionUrl?: string | undefined }): {
  physicalId: string;
  attributes: Record<string, unknown>;
} {
  const { FunctionArn = '', FunctionUrl } = url;
  return { physicalId: FunctionArn, attributes: { FunctionArn, FunctionUrl } };
}
