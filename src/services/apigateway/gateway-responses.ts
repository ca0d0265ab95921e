// The responses that the gateway gives itself. <developer guide, "Gateway response types for API Gateway">
import type { HttpResponse } from '../../wire/http.ts';

const TYPES = {
  ACCESS_DENIED: [403, 'Forbidden', 'ForbiddenException'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error', 'InternalServerErrorException'],
  INTEGRATION_FAILURE: [502, 'Internal server error', 'InternalServerErrorException'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out', 'InternalServerErrorException'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token', 'MissingAuthenticationTokenException'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long', 'RequestTooLargeException'],
  THROTTLED: [429, 'Too Many Requests', 'TooManyRequestsException'],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>;

export type GatewayResponseType = keyof typeof TYPES;

export interface GatewayAnswer {
  readonly response: HttpResponse;
  /** Set when the gateway answers itself, for access logs. */
  readonly type?: GatewayResponseType;
  readonly message?: string;
}

export function gatewayAnswer(type: GatewayResponseType): GatewayAnswer {
  const [status, message, errorType] = TYPES[type];
  return {
    type,
    message,
    response: {
      status,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': errorType },
      body: JSON.stringify({ message }),
    },
  };
}
