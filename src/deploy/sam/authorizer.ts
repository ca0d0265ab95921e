// Authorizers of REST and HTTP APIs, as their documents declare them.
import { expectBoolean, expectList, expectMap, expectText, expectTexts } from './expect.ts';
import { resourceProblem } from './sam-error.ts';
import { isFilled, isMap, isSet, mapOr, printValue, sub } from './values.ts';
import type { JsonMap } from './values.ts';

export interface Authorizer {
  readonly scopes: unknown;
  readonly functionArn: unknown;
  /** Leave for API Gateway to call the function is to be made. */
  readonly needsPermission: boolean;
  /** Its entry among the security schemes. */
  readonly scheme: JsonMap;
}

const SETTINGS = 'x-amazon-apigateway-authorizer';
const AUTH_TYPE = 'x-amazon-apigateway-authtype';

function functionUri(partition: string, functionArn: unknown): JsonMap {
  return sub(
    `arn:${partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${__FunctionArn__}/invocations`,
    // A user pool that is left out makes a function authorizer of nothing, which CloudFormation then refuses.
    { __FunctionArn__: functionArn ?? null },
  );
}

interface AuthorizerReading {
  readonly apiId: string;
  readonly partition: string;
  readonly name: string;
  readonly given: JsonMap;
}

/** Of a REST API: a user pool, or a function asked with a token or the request. */
export function readRestAuthorizer(reading: AuthorizerReading): Authorizer {
  const { apiId, name, given } = reading;
  const owner = { resource: apiId };
  const kind = given['FunctionPayloadType'];
  if (isSet(kind) && kind !== 'TOKEN' && kind !== 'REQUEST') {
    throw resourceProblem(
      apiId,
      `${name} Authorizer has invalid 'FunctionPayloadType': ${printValue(kind)}.`,
    );
  }
  if (kind === 'REQUEST' && lacksIdentity(reading)) {
    throw resourceProblem(
      apiId,
      `${name} Authorizer must specify Identity with at least one of Headers, QueryStrings, StageVariables, or Context.`,
    );
  }
  const scopes = given['AuthorizationScopes'] ?? [];
  expectList(scopes, owner, `Authorizers.${name}.AuthorizationScopes`);
  const isDisabled = given['DisableFunctionDefaultPermissions'];
  if (isSet(isDisabled)) {
    expectBoolean(isDisabled, owner, `Authorizers.${name}.DisableFunctionDefaultPermissions`);
  }
  return {
    scopes,
    functionArn: given['FunctionArn'],
    needsPermission: isFilled(given['FunctionArn']) && !isFilled(isDisabled),
    get scheme() {
      return restScheme(reading);
    },
  };
}

function lacksIdentity({ apiId, name, given }: AuthorizerReading): boolean {
  if (!isFilled(given['Identity'])) return true;
  const identity = expectMap(given['Identity'], { resource: apiId }, `Authorizer.${name}.Identity`);
  const lacks = !['Headers', 'QueryStrings', 'StageVariables', 'Context'].some((key) =>
    isFilled(identity[key]),
  );
  const ttl = identity['ReauthorizeEvery'];
  const seconds = typeof ttl === 'string' ? Number.parseInt(ttl, 10) : ttl;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds > 0 && lacks : lacks;
}

function restScheme({ apiId, partition, name, given }: AuthorizerReading): JsonMap {
  const isPool = isFilled(given['UserPoolArn']);
  const kind = given['FunctionPayloadType'] === 'REQUEST' ? 'REQUEST' : 'TOKEN';
  const identity = given['Identity'];
  const isRequest = !isPool && kind === 'REQUEST';
  if (!isRequest && isFilled(identity) && !isMap(identity)) {
    throw resourceProblem(
      apiId,
      'Auth.Authorizers.<Authorizer>.Identity must be a dict (LambdaTokenAuthorizationIdentity, ' +
        'LambdaRequestAuthorizationIdentity or CognitoAuthorizationIdentity).',
    );
  }
  const own = mapOr(identity);
  const header = isFilled(own['Header']) ? own['Header'] : 'Authorization';
  const validation = own['ValidationExpression'];
  const common = { type: 'apiKey', name: isRequest ? 'Unused' : header, in: 'header' };
  const checked =
    !isRequest && isFilled(validation) ? { identityValidationExpression: validation } : {};
  if (isPool) {
    const arns = given['UserPoolArn'];
    return {
      ...common,
      [AUTH_TYPE]: 'cognito_user_pools',
      [SETTINGS]: {
        type: 'cognito_user_pools',
        providerARNs: Array.isArray(arns) ? arns : [arns],
        ...checked,
      },
    };
  }
  const role = given['FunctionInvokeRole'];
  const source = isRequest ? restIdentitySource({ apiId, name, identity: own }) : '';
  return {
    ...common,
    [AUTH_TYPE]: 'custom',
    [SETTINGS]: {
      type: kind.toLowerCase(),
      authorizerUri: functionUri(partition, given['FunctionArn']),
      ...(isSet(own['ReauthorizeEvery'])
        ? { authorizerResultTtlInSeconds: own['ReauthorizeEvery'] }
        : {}),
      ...(isFilled(role) && role !== 'NONE' ? { authorizerCredentials: role } : {}),
      ...(source === '' ? {} : { identitySource: source }),
      ...checked,
    },
  };
}

function restIdentitySource({
  apiId,
  name,
  identity,
}: {
  apiId: string;
  name: string;
  identity: JsonMap;
}): string {
  const prefixes = {
    Headers: 'method.request.header.',
    QueryStrings: 'method.request.querystring.',
    StageVariables: 'stageVariables.',
    Context: 'context.',
  };
  return Object.entries(prefixes)
    .flatMap(([key, prefix]) => {
      if (!isFilled(identity[key])) return [];
      const path = `Auth.Authorizers.${name}.Identity.${key}`;
      return expectTexts(identity[key], { resource: apiId }, path).map((value) => prefix + value);
    })
    .join(', ');
}

export const REST_IAM: Authorizer = {
  scopes: [],
  functionArn: undefined,
  needsPermission: false,
  scheme: { type: 'apiKey', name: 'Authorization', in: 'header', [AUTH_TYPE]: 'awsSigv4' },
};

export const HTTP_IAM: Authorizer = {
  ...REST_IAM,
  scopes: undefined,
  scheme: { type: 'apiKey', name: 'Authorization', in: 'header', [AUTH_TYPE]: 'awsSigv4' },
};

/** Of an HTTP API: a JWT issuer, or a function. */
export function readHttpAuthorizer(reading: AuthorizerReading): Authorizer {
  const { apiId, name, given } = reading;
  const owner = { resource: apiId };
  if ('OpenIdConnectUrl' in given) {
    throw resourceProblem(
      apiId,
      `'OpenIdConnectUrl' is no longer a supported property for authorizer '${name}'. Please refer to the AWS SAM documentation.`,
    );
  }
  const jwt = isFilled(given['JwtConfiguration'])
    ? expectMap(given['JwtConfiguration'], owner, 'JwtConfiguration')
    : undefined;
  checkHttpMembers(reading, jwt === undefined ? 'REQUEST' : 'JWT');
  const wantsPermission = given['EnableFunctionDefaultPermissions'];
  if (isSet(wantsPermission)) {
    expectBoolean(wantsPermission, owner, `Authorizers.${name}.EnableFunctionDefaultPermissions`);
  }
  return {
    scopes: given['AuthorizationScopes'],
    functionArn: given['FunctionArn'],
    needsPermission: isFilled(given['FunctionArn']) && isFilled(wantsPermission),
    get scheme() {
      return jwt === undefined ? httpFunctionScheme(reading) : jwtScheme(jwt, given);
    },
  };
}

const HTTP_MEMBERS: readonly (readonly [name: string, kind: 'JWT' | 'REQUEST', hint: string])[] = [
  ['AuthorizationScopes', 'JWT', 'OAuth2 Authorizer'],
  ['JwtConfiguration', 'JWT', 'OAuth2 Authorizer'],
  [
    'IdentitySource',
    'JWT',
    "OAuth2 Authorizer. For Lambda Authorizer, use the 'Identity' property instead",
  ],
  ['FunctionArn', 'REQUEST', 'Lambda Authorizer'],
  ['FunctionInvokeRole', 'REQUEST', 'Lambda Authorizer'],
  ['Identity', 'REQUEST', 'Lambda Authorizer'],
  ['AuthorizerPayloadFormatVersion', 'REQUEST', 'Lambda Authorizer'],
  ['EnableSimpleResponses', 'REQUEST', 'Lambda Authorizer'],
  ['EnableFunctionDefaultPermissions', 'REQUEST', 'Lambda Authorizer'],
];

function checkHttpMembers(
  { apiId, name, given }: AuthorizerReading,
  kind: 'JWT' | 'REQUEST',
): void {
  const scopes = given['AuthorizationScopes'];
  if (isSet(scopes) && !Array.isArray(scopes))
    throw resourceProblem(apiId, 'AuthorizationScopes must be a list.');
  for (const [member, allowed, hint] of HTTP_MEMBERS) {
    // An empty JwtConfiguration counts as none.
    const isGiven = member === 'JwtConfiguration' ? isFilled(given[member]) : isSet(given[member]);
    if (isGiven && allowed !== kind)
      throw resourceProblem(apiId, `${member} is only supported for ${hint}.`);
  }
  const require = (member: string, what: string): void => {
    if (!isFilled(given[member]))
      throw resourceProblem(apiId, `${name} ${what} must define '${member}'.`);
  };
  if (kind === 'JWT') return require('IdentitySource', 'OAuth2 Authorizer');
  require('FunctionArn', 'Lambda Authorizer');
  require('AuthorizerPayloadFormatVersion', 'Lambda Authorizer');
}

function jwtScheme(jwt: JsonMap, given: JsonMap): JsonMap {
  // Its members are lower case in a document, whatever they are in the template.
  const configuration = Object.fromEntries(
    Object.entries(jwt).map(([key, value]) => [key.toLowerCase(), value]),
  );
  return {
    type: 'oauth2',
    [SETTINGS]: {
      jwtConfiguration: configuration,
      identitySource: given['IdentitySource'],
      type: 'jwt',
    },
  };
}

function httpFunctionScheme({ apiId, partition, name, given }: AuthorizerReading): JsonMap {
  const settings: JsonMap = {
    type: 'request',
    authorizerUri: functionUri(partition, given['FunctionArn']),
  };
  const role = given['FunctionInvokeRole'];
  if (isFilled(role) && role !== 'NONE') settings['authorizerCredentials'] = role;
  if (isFilled(given['Identity'])) {
    const identity = expectMap(
      given['Identity'],
      { resource: apiId },
      `Auth.Authorizers.${name}.Identity`,
    );
    if (isSet(identity['ReauthorizeEvery']))
      settings['authorizerResultTtlInSeconds'] = identity['ReauthorizeEvery'];
    settings['identitySource'] = httpIdentitySource(apiId, name, identity);
  }
  settings['authorizerPayloadFormatVersion'] = given['AuthorizerPayloadFormatVersion'];
  if (isFilled(given['EnableSimpleResponses']))
    settings['enableSimpleResponses'] = given['EnableSimpleResponses'];
  return { type: 'apiKey', name: 'Unused', in: 'header', [SETTINGS]: settings };
}

function httpIdentitySource(apiId: string, name: string, identity: JsonMap): string[] {
  const prefixes = {
    Headers: '$request.header.',
    QueryStrings: '$request.querystring.',
    StageVariables: '$stageVariables.',
    Context: '$context.',
  };
  return Object.entries(prefixes).flatMap(([key, prefix]) => {
    if (!isFilled(identity[key])) return [];
    const path = `Authorizers.${name}.Identity.${key}`;
    return expectTexts(identity[key], { resource: apiId }, path).map((value) => prefix + value);
  });
}

/** The name of the default authorizer, which has to be a text. */
export function expectAuthorizerName(apiId: string, name: unknown): string {
  return expectText(name, { resource: apiId }, 'Auth.DefaultAuthorizer');
}
