// Methods and integrations from a request's parameters: checked, with AWS's defaults, or refused.
import { badRequest, notFound, unsupported } from './errors.ts';
import { INTEGRATION_TIMEOUT_MIN_MS, INTEGRATION_TIMEOUT_MS } from './limits.ts';
import { checkTemplates } from './mock-integration.ts';
import type { IntegrationRecord, IntegrationResponseRecord, MethodRecord } from './store.ts';

export interface MethodInput {
  readonly authorizationType?: string | undefined;
  readonly authorizerId?: string | undefined;
  readonly apiKeyRequired?: boolean | undefined;
  readonly operationName?: string | undefined;
  readonly requestParameters?: Readonly<Record<string, boolean>> | undefined;
  readonly requestModels?: Readonly<Record<string, string>> | undefined;
  readonly requestValidatorId?: string | undefined;
  readonly authorizationScopes?: readonly string[] | undefined;
}

export function readMethod(input: MethodInput): MethodRecord {
  const authorizationType = input.authorizationType ?? 'NONE';
  if (authorizationType !== 'NONE') throw unsupported(`The authorization type ${authorizationType}`);
  if (input.apiKeyRequired === true) throw unsupported('An API key requirement');
  if (input.requestValidatorId !== undefined) throw unsupported('A request validator');
  return {
    authorizationType,
    requestParameters: { ...input.requestParameters },
    requestModels: { ...input.requestModels },
    responses: {},
    ...(input.operationName === undefined ? {} : { operationName: input.operationName }),
  };
}

export interface IntegrationInput {
  readonly type?: string | undefined;
  readonly integrationHttpMethod?: string | undefined;
  readonly uri?: string | undefined;
  readonly credentials?: string | undefined;
  readonly requestParameters?: Readonly<Record<string, string>> | undefined;
  readonly requestTemplates?: Readonly<Record<string, string>> | undefined;
  readonly passthroughBehavior?: string | undefined;
  readonly timeoutInMillis?: number | undefined;
  readonly connectionType?: string | undefined;
  readonly responseTransferMode?: string | undefined;
  readonly contentHandling?: string | undefined;
  readonly cacheNamespace?: string | undefined;
  readonly cacheKeyParameters?: readonly string[] | undefined;
  readonly tlsConfig?: unknown;
}

export function readIntegration(input: IntegrationInput): IntegrationRecord {
  const { type, uri } = input;
  if (type !== 'AWS_PROXY' && type !== 'MOCK') throw unsupported(`The integration type ${type}`);
  if (input.connectionType === 'VPC_LINK') throw unsupported('A VPC link');
  if (input.responseTransferMode === 'STREAM') throw unsupported('Response streaming');
  if (Object.keys(input.requestParameters ?? {}).length > 0) {
    throw unsupported('Mapping of request parameters');
  }
  if ((input.cacheKeyParameters?.length ?? 0) > 0) throw unsupported('A cache key');
  if (input.tlsConfig !== undefined) throw unsupported('A TLS configuration');
  refuseContentHandling(input.contentHandling);
  if (type === 'AWS_PROXY') {
    if (uri === undefined) throw badRequest('Uri should be provided for AWS_PROXY integrations');
    if (input.integrationHttpMethod === undefined) {
      // <localstack's recordings of put-integration without a method>
      throw badRequest('Enumeration value for HttpMethod must be non-empty');
    }
    if (!/:lambda:path\//.test(uri)) throw unsupported(`A proxy to ${uri}`);
  }
  checkTemplates(input.requestTemplates ?? {});
  const timeoutMs = input.timeoutInMillis ?? INTEGRATION_TIMEOUT_MS;
  if (timeoutMs < INTEGRATION_TIMEOUT_MIN_MS || timeoutMs > INTEGRATION_TIMEOUT_MS) {
    throw badRequest(
      `Timeout should be between ${INTEGRATION_TIMEOUT_MIN_MS} ms and ${INTEGRATION_TIMEOUT_MS} ms`,
    );
  }
  return {
    type,
    requestTemplates: { ...input.requestTemplates },
    passthroughBehavior: input.passthroughBehavior ?? 'WHEN_NO_MATCH',
    timeoutMs,
    responses: {},
    ...(input.integrationHttpMethod === undefined ? {} : { httpMethod: input.integrationHttpMethod }),
    ...(uri === undefined ? {} : { uri }),
    ...(input.cacheNamespace === undefined ? {} : { cacheNamespace: input.cacheNamespace }),
    ...(input.credentials === undefined ? {} : { credentials: input.credentials }),
  };
}

export function refuseContentHandling(contentHandling: string | undefined): void {
  if (contentHandling === undefined || contentHandling === '') return;
  throw unsupported(`The content handling ${contentHandling}`);
}

/** A response of an integration stands on one of its method, and sets headers that one declares. */
export function checkIntegrationResponse(
  method: Pick<MethodRecord, 'responses'>,
  statusCode: string,
  response: IntegrationResponseRecord,
): void {
  const declared = method.responses[statusCode];
  if (declared === undefined) throw notFound('Invalid Response status code specified');
  checkTemplates(response.responseTemplates);
  checkPattern(response.selectionPattern);
  for (const [target, source] of Object.entries(response.responseParameters)) {
    if (!(target in declared.responseParameters)) {
      throw badRequest(
        `Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: ${target}]`,
      );
    }
    if (!/^'.*'$/s.test(source)) throw unsupported(`The mapping of ${target} from ${source}`);
  }
}

function checkPattern(pattern: string | undefined): void {
  try {
    RegExp(pattern ?? '');
  } catch {
    throw badRequest(`Invalid selection pattern specified: ${pattern}`);
  }
}
