// AWS::Serverless::WebSocketApi: an API with its routes, integrations, permissions, authorizer and stage.
import { make, propagateTags } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { makeHttpDomain } from './custom-domain.ts';
import type { Declared } from './read-properties.ts';
import { resourceProblem } from './sam-error.ts';
import { isAlphanumeric, isFilled, isIntrinsic, isSet, mapOr, ref, sub } from './values.ts';
import type { JsonMap } from './values.ts';

const TAG = 'websocketapi:createdBy';
const DEFAULT_STAGE = 'default';

export function transformWebSocketApi(context: SamContext, declared: Declared): CfnResource[] {
  const { logicalId, properties } = declared;
  for (const name of ['Auth', 'Domain', 'Routes'])
    properties[name] = context.resolve(properties[name]);
  checkApi(declared);
  const tags = { ...mapOr(properties['Tags']), [TAG]: 'SAM' };
  const api = make({
    logicalId,
    type: 'AWS::ApiGatewayV2::Api',
    dependsOn: declared.dependsOn,
    properties: {
      ApiKeySelectionExpression: properties['ApiKeySelectionExpression'],
      Description: properties['Description'],
      DisableExecuteApiEndpoint: properties['DisableExecuteApiEndpoint'],
      DisableSchemaValidation: properties['DisableSchemaValidation'],
      IpAddressType: properties['IpAddressType'],
      Name: properties['Name'] ?? logicalId,
      RouteSelectionExpression: properties['RouteSelectionExpression'],
      ProtocolType: 'WEBSOCKET',
      Tags: tags,
    },
  });
  const domain = isSet(properties['Domain'])
    ? makeHttpDomain(
        // AWS: APIs do not share record set groups here, so the last one of a zone counts. samtranslator 1.110
        { logicalId, domain: mapOr(properties['Domain']), attributes: {}, recordSets: new Map() },
        TAG,
      )
    : [];
  const routes = Object.entries(mapOr(properties['Routes']));
  const made = routes.flatMap(([key, route]) => makeRoute(declared, key, mapOr(route)));
  const routeIds = made
    .filter(({ type }) => type === 'AWS::ApiGatewayV2::Route')
    .map((one) => one.logicalId);
  const all = [api, ...made, ...domain, makeStage(declared, routeIds)];
  propagateTags(all, isFilled(properties['Tags']) ? tags : undefined, properties['PropagateTags']);
  return all;
}

function checkApi({ logicalId, properties }: Declared): void {
  if (!isFilled(properties['Routes'])) {
    throw resourceProblem(logicalId, 'WebSocket API must have at least one route.');
  }
  const address = properties['IpAddressType'];
  if (isSet(address) && !isIntrinsic(address) && address !== 'ipv4' && address !== 'dualstack') {
    throw resourceProblem(logicalId, "IpAddressType must be 'ipv4' or 'dualstack'.");
  }
  if (isFilled(mapOr(properties['Domain'])['MutualTlsAuthentication'])) {
    throw resourceProblem(
      logicalId,
      'Mutual TLS domain name association is not supported for Websocket APIs.',
    );
  }
  if (isFilled(properties['Auth']) && !('$connect' in mapOr(properties['Routes']))) {
    throw resourceProblem(
      logicalId,
      'Authorization is only available if there is a $connect route.',
    );
  }
  if (properties['StageName'] === '$default') {
    throw resourceProblem(logicalId, 'Stages cannot be named $default for WebSocket APIs.');
  }
}

/** The route, its integration and the leave to call its function; for `$connect` the authorizer too. */
function makeRoute(declared: Declared, key: string, route: JsonMap): CfnResource[] {
  const { logicalId, properties } = declared;
  const base = logicalId + routeWord(logicalId, key);
  const parameters = route['RequestParameters'];
  if (isFilled(parameters) && key !== '$connect') {
    throw resourceProblem(
      logicalId,
      'Request parameters are only supported for the $connect route in WebSocket APIs.',
    );
  }
  const auth = isFilled(properties['Auth']) ? mapOr(properties['Auth']) : undefined;
  if (auth !== undefined) checkAuth(logicalId, auth);
  const isConnect = key === '$connect' && auth !== undefined;
  const isCustom = isConnect && auth['AuthType'] === 'CUSTOM';
  const authorizerId = `${logicalId}ConnectAuthorizer`;
  const made = make({
    logicalId: `${base}Route`,
    type: 'AWS::ApiGatewayV2::Route',
    properties: {
      RouteKey: key,
      ApiId: ref(logicalId),
      ApiKeyRequired: route['ApiKeyRequired'],
      ModelSelectionExpression: route['ModelSelectionExpression'],
      OperationName: route['OperationName'],
      RequestModels: route['RequestModels'],
      RequestParameters: isFilled(parameters) ? parameters : undefined,
      RouteResponseSelectionExpression: route['RouteResponseSelectionExpression'],
      Target: { 'Fn::Join': ['/', ['integrations', ref(`${base}Integration`)]] },
      AuthorizationType: isConnect ? authorizationType(auth) : undefined,
      AuthorizerId: isCustom ? ref(authorizerId) : undefined,
    },
  });
  if (!('FunctionArn' in route))
    throw resourceProblem(logicalId, 'Route must have associated function.');
  const integration = make({
    logicalId: `${base}Integration`,
    type: 'AWS::ApiGatewayV2::Integration',
    properties: {
      ApiId: ref(logicalId),
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: sub(
        'arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${FunctionArn}/invocations',
        { FunctionArn: route['FunctionArn'] },
      ),
      TimeoutInMillis: route['IntegrationTimeout'],
    },
  });
  const permission = makePermission(declared, `${base}Permission`, {
    key,
    functionArn: route['FunctionArn'],
  });
  return [made, integration, permission, ...(isCustom ? makeAuthorizer(logicalId, auth) : [])];
}

function routeWord(logicalId: string, key: string): string {
  const isSpecial = key === '$connect' || key === '$disconnect' || key === '$default';
  const word = isSpecial ? key.slice(1) : key;
  if (!isSpecial && !isAlphanumeric(key)) {
    throw resourceProblem(
      logicalId,
      `Route key '${key}' must be alphanumeric. Only $connect, $disconnect, and $default special routes are supported.`,
    );
  }
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}

function authorizationType(auth: JsonMap): string {
  const type = auth['AuthType'];
  return type === 'CUSTOM' || type === 'AWS_IAM' ? type : 'NONE';
}

function checkAuth(logicalId: string, auth: JsonMap): void {
  const given = auth['AuthType'];
  if (!isFilled(given)) {
    throw resourceProblem(
      logicalId,
      'AuthType must be specified for additional auth configurations.',
    );
  }
  const type = String(given).toUpperCase();
  if (type !== 'NONE' && type !== 'AWS_IAM' && type !== 'CUSTOM') {
    throw resourceProblem(logicalId, 'AuthType is not one of AWS_IAM, CUSTOM or NONE.');
  }
  if (type === 'CUSTOM' && !isFilled(auth['AuthArn'])) {
    throw resourceProblem(logicalId, 'AuthArn must be specified if AuthType is CUSTOM.');
  }
  if (type !== 'CUSTOM' && Object.keys(auth).length > 1) {
    throw resourceProblem(
      logicalId,
      `No additional configurations supported for AuthType ${type}.`,
    );
  }
}

function makeAuthorizer(logicalId: string, auth: JsonMap): CfnResource[] {
  const authorizerId = `${logicalId}ConnectAuthorizer`;
  const authorizer = make({
    logicalId: authorizerId,
    type: 'AWS::ApiGatewayV2::Authorizer',
    properties: {
      ApiId: ref(logicalId),
      AuthorizerCredentialsArn: auth['InvokeRole'],
      AuthorizerType: 'REQUEST',
      AuthorizerUri: sub(
        'arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${AuthArn}/invocations',
        { AuthArn: auth['AuthArn'] },
      ),
      IdentitySource: auth['IdentitySource'],
      Name: isFilled(auth['Name']) ? auth['Name'] : authorizerId,
    },
  });
  if (isFilled(auth['InvokeRole'])) return [authorizer];
  const permission = make({
    logicalId: `${logicalId}AuthorizerPermission`,
    type: 'AWS::Lambda::Permission',
    properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: auth['AuthArn'],
      Principal: 'apigateway.amazonaws.com',
      SourceArn: sub(
        'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*',
        { __ApiId__: ref(logicalId) },
      ),
    },
  });
  return [authorizer, permission];
}

function makePermission(
  { logicalId, properties }: Declared,
  permissionId: string,
  { key, functionArn }: { readonly key: string; readonly functionArn: unknown },
): CfnResource {
  const stage = properties['StageName'] ?? DEFAULT_STAGE;
  const api = `arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${${logicalId}.ApiId}`;
  return make({
    logicalId: permissionId,
    type: 'AWS::Lambda::Permission',
    properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: functionArn,
      Principal: 'apigateway.amazonaws.com',
      SourceArn:
        typeof stage === 'string'
          ? sub(`${api}/${stage}/${key}`)
          : sub(`${api}/\${__StageName__}/${key}`, { __StageName__: stage }),
    },
  });
}

function makeStage({ logicalId, properties }: Declared, routeIds: readonly string[]): CfnResource {
  const name = properties['StageName'] ?? DEFAULT_STAGE;
  const prefix = typeof name === 'string' ? name : '';
  return make({
    logicalId: prefix === DEFAULT_STAGE ? `${logicalId}DefaultStage` : `${logicalId}${prefix}Stage`,
    type: 'AWS::ApiGatewayV2::Stage',
    // Settings of a route can be given only once the route is there.
    dependsOn: isFilled(properties['RouteSettings']) ? routeIds : undefined,
    properties: {
      ApiId: ref(logicalId),
      StageName: name,
      StageVariables: properties['StageVariables'],
      AccessLogSettings: properties['AccessLogSettings'],
      DefaultRouteSettings: properties['DefaultRouteSettings'],
      Tags: { [TAG]: 'SAM' },
      AutoDeploy: true,
      RouteSettings: properties['RouteSettings'],
    },
  });
}
