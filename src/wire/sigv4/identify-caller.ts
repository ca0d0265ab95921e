// Reads who claims to have signed a request, without checking it: cheap, done for every request.
import type { HttpRequest } from '../http.ts';
import { readQueryParameter } from './query-parameters.ts';

export interface Caller {
  readonly accessKeyId?: string;
  readonly region?: string;
  /** The service of the credential scope. */
  readonly signingName?: string;
  readonly sessionToken?: string;
  readonly form: 'header' | 'presigned' | 'anonymous';
}

const ANONYMOUS: Caller = { form: 'anonymous' };
const CREDENTIAL = 'Credential=';

export function identifyCaller(request: HttpRequest): Caller {
  const { authorization } = request.headers;
  if (authorization !== undefined)
    return identifyHeader(authorization, request.headers['x-amz-security-token']);
  if (request.query === '') return ANONYMOUS;
  return identifyPresigned(request.query);
}

function identifyHeader(authorization: string, sessionToken: string | undefined): Caller {
  if (authorization.startsWith('AWS4-')) {
    const start = authorization.indexOf(CREDENTIAL);
    if (start === -1) return { form: 'header' };
    const end = authorization.indexOf(',', start);
    const credential = authorization
      .slice(start + CREDENTIAL.length, end === -1 ? undefined : end)
      .trim();
    return identifyCredential(credential, sessionToken);
  }
  // Signature version 2, of which only S3 speaks the header form: `AWS AKID:signature`.
  if (authorization.startsWith('AWS ')) {
    const accessKeyId = authorization.slice(4).split(':')[0] ?? '';
    return {
      accessKeyId,
      signingName: 's3',
      form: 'header',
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
  }
  // `Bearer` and the like belong to the application, not to AWS.
  return ANONYMOUS;
}

/** A client signs with the same scope all day long, so that what it says is worked out once. */
const known = new Map<string, Caller>();
const KNOWN_MAX = 1_000;

function identifyCredential(credential: string, sessionToken: string | undefined): Caller {
  let caller = known.get(credential);
  if (caller === undefined) {
    caller = describeCredential(credential, 'header', undefined);
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(credential, caller);
  }
  return sessionToken === undefined ? caller : { ...caller, sessionToken };
}

function identifyPresigned(query: string): Caller {
  const credential = readQueryParameter(query, 'X-Amz-Credential');
  if (credential !== undefined) {
    return describeCredential(
      credential,
      'presigned',
      readQueryParameter(query, 'X-Amz-Security-Token'),
    );
  }
  // Signature version 2: boto3 still presigns S3 URLs this way unless told otherwise.
  const accessKeyId = readQueryParameter(query, 'AWSAccessKeyId');
  if (accessKeyId === undefined || readQueryParameter(query, 'Signature') === undefined)
    return ANONYMOUS;
  const sessionToken = readQueryParameter(query, 'x-amz-security-token');
  return {
    accessKeyId,
    signingName: 's3',
    form: 'presigned',
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}

/** `AKID/20260102/us-east-1/s3/aws4_request`; SigV4A leaves the region out. */
function describeCredential(
  credential: string,
  form: 'header' | 'presigned',
  sessionToken: string | undefined,
): Caller {
  const parts = credential.split('/');
  const [accessKeyId, signingName] = [parts[0], parts.at(-2)];
  const region = parts.length >= 5 ? parts.at(-3) : undefined;
  return {
    form,
    ...(accessKeyId === undefined || accessKeyId === '' ? {} : { accessKeyId }),
    ...(region === undefined || region === '' ? {} : { region }),
    ...(parts.length < 4 || signingName === undefined || signingName === '' ? {} : { signingName }),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}
