// HTTP requests as API Gateway, load balancers and function URLs hand them to functions: parts of samples.
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';
import { base64, clfTime, lastOfEach, parseQuery, sampleUuid } from './sample-event.ts';

const SOURCE_IP = '192.0.2.1';
const USER_AGENT = 'Mozilla/5.0 (sample)';
const TRACE_ID = 'Root=1-5bdb40ca-556d8b0c50dc66f0511bf520';

export const TARGET = {
  method: { about: 'HTTP method', default: 'POST' },
  path: { about: 'path of the request', default: '/path/to/resource' },
} as const;
export const QUERY = { query: { about: 'query string', default: 'foo=bar' } } as const;
export const BODY = {
  body: { about: 'body of the request', default: '{"test":"body"}' },
  base64: { about: 'hand the body over as base64', default: false },
} as const;
export const REST_API = {
  api: { about: 'id of the API', default: 'abcdef1234' },
  stage: { about: 'stage', default: 'prod' },
} as const;
export const RESOURCE = { resource: { about: 'the resource that matched', default: '/{proxy+}' } } as const;
export const HTTP_API = {
  api: { about: 'id of the API', default: 'abcdef1234' },
  stage: { about: 'stage', default: '$default' },
  route: { about: 'route key, e.g. "GET /users/{id}"', default: '$default' },
} as const;

interface RequestValues {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly base64: boolean;
  readonly time: string;
  readonly region: string;
  readonly account: string;
}

interface RestValues extends RequestValues {
  readonly api: string;
  readonly stage: string;
  readonly resource: string;
}

/** Authorizers see none. */
export const NO_BODY = { body: '', base64: false } as const;

/** AWS: no body is null for REST APIs. <API Gateway developer guide, "Input format of a Lambda function"> */
export function bodyOf({ body, base64: encoded }: Pick<RequestValues, 'body' | 'base64'>): string | null {
  if (body === '') return null;
  return encoded ? base64(body) : body;
}

export function headersOf(host: string): Record<string, string> {
  return {
    Accept: '*/*',
    'Content-Type': 'application/json',
    Host: host,
    'User-Agent': USER_AGENT,
    'X-Amzn-Trace-Id': TRACE_ID,
    'X-Forwarded-For': SOURCE_IP,
    'X-Forwarded-Port': '443',
    'X-Forwarded-Proto': 'https',
  };
}

export function listsOf(values: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}

/** The part of the path that a greedy parameter takes. */
function pathParametersOf({ resource, path }: RestValues): Record<string, string> | null {
  const names = resource.split('/');
  const parts = path.split('/');
  const found: Record<string, string> = {};
  names.forEach((name, i) => {
    const [, parameter, greedy] = /^\{(\w+)(\+?)\}$/.exec(name) ?? [];
    if (parameter !== undefined) found[parameter] = (greedy === '+' ? parts.slice(i).join('/') : parts[i]) ?? '';
  });
  return Object.keys(found).length === 0 ? null : found;
}

function restContext(values: RestValues): APIGatewayProxyEvent['requestContext'] {
  const { account, api, region, stage, method, path, resource, time } = values;
  return {
    accountId: account,
    apiId: api,
    authorizer: undefined,
    domainName: `${api}.execute-api.${region}.amazonaws.com`,
    domainPrefix: api,
    extendedRequestId: 'c6af9ac6-7b61',
    httpMethod: method,
    identity: {
      accessKey: null,
      accountId: null,
      apiKey: null,
      apiKeyId: null,
      caller: null,
      clientCert: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: null,
      sourceIp: SOURCE_IP,
      user: null,
      userAgent: USER_AGENT,
      userArn: null,
    },
    path: `/${stage}${path}`,
    protocol: 'HTTP/1.1',
    requestId: sampleUuid(1),
    requestTime: clfTime(time),
    requestTimeEpoch: Date.parse(time),
    resourceId: '123456',
    resourcePath: resource,
    stage,
  };
}

export function makeRestEvent(values: RestValues): APIGatewayProxyEvent {
  const headers = headersOf(`${values.api}.execute-api.${values.region}.amazonaws.com`);
  const query = values.query === '' ? null : parseQuery(values.query);
  return {
    resource: values.resource,
    path: values.path,
    httpMethod: values.method,
    headers,
    multiValueHeaders: listsOf(headers),
    queryStringParameters: query === null ? null : lastOfEach(query),
    multiValueQueryStringParameters: query,
    pathParameters: pathParametersOf(values),
    stageVariables: null,
    requestContext: restContext(values),
    body: bodyOf(values),
    isBase64Encoded: values.base64,
  };
}

interface HttpApiValues extends RequestValues {
  readonly host: string;
  readonly apiId: string;
  readonly stage: string;
  readonly routeKey: string;
}

/** Payload format 2.0. <API Gateway developer guide, "Working with AWS Lambda proxy integrations for HTTP APIs"> */
export function makeHttpApiEvent(values: HttpApiValues): APIGatewayProxyEventV2 {
  const { host, apiId, stage, routeKey, method, path, query, body, time } = values;
  const headers = headersOf(host);
  const parameters = parseQuery(query);
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query,
    cookies: ['cookie1=value1', 'cookie2=value2'],
    // AWS: names in lower case, several values joined by commas.
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    ...(query === ''
      ? {}
      : {
          queryStringParameters: Object.fromEntries(
            Object.entries(parameters).map(([name, list]) => [name, list.join(',')]),
          ),
        }),
    requestContext: {
      accountId: values.account,
      apiId,
      domainName: host,
      domainPrefix: host.split('.')[0] ?? '',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: SOURCE_IP, userAgent: USER_AGENT },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey,
      stage,
      time: clfTime(time),
      timeEpoch: Date.parse(time),
    },
    ...(body === '' ? {} : { body: values.base64 ? base64(body) : body }),
    isBase64Encoded: values.base64,
  };
}
