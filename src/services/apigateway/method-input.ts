// Methods and integrations from a request's parameters: checked, with AWS's defaults, or refused.
import { badRequest, unsupported } from './errors.ts';
import { INTEGRATION_TIMEOUT_MIN_MS, INTEGRATION_TIMEOUT_MS } from './limits.ts';
import { checkTemplates } from './mock-integration.ts';
import type { IntegrationRecord, MethodRecord } from './store.ts';

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
}

export function readIntegration(input: IntegrationInput): IntegrationRecord {
  const { type, uri } = input;
  if (type !== 'AWS_PROXY' && type !== 'MOCK') throw unsupported(`The integration type ${type}`);
  if (input.connectionType === 'VPC_LINK') throw unsupported('A VPC link');
  if (input.responseTransferMode === 'STREAM') throw unsupported('Response streaming');
  if (Object.keys(input.requestParameters ?? {}).length > 0) {
    throw unsupported('Mapping of request parameters');
  }
  if (type === 'AWS_PROXY') {
    if (uri === undefined) throw badRequest('AuthorizerUri or integration uri must be provided');
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
    ...(input.credentials === undefined ? {} : { credentials: input.credentials }),
  };
}
