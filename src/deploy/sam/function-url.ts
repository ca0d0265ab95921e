// FunctionUrlConfig: an address of its own for a function.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import { expectMap } from './expect.ts';
import { inherited } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { resourceProblem } from './sam-error.ts';
import { isFilled, isIntrinsic, mapOr, ref } from './values.ts';

const CORS_TYPES: Readonly<Record<string, 'list' | 'bool' | 'int'>> = {
  AllowOrigins: 'list',
  AllowMethods: 'list',
  AllowCredentials: 'bool',
  AllowHeaders: 'list',
  ExposeHeaders: 'list',
  MaxAge: 'int',
};

/** The URL, and leave for everybody to call it when it asks for no authorization. */
export function makeFunctionUrl(declared: Declared, alias: CfnResource | undefined): CfnResource[] {
  const { logicalId, properties } = declared;
  const given = properties['FunctionUrlConfig'];
  const config = mapOr(given);
  const isLiteral = !isIntrinsic(given);
  if (isLiteral) {
    checkAuthType(logicalId, config['AuthType']);
    checkCors(logicalId, config['Cors']);
  }
  const attributes = inherited(declared.attributes);
  const target = ref(alias?.logicalId ?? logicalId);
  const url = make({
    logicalId: `${logicalId}Url`,
    type: 'AWS::Lambda::Url',
    attributes,
    properties: {
      Cors: isFilled(config['Cors']) ? config['Cors'] : undefined,
      AuthType: config['AuthType'],
      TargetFunctionArn: target,
      InvokeMode: config['InvokeMode'],
    },
  });
  if (!isLiteral || config['AuthType'] !== 'NONE') return [url];
  const permission = (id: string, members: Record<string, unknown>): CfnResource =>
    make({
      logicalId: id,
      type: 'AWS::Lambda::Permission',
      attributes,
      properties: { FunctionName: target, Principal: '*', ...members },
    });
  return [
    url,
    permission(`${logicalId}UrlPublicPermissions`, {
      Action: 'lambda:InvokeFunctionUrl',
      FunctionUrlAuthType: 'NONE',
    }),
    permission(`${logicalId}URLInvokeAllowPublicAccess`, {
      Action: 'lambda:InvokeFunction',
      InvokedViaFunctionUrl: true,
    }),
  ];
}

function checkAuthType(logicalId: string, type: unknown): void {
  if (isIntrinsic(type) || type === 'AWS_IAM' || type === 'NONE') return;
  throw resourceProblem(
    logicalId,
    'AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.',
  );
}

function checkCors(logicalId: string, given: unknown): void {
  if (!isFilled(given) || isIntrinsic(given)) return;
  const cors = expectMap(given, { resource: logicalId }, 'FunctionUrlConfig.Cors');
  for (const [name, value] of Object.entries(cors)) {
    const type = CORS_TYPES[name];
    if (type === undefined) {
      throw resourceProblem(logicalId, `${name} is not a valid property for configuring Cors.`);
    }
    const fits =
      type === 'list'
        ? Array.isArray(value)
        : type === 'bool'
          ? typeof value === 'boolean'
          : Number.isInteger(value) || typeof value === 'boolean';
    if (!isIntrinsic(value) && !fits)
      throw resourceProblem(logicalId, `${name} must be of type ${type}.`);
  }
}
