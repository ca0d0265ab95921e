// Finds the service, operation and protocol of a request.
import { ServiceError } from '../base/errors.ts';
import { signingNameOf } from './credential-scope.ts';
import { parseForm } from './form-reader.ts';
import type { HttpRequest } from './http.ts';
import type { Protocol, RoutedCall, RouteFailure } from './protocol.ts';
import { protocolNamed } from './protocols.ts';
import { isForm, readFormFields } from './query.ts';
import { restRoutesOf } from './rest-routes.ts';
import type { RestMatch } from './rest-routes.ts';
import { addressOf, bucketOfHost } from './s3-address.ts';
import type { Operation, ProtocolName, ServiceModel, ServiceRow } from './service-model.ts';

export interface RouterOptions {
  readonly rows: readonly ServiceRow[];
  /** Called at most once per row while it succeeds. */
  readonly load: (row: ServiceRow) => Promise<ServiceModel>;
}

/** What the caller already knows. */
interface RouteHint {
  /** Service name of the credential scope. */
  readonly signingName?: string;
  /** Bucket named by the host, when the caller has resolved it. */
  readonly virtualHostBucket?: string;
}

export interface Router {
  /** Never throws for what a client sent: a request that cannot be routed is a RouteFailure. */
  route(request: HttpRequest, hint?: RouteHint): Routed | Promise<Routed>;
}

type Routed = RoutedCall | RouteFailure;
type LoadModel = (row: ServiceRow) => Promise<ServiceModel>;

const RPC_PATH = /^\/service\/([^/]+)\/operation\/([^/]+)\/?$/;
const S3_SIGNING_NAMES: ReadonlySet<string> = new Set([
  's3',
  's3express',
  's3-object-lambda',
  's3-outposts',
]);

export function createRouter({ rows, load }: RouterOptions): Router {
  const loading = new Map<ServiceRow, Promise<ServiceModel>>();
  const targets = new Map<string, Target>();
  const loadOnce: LoadModel = (row) => {
    const before = loading.get(row);
    if (before !== undefined) return before;
    const model = load(row);
    loading.set(row, model);
    // A failed load may succeed next time.
    model.catch(() => loading.delete(row));
    return model;
  };
  const services: Services = { rows, load: loadOnce };

  async function routeSlowly(request: HttpRequest, hint: RouteHint): Promise<Routed> {
    try {
      return await route(request, hint, services);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return { kind: 'failure', request, error, protocol: guessProtocol(request) };
    }
  }

  return {
    route(request, hint = {}) {
      const target = request.headers['x-amz-target'];
      const known = target === undefined ? undefined : targets.get(target);
      if (known !== undefined) {
        const { model, operation, protocol } = known;
        return { kind: 'routed', request, model, operation, protocol, labels: NO_LABELS };
      }
      const routed = routeSlowly(request, hint);
      return target === undefined ? routed : routed.then((found) => remember(target, found));
    },
  };

  /** A target that names an operation always names the same: there are as many as operations. */
  function remember(target: string, routed: Routed): Routed {
    if (routed.kind === 'routed') {
      const { model, operation, protocol } = routed;
      targets.set(target, { model, operation, protocol });
    }
    return routed;
  }
}

const NO_LABELS: RoutedCall['labels'] = {};

type Target = Pick<RoutedCall, 'model' | 'operation' | 'protocol'>;

interface Services {
  readonly rows: readonly ServiceRow[];
  readonly load: LoadModel;
}

async function route(request: HttpRequest, hint: RouteHint, services: Services): Promise<Routed> {
  const target = request.headers['x-amz-target'];
  if (target !== undefined) return routeTarget(request, target, services);
  const signingName = hint.signingName ?? signingNameOf(request);
  const rpc = request.headers['smithy-protocol'] === 'rpc-v2-cbor' ? RPC_PATH.exec(request.path) : null;
  if (rpc !== null) {
    const [, service = '', operation = ''] = rpc;
    return routeRpc(request, { service, operation, signingName }, services);
  }
  const bucket = hint.virtualHostBucket ?? bucketOfHost(request.headers['host'] ?? '');
  if (bucket !== null || (signingName !== undefined && S3_SIGNING_NAMES.has(signingName))) {
    return routeS3(request, bucket ?? undefined, services);
  }
  if (signingName === undefined) return routeUnsigned(request, services);
  const candidates = services.rows.filter((row) => row.signingName === signingName);
  if (candidates.length === 0) throw unknownService(signingName);
  return routeAmong(request, candidates, services);
}

async function routeRpc(
  request: HttpRequest,
  named: { service: string; operation: string; signingName: string | undefined },
  { rows, load }: Services,
): Promise<Routed> {
  const speakers = rows.filter(({ protocols }) => protocols.includes('rpcv2Cbor'));
  const row =
    speakers.find(({ targetPrefix }) => targetPrefix === named.service) ??
    speakers.find(({ signingName }) => signingName === named.signingName);
  if (row === undefined) throw unknownService(named.service);
  const model = await load(row);
  const protocol = protocolNamed('rpcv2Cbor');
  const operation = model.operations.get(named.operation);
  if (operation !== undefined)
    return { kind: 'routed', request, model, operation, protocol, labels: {} };
  // Smithy RPC v2: a path that names no operation is answered with 404.
  // <smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>
  return { kind: 'failure', request, model, protocol, error: unknownOperation(404) };
}

async function routeTarget(
  request: HttpRequest,
  target: string,
  { rows, load }: Services,
): Promise<Routed> {
  const dot = target.lastIndexOf('.');
  const prefix = target.slice(0, dot);
  const row = rows.find(
    ({ targetPrefix, protocols }) => targetPrefix === prefix && jsonOf(protocols) !== undefined,
  );
  if (row === undefined) throw unknownOperation(400);
  const model = await load(row);
  const protocol = protocolNamed(jsonOf(row.protocols) ?? 'awsJson1_0');
  const operation = model.operations.get(target.slice(dot + 1));
  if (operation === undefined)
    return { kind: 'failure', request, model, protocol, error: unknownOperation(400) };
  return { kind: 'routed', request, model, operation, protocol, labels: {} };
}

async function routeAmong(
  request: HttpRequest,
  candidates: readonly ServiceRow[],
  services: Services,
): Promise<Routed> {
  let failure: Routed | undefined;
  for (const row of candidates) {
    const query = row.protocols.find((name) => name === 'awsQuery' || name === 'ec2Query');
    const rest = row.protocols.find((name) => name === 'restJson1' || name === 'restXml');
    let routed: Routed;
    if (query !== undefined)
      routed = await routeAction(request, { row, protocol: protocolNamed(query) }, services);
    else if (rest !== undefined)
      routed = await routeRest(request, { row, protocol: protocolNamed(rest) }, services);
    else {
      const protocol = protocolNamed(row.protocols[0] ?? 'awsJson1_0');
      routed = {
        kind: 'failure',
        request,
        model: await services.load(row),
        protocol,
        error: unknownOperation(400),
      };
    }
    if (routed.kind === 'routed') return routed;
    failure ??= routed;
  }
  return (
    failure ?? {
      kind: 'failure',
      request,
      protocol: guessProtocol(request),
      error: unknownOperation(404),
    }
  );
}

interface Candidate {
  readonly row: ServiceRow;
  readonly protocol: Protocol;
}

async function routeAction(
  request: HttpRequest,
  { row, protocol }: Candidate,
  { load }: Services,
): Promise<Routed> {
  const model = await load(row);
  try {
    const fields = await readFormFields(request, row);
    const action = fields.find(([name]) => name === 'Action')?.[1];
    if (action === undefined) throw missingAction();
    const operation = model.operations.get(action);
    if (operation === undefined)
      throw invalidAction(action, fields.find(([name]) => name === 'Version')?.[1]);
    return { kind: 'routed', request, model, operation, protocol, labels: {} };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { kind: 'failure', request, model, protocol, error };
  }
}

async function routeRest(
  request: HttpRequest,
  { row, protocol }: Candidate,
  { load }: Services,
): Promise<Routed> {
  const model = await load(row);
  const found = findRest(model, request, { path: request.path });
  if (found !== undefined) return { kind: 'routed', request, model, protocol, ...found };
  return { kind: 'failure', request, model, protocol, error: unknownRestOperation() };
}

async function routeS3(
  request: HttpRequest,
  hostBucket: string | undefined,
  { rows, load }: Services,
): Promise<Routed> {
  const row = rows.find(({ id }) => id === 's3');
  if (row === undefined) throw unknownService('s3');
  const model = await load(row);
  const protocol = protocolNamed('restXml');
  const { bucket, path } = addressOf(request, hostBucket);
  let found: RestMatch | undefined;
  try {
    found = findRest(model, request, { path, hasBucket: bucket !== undefined });
    if (found !== undefined && bucket !== undefined)
      found.labels['Bucket'] = decodeURIComponent(bucket);
    // WriteGetObjectResponse stands where buckets do, under a name no bucket can have.
    found ??= findRest(model, request, { path: request.path, hasBucket: false });
  } catch (error) {
    if (!(error instanceof ServiceError) && !(error instanceof URIError)) throw error;
    return { kind: 'failure', request, model, protocol, error: invalidUri() };
  }
  if (found !== undefined) return { kind: 'routed', request, model, protocol, ...found };
  return { kind: 'failure', request, model, protocol, error: methodNotAllowed(request.method) };
}

async function routeUnsigned(request: HttpRequest, services: Services): Promise<Routed> {
  if (isForm(request) || /(?:^|&)Action=/.test(request.query)) {
    const fields = await readFormFields(request);
    const version = fields.find(([name]) => name === 'Version')?.[1];
    const action = fields.find(([name]) => name === 'Action')?.[1];
    const speakers = services.rows.filter(({ protocols }) =>
      protocols.some((name) => name === 'awsQuery' || name === 'ec2Query'),
    );
    const candidates = speakers.filter(
      ({ apiVersion }) => version === undefined || apiVersion === version,
    );
    // An object may be fetched with any query string: only the root path is surely an action's.
    const surely = isForm(request) || request.path === '/';
    if (action !== undefined && candidates.length > 0 && (surely || version !== undefined)) {
      const routed = await routeAmong(request, candidates, services);
      if (routed.kind === 'routed' || surely) return routed;
    }
    if (isForm(request)) {
      const error = action === undefined ? missingAction() : invalidAction(action, version);
      return { kind: 'failure', request, protocol: protocolNamed('awsQuery'), error };
    }
  }
  return routeS3(request, undefined, services);
}

function findRest(
  model: ServiceModel,
  { method, query, headers }: HttpRequest,
  where: { path: string; hasBucket?: boolean },
): { operation: Operation; labels: Record<string, string> } | undefined {
  try {
    return restRoutesOf(model)({ method, query: parseForm(query), headers, ...where });
  } catch (error) {
    if (error instanceof URIError) throw invalidUri();
    throw error;
  }
}

function jsonOf(protocols: readonly ProtocolName[]): ProtocolName | undefined {
  return protocols.find((name) => name === 'awsJson1_0' || name === 'awsJson1_1');
}

// Whatever the client seems to speak, it will understand the answer.
function guessProtocol({ headers, path }: HttpRequest): Protocol {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor' || RPC_PATH.test(path))
    return protocolNamed('rpcv2Cbor');
  const type = headers['content-type'] ?? '';
  if (headers['x-amz-target'] !== undefined) {
    return protocolNamed(type.includes('1.1') ? 'awsJson1_1' : 'awsJson1_0');
  }
  if (type.startsWith('application/x-www-form-urlencoded')) return protocolNamed('awsQuery');
  return protocolNamed(type.includes('xml') ? 'restXml' : 'restJson1');
}

// AWS: DynamoDB and its kin answer 400 without a message.
// <github.com/architect/dynalite test/connection>
function unknownOperation(status: number): ServiceError {
  return new ServiceError('UnknownOperationException', '', { status });
}

// AWS: REST APIs fail before they know the operation, in their authoriser.
// <github.com/aws/aws-cli/issues?q="Unable to determine service/operation name to be authorized">
function unknownRestOperation(): ServiceError {
  return new ServiceError(
    'AccessDeniedException',
    'Unable to determine service/operation name to be authorized',
    { status: 403 },
  );
}

// <docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
function missingAction(): ServiceError {
  return new ServiceError(
    'MissingAction',
    'The request is missing an action or a required parameter.',
  );
}

function invalidAction(action: string, version: string | undefined): ServiceError {
  const named = version ?? 'NO_VERSION_SPECIFIED';
  const message = `Could not find operation ${action} for version ${named}`;
  return new ServiceError('InvalidAction', message);
}

// <docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
function methodNotAllowed(method: string): ServiceError {
  return new ServiceError(
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    {
      status: 405,
      fields: { Method: method, ResourceType: 'SERVICE' },
    },
  );
}

function invalidUri(): ServiceError {
  return new ServiceError('InvalidURI', "Couldn't parse the specified URI.");
}

// Differs: AWS has no such answer, because there each service has its own host.
function unknownService(name: string): ServiceError {
  return new ServiceError('NotImplemented', `The service '${name}' is not part of this cloud.`, {
    status: 501,
  });
}
