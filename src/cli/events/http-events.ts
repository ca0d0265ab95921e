// Sample events of what calls functions over HTTP: API Gateway, load balancers, function URLs.
import type {
  ALBEvent,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyWebsocketEventV2,
  APIGatewayRequestAuthorizerEvent,
  APIGatewayRequestAuthorizerEventV2,
  APIGatewayTokenAuthorizerEvent,
  LambdaFunctionURLEvent,
} from 'aws-lambda';
import {
  BODY,
  HTTP_API,
  NO_BODY,
  QUERY,
  RESOURCE,
  REST_API,
  TARGET,
  bodyOf,
  headersOf,
  listsOf,
  makeHttpApiEvent,
  makeRestEvent,
} from './http-request.ts';
import { PLACE, TIME, clfTime, defineSample, lastOfEach, parseQuery } from './sample-event.ts';

const awsProxy = defineSample({
  service: 'apigateway',
  name: 'aws-proxy',
  about: 'a request to a REST API (proxy integration, payload format 1.0)',
  fields: { ...PLACE, ...TIME, ...TARGET, ...QUERY, ...BODY, ...REST_API, ...RESOURCE },
  make: makeRestEvent,
});

const httpApiProxy = defineSample({
  service: 'apigateway',
  name: 'http-api-proxy',
  about: 'a request to an HTTP API (payload format 2.0)',
  fields: { ...PLACE, ...TIME, ...TARGET, ...QUERY, ...BODY, ...HTTP_API },
  make: (values): APIGatewayProxyEventV2 =>
    makeHttpApiEvent({
      ...values,
      apiId: values.api,
      routeKey: values.route,
      host: `${values.api}.execute-api.${values.region}.amazonaws.com`,
    }),
});

const authorizer = defineSample({
  service: 'apigateway',
  name: 'authorizer',
  about: 'a TOKEN authorizer of a REST API is asked',
  fields: {
    ...PLACE,
    ...TARGET,
    ...REST_API,
    token: { about: 'value of the token header', default: 'Bearer sample-token' },
  },
  make: ({ region, account, api, stage, method, path, token }): APIGatewayTokenAuthorizerEvent => ({
    type: 'TOKEN',
    authorizationToken: token,
    methodArn: `arn:aws:execute-api:${region}:${account}:${api}/${stage}/${method}${path}`,
  }),
});

const requestAuthorizer = defineSample({
  service: 'apigateway',
  name: 'request-authorizer',
  about: 'a REQUEST authorizer of a REST API is asked',
  fields: { ...PLACE, ...TIME, ...TARGET, ...QUERY, ...REST_API, ...RESOURCE },
  make(values): APIGatewayRequestAuthorizerEvent {
    const { region, account, api, stage, method, path } = values;
    const request = makeRestEvent({ ...values, ...NO_BODY });
    return {
      type: 'REQUEST',
      methodArn: `arn:aws:execute-api:${region}:${account}:${api}/${stage}/${method}${path}`,
      resource: request.resource,
      path: request.path,
      httpMethod: request.httpMethod,
      headers: request.headers,
      multiValueHeaders: request.multiValueHeaders,
      queryStringParameters: request.queryStringParameters ?? {},
      multiValueQueryStringParameters: request.multiValueQueryStringParameters ?? {},
      pathParameters: request.pathParameters ?? {},
      stageVariables: {},
      requestContext: { ...request.requestContext, authorizer: undefined },
    };
  },
});

const httpApiAuthorizer = defineSample({
  service: 'apigateway',
  name: 'http-api-authorizer',
  about: 'a Lambda authorizer of an HTTP API is asked (payload format 2.0)',
  fields: {
    ...PLACE,
    ...TIME,
    ...TARGET,
    ...QUERY,
    ...HTTP_API,
    token: { about: 'value of the Authorization header', default: 'Bearer sample-token' },
  },
  make(values): APIGatewayRequestAuthorizerEventV2 {
    const { region, account, api, stage, method, path, token, route } = values;
    const host = `${api}.execute-api.${region}.amazonaws.com`;
    const request = makeHttpApiEvent({ ...values, ...NO_BODY, apiId: api, routeKey: route, host });
    return {
      version: '2.0',
      type: 'REQUEST',
      routeArn: `arn:aws:execute-api:${region}:${account}:${api}/${stage}/${method}${path}`,
      identitySource: [token],
      routeKey: request.routeKey,
      rawPath: request.rawPath,
      rawQueryString: request.rawQueryString,
      cookies: request.cookies ?? [],
      headers: { ...request.headers, authorization: token },
      queryStringParameters: request.queryStringParameters ?? {},
      requestContext: request.requestContext,
      pathParameters: {},
      stageVariables: {},
    };
  },
});

/** AWS: whoever connects sends headers, as the types do not say. <aws-lambda-go, apigw-websocket-request.json> */
type WebsocketEvent = APIGatewayProxyWebsocketEventV2 &
  Partial<Pick<APIGatewayProxyEvent, 'headers' | 'multiValueHeaders'>>;

const websocket = defineSample({
  service: 'apigateway',
  name: 'websocket',
  about: 'a WebSocket API: somebody connects, sends a message, disconnects',
  fields: {
    region: PLACE.region,
    ...TIME,
    type: { about: 'CONNECT, MESSAGE or DISCONNECT', default: 'MESSAGE', choices: ['CONNECT', 'MESSAGE', 'DISCONNECT'] },
    api: { about: 'id of the API', default: 'abcdef1234' },
    stage: { about: 'stage', default: 'production' },
    body: { about: 'the message', default: '{"action":"sendmessage","data":"hello"}' },
    connection: { about: 'id of the connection', default: 'L0SM9cOFvHcCIhw=' },
  },
  make({ region, time, type, api, stage, body, connection }): WebsocketEvent {
    const eventType = type === 'CONNECT' || type === 'DISCONNECT' ? type : 'MESSAGE';
    const headers = headersOf(`${api}.execute-api.${region}.amazonaws.com`);
    return {
      ...(eventType === 'CONNECT' ? { headers, multiValueHeaders: listsOf(headers) } : {}),
      requestContext: {
        routeKey: eventType === 'MESSAGE' ? '$default' : `$${type.toLowerCase()}`,
        messageId: 'L0SNBf5hPHcCIhw=',
        eventType,
        extendedRequestId: 'L0SM_FXYvHcFZZA=',
        requestTime: clfTime(time),
        messageDirection: 'IN',
        stage,
        connectedAt: Date.parse(time),
        requestTimeEpoch: Date.parse(time),
        requestId: 'L0SM_FXYvHcFZZA=',
        domainName: `${api}.execute-api.${region}.amazonaws.com`,
        connectionId: connection,
        apiId: api,
      },
      ...(eventType === 'MESSAGE' ? { body } : {}),
      isBase64Encoded: false,
    };
  },
});

const functionUrl = defineSample({
  service: 'lambda',
  name: 'function-url',
  about: 'a request to a function URL (payload format 2.0)',
  fields: {
    region: PLACE.region,
    ...TIME,
    ...TARGET,
    ...QUERY,
    ...BODY,
    url: { about: "the URL's id", default: 'abcdefghijklmnopqrstuvwxyz123456' },
  },
  make: (values): LambdaFunctionURLEvent =>
    makeHttpApiEvent({
      ...values,
      // AWS: without IAM authentication the account is not told.
      account: 'anonymous',
      apiId: values.url,
      routeKey: '$default',
      stage: '$default',
      host: `${values.url}.lambda-url.${values.region}.on.aws`,
    }),
});

const albRequest = defineSample({
  service: 'alb',
  name: 'request',
  about: 'a request through an Application Load Balancer',
  fields: {
    ...PLACE,
    ...TARGET,
    ...QUERY,
    ...BODY,
    'target-group': { about: 'name of the target group', default: 'lambda-target' },
    'multi-value': { about: 'multi-value headers are on', default: false },
  },
  make(values): ALBEvent {
    const { region, account, method, path, query } = values;
    const host = `lambda-alb-123578498.${region}.elb.amazonaws.com`;
    const headers = Object.fromEntries(
      Object.entries(headersOf(host)).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const parameters = parseQuery(query);
    const targetGroup = `targetgroup/${values['target-group']}/50dc6c495c0c9188`;
    return {
      requestContext: {
        elb: { targetGroupArn: `arn:aws:elasticloadbalancing:${region}:${account}:${targetGroup}` },
      },
      httpMethod: method,
      path,
      // AWS: one form or the other, never both. <Application Load Balancers guide, "Multi-value headers">
      ...(values['multi-value']
        ? { multiValueQueryStringParameters: parameters, multiValueHeaders: listsOf(headers) }
        : { queryStringParameters: lastOfEach(parameters), headers }),
      // AWS: no body is an empty string here.
      body: bodyOf(values) ?? '',
      isBase64Encoded: values.base64,
    };
  },
});

export const HTTP_EVENTS = [
  awsProxy,
  httpApiProxy,
  authorizer,
  requestAuthorizer,
  httpApiAuthorizer,
  websocket,
  functionUrl,
  albRequest,
];
