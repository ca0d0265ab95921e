// The life of a request: one ordered list of stages, readable from top to bottom.
import type { ServiceError } from '../base/errors.ts';
import type { ActivityToken } from '../base/activity.ts';
import type { HttpRequest, HttpResponse } from '../wire/http.ts';
import type { RoutedCall } from '../wire/protocol.ts';
import type { Router } from '../wire/router.ts';
import { familyOfProtocol } from '../wire/sigv4/auth-errors.ts';
import { decodeAwsChunked } from '../wire/sigv4/aws-chunked.ts';
import { identifyCaller } from '../wire/sigv4/identify-caller.ts';
import { type AuthenticationMode, type Caller, DEFAULT_REGION, authenticate } from './authenticate.ts';
import type { Audit } from './audit.ts';
import type { Principal, RequestContext, Scope } from './context.ts';
import type { Faults } from './faults.ts';
import { type Registry, toServiceError } from './registry.ts';
import type { Check, Validators } from './validators.ts';

/** What the stages need of the kernel. */
export interface PipelineParts {
  readonly router: Router;
  readonly registry: Registry;
  readonly validators: Validators;
  readonly faults: Faults;
  readonly audit: Audit;
  readonly mode: AuthenticationMode;
  readonly nowMs: () => number;
  /** Tolerated between a request's time and ours. */
  readonly maxSkewMs: number;
  readonly newRequestId: () => string;
  readonly store: RequestContext['store'];
  readonly contextFor: (call: ContextRequest) => RequestContext;
  readonly onDefect: (error: unknown, where: string) => void;
}

export interface ContextRequest extends Scope {
  readonly service: string;
  readonly operation: string;
  readonly requestId: string;
  readonly principal: Principal;
  readonly activity: ActivityToken;
  readonly traceId: string | undefined;
  readonly http?: HttpRequest;
}

/** One operation on its way: what the stages have found out so far. */
interface Exchange {
  readonly service: string;
  readonly operation: string;
  readonly context: RequestContext;
  input: unknown;
  output: unknown;
  decision: Readonly<Record<string, unknown>> | undefined;
}

type Stage = (exchange: Exchange, parts: PipelineParts) => void | Promise<void>;

// Stages that external and in-process calls share. What comes before (identify, authenticate, parse)
// and after (serialise) is about bytes, and stands in `handleHttp`.
const STAGES: readonly Stage[] = [validate, authorise, strikeBefore, handle, strikeAfter];

function validate(exchange: Exchange, parts: PipelineParts): Promise<void> | void {
  const { validators } = parts;
  const check = validators.of(exchange.service);
  if (check !== undefined) return applyCheck(check, exchange);
  return validators.load(exchange.service).then((loaded) => applyCheck(loaded, exchange));
}

function applyCheck(check: Check | undefined, { operation, input }: Exchange): void {
  const problem = check?.(operation, input);
  if (problem !== undefined) throw problem;
}

/** Full policy evaluation comes with the IAM service; the decision it would make is on record. */
function authorise(exchange: Exchange): void {
  const { principal } = exchange.context;
  exchange.decision = {
    action: `${exchange.service}:${exchange.operation}`,
    principal: principal.kind === 'service' ? principal.service : principalArn(principal),
    evaluated: false,
  };
}

function strikeBefore(exchange: Exchange, parts: PipelineParts): Promise<void> | void {
  return parts.faults.strike(exchange.service, exchange.operation, 'before');
}

async function handle(exchange: Exchange, parts: PipelineParts): Promise<void> {
  const handler = parts.registry.handler(exchange.service, exchange.operation);
  // The registry erased the handler's input type; the schema that parsed the input is its proof.
  exchange.output = await handler(exchange.input as never, exchange.context);
}

function strikeAfter(exchange: Exchange, parts: PipelineParts): Promise<void> | void {
  return parts.faults.strike(exchange.service, exchange.operation, 'after');
}

/** Runs the shared stages and records the call; throws what the caller is to be told. */
async function perform(exchange: Exchange, parts: PipelineParts): Promise<unknown> {
  try {
    for (const stage of STAGES) {
      const pending = stage(exchange, parts);
      if (pending !== undefined) await pending;
    }
    recordCall(exchange, parts);
    return exchange.output;
  } catch (thrown) {
    const { error, defect } = toServiceError(thrown);
    if (defect) parts.onDefect(thrown, `${exchange.service}.${exchange.operation}`);
    recordCall(exchange, parts, error);
    throw error;
  }
}

function recordCall(exchange: Exchange, parts: PipelineParts, error?: ServiceError): void {
  const { context } = exchange;
  if (parts.registry.isDataEvent(exchange.service, exchange.operation)) return;
  parts.audit.record({
    account: context.account,
    region: context.region,
    service: exchange.service,
    operation: exchange.operation,
    requestId: context.requestId,
    principal: context.principal,
    sourceIp: context.http?.sourceIp ?? (context.principal.kind === 'service' ? context.principal.service : ''),
    userAgent: context.http?.headers['user-agent'] ?? 'cloudlet',
    ...(exchange.decision === undefined ? {} : { decision: exchange.decision }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
  });
}

/** An in-process call: the same stages, minus the bytes. */
export function performCall(context: RequestContext, input: unknown, parts: PipelineParts): Promise<unknown> {
  const { service, operation } = context;
  return perform({ service, operation, context, input, output: undefined, decision: undefined }, parts);
}

/** A request over HTTP, from its head to its response; never throws. */
export async function handleHttp(
  request: HttpRequest,
  activity: ActivityToken,
  parts: PipelineParts,
): Promise<HttpResponse> {
  const requestId = parts.newRequestId();
  const caller = identifyCaller(request);
  const found = parts.router.route(request, caller);
  const routed = found instanceof Promise ? await found : found;
  if (routed.kind === 'failure') return routed.protocol.serializeError(routed, routed.error, requestId);
  let response: HttpResponse;
  try {
    response = await answer({ routed, caller, activity, requestId }, parts);
  } catch (thrown) {
    const { error, defect } = toServiceError(thrown);
    if (defect) parts.onDefect(thrown, `${routed.model.row.id}.${routed.operation.name}`);
    response = routed.protocol.serializeError(routed, error, requestId);
  }
  return request.headers['origin'] === undefined ? response : withCrossOrigin(response, routed, parts);
}

/** A browser's page of another origin asks: the service may have rules for that. */
async function withCrossOrigin(
  response: HttpResponse,
  { request, labels, model }: RoutedCall,
  parts: PipelineParts,
): Promise<HttpResponse> {
  const headersFor = parts.registry.services.get(model.row.id)?.crossOrigin;
  if (headersFor === undefined) return response;
  const headers = await headersFor(request, labels, parts.store);
  return { ...response, headers: { ...response.headers, ...headers } };
}

interface Arrival {
  readonly routed: RoutedCall;
  readonly caller: Caller;
  readonly activity: ActivityToken;
  readonly requestId: string;
}

async function answer(arrival: Arrival, parts: PipelineParts): Promise<HttpResponse> {
  const { caller, requestId } = arrival;
  const { model, operation, protocol } = arrival.routed;
  const { request } = arrival.routed;
  const authenticated = authenticate(request, caller, {
    store: parts.store,
    mode: parts.mode,
    nowMs: parts.nowMs(),
    maxSkewMs: parts.maxSkewMs,
    family: familyOfProtocol(protocol.name),
  });
  const { principal, material } =
    authenticated instanceof Promise ? await authenticated : authenticated;
  const body = decodeAwsChunked(request.body, request.headers, material);
  const routed =
    body === request.body
      ? arrival.routed
      : { ...arrival.routed, request: { ...request, body, signal: request.signal } };
  const context = parts.contextFor({
    service: model.row.id,
    operation: operation.name,
    requestId,
    account: principal.account,
    region: caller.region ?? DEFAULT_REGION,
    principal,
    activity: arrival.activity,
    traceId: readTraceId(request),
    http: routed.request,
  });
  // An operation that is not there says so before its input is judged.
  parts.registry.handler(model.row.id, operation.name);
  const input = await protocol.parse(routed);
  const output = await performCall(context, input, parts);
  return protocol.serialize(routed, output, requestId);
}

/** Longer ones are no trace of ours, and would be stored with every message. */
const TRACE_ID_LENGTH_MAX = 1_024;

function readTraceId({ headers }: HttpRequest): string | undefined {
  const given = headers['x-amzn-trace-id'];
  return given === undefined || given.length > TRACE_ID_LENGTH_MAX ? undefined : given;
}

function principalArn(principal: Exclude<Principal, { kind: 'service' }>): string {
  switch (principal.kind) {
    case 'root':
      return `arn:aws:iam::${principal.account}:root`;
    case 'anonymous':
      return 'anonymous';
    case 'user':
    case 'role':
      return principal.arn;
  }
}
