// Function URLs with AuthType AWS_IAM: who signed the request, as their event tells it.
import { ServiceError } from '../../../base/errors.ts';
import { authenticate } from '../../../kernel/authenticate.ts';
import type { Principal, WorkContext } from '../../../kernel/context.ts';
import type { HttpRequest, HttpResponse } from '../../../wire/http.ts';
import { identifyCaller } from '../../../wire/sigv4/identify-caller.ts';
import { message } from './url-message.ts';

/** `requestContext.authorizer.iam`. <developer guide, "Invoking Lambda function URLs"> */
export interface UrlCaller {
  readonly accessKey: string;
  readonly accountId: string;
  readonly callerId: string;
  readonly cognitoIdentity: null;
  readonly principalOrgId: null;
  readonly userArn: string;
  readonly userId: string;
}

/** AWS refuses requests signed more than a quarter of an hour away. */
const CLOCK_SKEW_MAX_MS = 15 * 60_000;

/** The caller; a response for one who is not let in. */
export async function identifyUrlCaller(
  request: HttpRequest,
  region: string,
  context: WorkContext,
): Promise<{ readonly caller: UrlCaller } | { readonly refusal: HttpResponse }> {
  const claimed = identifyCaller(request);
  const { accessKeyId } = claimed;
  if (accessKeyId === undefined) return { refusal: message(403, 'Forbidden') };
  // AWS: the scope of the signature is judged before the signature.
  if (claimed.signingName !== 'lambda') {
    return { refusal: refuseSignature("Credential should be scoped to correct service: 'lambda'. ") };
  }
  if (claimed.region !== region) {
    return { refusal: refuseSignature('Credential should be scoped to a valid region. ') };
  }
  try {
    const { principal } = await authenticate(request, claimed, {
      store: context.store,
      mode: context.trustsUnknownKeys ? 'trust' : 'verify',
      nowMs: context.clock.now(),
      // Clients sign with the world's time, which a virtual clock does not show.
      maxSkewMs: 'advance' in context.clock ? Number.POSITIVE_INFINITY : CLOCK_SKEW_MAX_MS,
      family: 'restJson',
    });
    return { caller: callerOf(principal, accessKeyId) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { refusal: refuseSignature(error.message, error.code) };
  }
}

/** AWS spells the member with a small letter here, with a capital one in its other refusals. */
function refuseSignature(text: string, code = 'InvalidSignatureException'): HttpResponse {
  return {
    status: 403,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify({ message: text }),
  };
}

function callerOf(principal: Principal, accessKey: string): UrlCaller {
  const common = { accessKey, accountId: principal.account, cognitoIdentity: null, principalOrgId: null };
  switch (principal.kind) {
    case 'user':
    case 'role':
      return { ...common, callerId: principal.userId, userArn: principal.arn, userId: principal.userId };
    case 'root':
    case 'service':
    case 'anonymous': {
      const userArn = `arn:aws:iam::${principal.account}:root`;
      return { ...common, callerId: principal.account, userArn, userId: principal.account };
    }
  }
}
