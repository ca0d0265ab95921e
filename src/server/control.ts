// The cloud's own HTTP interface under /_cloudlet/: health, clock, faults, audit, stop.
import type { AdvanceReport, Clock } from '../base/clock.ts';
import { parseDuration } from '../base/duration.ts';
import { UserError } from '../base/errors.ts';
import type { IsolationReport } from '../engine/isolation/isolation-report.ts';
import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '../kernel/authenticate.ts';
import { listAuditEvents } from '../kernel/audit.ts';
import type { FaultRule } from '../kernel/faults.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { HttpRequest, HttpResponse } from '../wire/http.ts';
import type { CostReport } from './cost-report.ts';
import { VERSION } from './version.ts';

/** What the control interface needs of the cloud it steers. */
export interface ControlParts {
  readonly cloud: {
    readonly endpoint: string;
    readonly clock: Clock;
    readonly kernel: Kernel;
    /** How functions are kept apart, as far as that is known yet. */
    readonly isolation: IsolationReport | undefined;
    advance(deltaMs: number): Promise<AdvanceReport>;
    cost(account: string, sinceMs?: number): Promise<CostReport>;
  };
  readonly clockKind: 'system' | 'virtual';
  /** Absent when the cloud is embedded in a program that closes it itself. */
  readonly onStopRequest: (() => void) | undefined;
}
type Action = (request: HttpRequest, parts: ControlParts) => Promise<unknown>;

const BODY_BYTES_MAX = 1_048_576;

const ACTIONS: Readonly<Record<string, Action>> = {
  'GET /_cloudlet/health': health,
  'GET /_localstack/health': health,
  'GET /_cloudlet/clock': async (_request, parts) => clockState(parts),
  'POST /_cloudlet/clock': advanceClock,
  'GET /_cloudlet/faults': async (_request, { cloud }) => ({ rules: cloud.kernel.faults.rules }),
  'POST /_cloudlet/faults': replaceFaults,
  'GET /_cloudlet/audit': recentAudit,
  'GET /_cloudlet/cost': cost,
  'POST /_cloudlet/stop': stop,
};

/** Answers requests to the control paths; undefined for all others. */
export function createControl(
  parts: ControlParts,
): (request: HttpRequest) => Promise<HttpResponse> | undefined {
  return (request) => {
    if (!request.path.startsWith('/_cloudlet/') && !request.path.startsWith('/_localstack/')) {
      return undefined;
    }
    return respond(request, parts);
  };
}

async function respond(request: HttpRequest, parts: ControlParts): Promise<HttpResponse> {
  const action = ACTIONS[`${request.method} ${request.path}`];
  if (action === undefined) {
    return json(404, { error: 'ERR_NO_SUCH_PATH', message: `nothing at ${request.method} ${request.path}` });
  }
  // What steers the cloud is not for the code that runs in it.
  if (request.isFromFunction === true && action !== health) {
    return json(403, { error: 'ERR_FUNCTION', message: 'functions cannot steer the cloud they run in' });
  }
  // A web page of another site must not steer the cloud: browsers send Origin, our commands do not.
  const { origin, host } = request.headers;
  if (request.method !== 'GET' && origin !== undefined && origin !== `http://${host}`) {
    return json(403, { error: 'ERR_ORIGIN', message: `requests from ${origin} are refused` });
  }
  try {
    return json(200, await action(request, parts));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return json(400, { error: error.code, message: error.message, fix: error.fix });
  }
}

async function health(_request: HttpRequest, parts: ControlParts): Promise<unknown> {
  const services = [...parts.cloud.kernel.registry.services.keys()].toSorted();
  return {
    status: 'running',
    version: VERSION,
    endpoint: parts.cloud.endpoint,
    clock: clockState(parts),
    services: Object.fromEntries(services.map((id) => [id, 'running'])),
    ...(parts.cloud.isolation === undefined ? {} : { isolation: parts.cloud.isolation }),
  };
}

function clockState({ cloud, clockKind }: ControlParts): unknown {
  return { kind: clockKind, now: new Date(cloud.clock.now()).toISOString() };
}

async function advanceClock(request: HttpRequest, { cloud }: ControlParts): Promise<unknown> {
  const { advance } = await readJson(request);
  if (typeof advance !== 'string' && typeof advance !== 'number') {
    throw new UserError('ERR_CLOCK_REQUEST', 'the body has no `advance`', {
      fix: 'send {"advance": "PT6H"} or {"advance": "30s"}',
    });
  }
  const report = await cloud.advance(parseDuration(advance));
  return {
    from: new Date(report.fromMs).toISOString(),
    now: new Date(report.toMs).toISOString(),
    fired: report.fired.map(({ atMs, label }) => ({ at: new Date(atMs).toISOString(), timer: label })),
  };
}

async function replaceFaults(request: HttpRequest, { cloud }: ControlParts): Promise<unknown> {
  const { rules } = await readJson(request);
  if (!Array.isArray(rules) || !rules.every(isFaultRule)) {
    throw new UserError('ERR_FAULT_RULES', 'the body needs `rules`, a list of fault rules', {
      fix: 'for example {"rules": [{"service": "dynamodb", "operation": "PutItem", "rate": 0.1, "error": {"code": "ThrottlingException"}}]}',
    });
  }
  cloud.kernel.faults.replace(rules);
  return { rules: cloud.kernel.faults.rules };
}

function isFaultRule(rule: unknown): rule is FaultRule {
  if (typeof rule !== 'object' || rule === null) return false;
  const known = new Set(['service', 'operation', 'rate', 'times', 'latencyMs', 'error', 'when']);
  if (Object.keys(rule).some((name) => !known.has(name))) return false;
  const { service, operation, rate, times, latencyMs, error, when } = rule as Record<string, unknown>;
  return (
    [service, operation].every((text) => text === undefined || typeof text === 'string') &&
    [rate, times, latencyMs].every((n) => n === undefined || (typeof n === 'number' && n >= 0)) &&
    (when === undefined || when === 'before' || when === 'after') &&
    (error === undefined ||
      (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'))
  );
}

async function recentAudit(request: HttpRequest, { cloud }: ControlParts): Promise<unknown> {
  const query = new URLSearchParams(request.query);
  const limit = Math.min(Math.max(Number(query.get('limit') ?? 100) || 100, 1), 1_000);
  await cloud.kernel.flushAudit();
  const scope = {
    account: query.get('account') ?? DEFAULT_ACCOUNT,
    region: query.get('region') ?? DEFAULT_REGION,
  };
  return { events: await cloud.kernel.readStore((view) => listAuditEvents(view, scope, limit)) };
}

/** `?since=` takes a date, or a duration back from now; whole UTC days are counted. */
async function cost(request: HttpRequest, { cloud }: ControlParts): Promise<unknown> {
  const query = new URLSearchParams(request.query);
  const since = query.get('since');
  const account = query.get('account') ?? DEFAULT_ACCOUNT;
  return cloud.cost(account, since === null ? undefined : readSince(since, cloud.clock.now()));
}

function readSince(text: string, nowMs: number): number {
  const dateMs = /^\d{4}-\d\d-\d\d(T.*)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(dateMs)) return dateMs;
  try {
    return Math.max(0, nowMs - parseDuration(text));
  } catch (error) {
    throw new UserError('ERR_SINCE', `neither a date nor a duration: ${JSON.stringify(text)}`, {
      fix: 'write a date like 2026-11-01, or how far back like 7d',
      cause: error,
    });
  }
}

async function stop(_request: HttpRequest, { onStopRequest }: ControlParts): Promise<unknown> {
  if (onStopRequest === undefined) {
    throw new UserError('ERR_NOT_STOPPABLE', 'this cloud is embedded in a program, which closes it itself');
  }
  onStopRequest();
  return { status: 'stopping' };
}

async function readJson(request: HttpRequest): Promise<Record<string, unknown>> {
  const text = Buffer.from(await request.body.bytes(BODY_BYTES_MAX)).toString('utf8');
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the one answer for every body that is not a JSON object.
  }
  throw new UserError('ERR_JSON_BODY', 'the request body is not a JSON object');
}

function json(status: number, value: unknown): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(value)}\n` };
}
