// The Extensions API of one environment: who registered, who waits for the next event, who failed.
import { randomUUID } from 'node:crypto';
import type { Respond, RuntimeRequest } from './http-connection.ts';
import type { Telemetry } from './telemetry.ts';

export type ShutdownReason = 'spindown' | 'timeout' | 'failure';

export interface ExtensionFailure {
  /** `Extension.Crash`, or what the extension gave as its error's type. */
  readonly errorType: string;
  readonly message: string;
}

export interface InvokeEvent {
  readonly requestId: string;
  readonly invokedArn: string;
  readonly deadlineMs: number;
  readonly traceId?: string | undefined;
}

export interface ExtensionsSettings {
  /** Programs in /opt/extensions: init waits until all of them have registered. */
  readonly programs: readonly string[];
  readonly functionName: string;
  readonly functionVersion: string;
  readonly handler: string;
  readonly account: string;
  readonly telemetry: Telemetry;
}

interface Extension {
  readonly id: string;
  readonly name: string;
  readonly events: readonly string[];
  /** Waits for an event. */
  waiting: Respond | undefined;
  /** Came for its next event since it was last given one. */
  settled: boolean;
  /** An event it has not come for yet. */
  due: string | undefined;
  ended: boolean;
}

const REGISTER = '/2020-01-01/extension/register';
const NEXT = '/2020-01-01/extension/event/next';
const ERRORS = /^\/2020-01-01\/extension\/(init|exit)\/error$/;
const TELEMETRY = /^\/(2022-07-01\/telemetry|2020-08-15\/logs)$/;
/** AWS: docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html */
const MAX_EXTENSIONS = 10;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Statuses, error types and messages: Runtime Interface Emulator, rapi/handler. */
export class Extensions {
  readonly programs: readonly string[];
  readonly telemetry: Telemetry;
  /** Called when `settled` may have become true. */
  onSettled: () => void = () => {};
  onFailure: (failure: ExtensionFailure) => void = () => {};

  readonly #settings: ExtensionsSettings;
  readonly #byId = new Map<string, Extension>();
  readonly #endedEarly = new Set<string>();
  /** For programs until the first invocation; for what runs inside the runtime, until its first `next`. */
  #open = true;
  #openInside = true;
  #onAllEnded: (() => void) | undefined;

  constructor(settings: ExtensionsSettings) {
    this.#settings = settings;
    this.programs = settings.programs;
    this.telemetry = settings.telemetry;
  }

  /** Whether the programs are all there and everybody waits for the next event. */
  get settled(): boolean {
    const all = [...this.#byId.values()];
    const present = this.programs.every((name) => all.some((extension) => extension.name === name));
    return present && all.every(({ settled }) => settled);
  }

  /** True when the request was for this API. */
  handle(request: RuntimeRequest, respond: Respond): boolean {
    const { method, path } = request;
    if (method === 'POST' && path === REGISTER) {
      this.#register(request, respond);
      return true;
    }
    const isNext = method === 'GET' && path === NEXT;
    const isError = method === 'POST' && ERRORS.test(path);
    const isTelemetry = method === 'PUT' && TELEMETRY.test(path);
    if (!isNext && !isError && !isTelemetry) return false;
    const extension = this.#identify(request, respond);
    if (extension === undefined) return true;
    if (isNext) this.#awaitEvent(extension, respond);
    else if (isError) this.#report(extension, request, respond);
    else this.#subscribe(extension, request, respond);
    return true;
  }

  /** A connection was lost on which this answer was due. */
  lost(respond: Respond): void {
    for (const extension of this.#byId.values()) {
      if (extension.waiting === respond) extension.waiting = undefined;
    }
  }

  /** From the first `next` of the runtime on nothing inside it may register. */
  closeRegistration(): void {
    this.#openInside = false;
  }

  invoke({ requestId, invokedArn, deadlineMs, traceId }: InvokeEvent): void {
    this.#open = false;
    const event = JSON.stringify({
      eventType: 'INVOKE',
      deadlineMs,
      requestId,
      invokedFunctionArn: invokedArn,
      tracing: { type: 'X-Amzn-Trace-Id', value: traceId ?? '' },
    });
    for (const extension of this.#byId.values()) {
      if (extension.events.includes('INVOKE')) give(extension, event);
    }
  }

  /** Resolves once all that were told have ended; at once when nobody asked to be told. */
  shutdown(shutdownReason: ShutdownReason, deadlineMs: number): Promise<void> {
    this.#open = false;
    const all = [...this.#byId.values()];
    const told = all.filter(({ events, ended }) => events.includes('SHUTDOWN') && !ended);
    const event = JSON.stringify({ eventType: 'SHUTDOWN', shutdownReason, deadlineMs });
    for (const extension of told) give(extension, event);
    if (told.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onAllEnded = () => {
        if (told.every(({ ended }) => ended)) resolve();
      };
    });
  }

  /** A program has ended. */
  ended(name: string, status: number): void {
    this.#endedEarly.add(name);
    for (const extension of this.#byId.values()) if (extension.name === name) extension.ended = true;
    if (this.#onAllEnded !== undefined) return this.#onAllEnded();
    return this.onFailure({ errorType: 'Extension.Crash', message: `exit status ${status}` });
  }

  /** For the log: name and events of each. */
  describe(): { readonly name: string; readonly events: readonly string[] }[] {
    return [...this.#byId.values()].map(({ name, events }) => ({ name, events }));
  }

  #register(request: RuntimeRequest, respond: Respond): void {
    const name = request.headers['lambda-extension-name'] ?? '';
    const refusal = this.#refuseName(name);
    if (refusal !== undefined) return refuse(respond, ...refusal);
    const events = readEvents(request.body);
    if (events === undefined) return refuse(respond, 'InvalidRequestFormat', 'Invalid request', 400);
    const allowed = this.programs.includes(name) ? ['INVOKE', 'SHUTDOWN'] : ['INVOKE'];
    const wrong = events.find((event) => !allowed.includes(event));
    if (wrong === 'SHUTDOWN') {
      const type = 'ShutdownEventNotSupportedForInternalExtension';
      return refuse(respond, type, `Invalid event type: ${wrong}`);
    }
    if (wrong !== undefined) {
      return refuse(respond, 'Extension.InvalidEventType', `Invalid event type: ${wrong}`, 400);
    }
    const id = randomUUID();
    const ended = this.#endedEarly.has(name);
    const state = { waiting: undefined, settled: false, due: undefined, ended };
    this.#byId.set(id, { id, name, events, ...state });
    const { functionName, functionVersion, handler, account } = this.#settings;
    const accepts = request.headers['lambda-extension-accept-feature'] ?? '';
    const accountId = accepts.includes('accountId') ? { accountId: account } : {};
    const body = JSON.stringify({ functionName, functionVersion, handler, ...accountId });
    this.telemetry.emit('platform.extension', { name, state: 'Registered', events });
    return respond(200, `${JSON_TYPE}Lambda-Extension-Identifier: ${id}\r\n`, body);
  }

  #refuseName(name: string): [type: string, message: string] | undefined {
    if (name === '') return ['Extension.InvalidExtensionName', 'Empty extension name'];
    if (!this.#open || !(this.#openInside || this.programs.includes(name))) {
      return ['Extension.RegistrationClosed', 'Extension registration closed already'];
    }
    if (this.#byId.size >= MAX_EXTENSIONS) {
      return ['Extension.TooManyExtensions', `Extension limit (${MAX_EXTENSIONS}) reached`];
    }
    const known = [...this.#byId.values()].some((extension) => extension.name === name);
    return known ? ['Extension.AlreadyRegistered', 'Extension already registered'] : undefined;
  }

  #identify(request: RuntimeRequest, respond: Respond): Extension | undefined {
    const id = request.headers['lambda-extension-identifier'];
    const extension = this.#byId.get(id?.toLowerCase() ?? '');
    if (extension !== undefined) return extension;
    if (id === undefined) {
      const text = 'Missing Lambda-Extension-Identifier header';
      refuse(respond, 'Extension.MissingExtensionIdentifier', text);
    } else if (UUID.test(id)) {
      refuse(respond, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${id}`);
    } else {
      const text = 'Invalid Lambda-Extension-Identifier';
      refuse(respond, 'Extension.InvalidExtensionIdentifier', text);
    }
    return undefined;
  }

  #awaitEvent(extension: Extension, respond: Respond): void {
    const first = !extension.settled;
    extension.waiting = respond;
    if (extension.due !== undefined) return give(extension, extension.due);
    extension.settled = true;
    if (first) this.onSettled();
    return undefined;
  }

  #report(extension: Extension, request: RuntimeRequest, respond: Respond): void {
    const isInit = ERRORS.exec(request.path)?.[1] === 'init';
    const { name, events } = extension;
    const type = request.headers['lambda-extension-function-error-type'];
    if (type === undefined) {
      const text = 'Lambda-Extension-Function-Error-Type not found';
      return refuse(respond, 'Extension.MissingHeader', text);
    }
    respond(202, JSON_TYPE, '{"status":"OK"}\n');
    const state = isInit ? 'InitError' : 'ExitError';
    this.telemetry.emit('platform.extension', { name, state, errorType: type, events });
    return this.onFailure({ errorType: `Extension.${state}`, message: type });
  }

  #subscribe(extension: Extension, request: RuntimeRequest, respond: Respond): void {
    if (!this.#open) {
      const which = request.path.endsWith('/logs') ? 'Logs' : 'Telemetry';
      const text = `${which} API subscription is closed already`;
      return refuse(respond, `${which}.SubscriptionClosed`, text);
    }
    const problem = this.telemetry.subscribe(extension.name, request.path, request.body);
    if (problem !== undefined) return refuse(respond, 'ValidationError', problem, 400);
    return respond(200, 'Content-Type: text/plain\r\n', 'OK');
  }
}

/** Hands an event over, or keeps it until the extension comes for it. */
function give(extension: Extension, event: string): void {
  const { waiting } = extension;
  extension.settled = false;
  extension.due = waiting === undefined ? event : undefined;
  extension.waiting = undefined;
  waiting?.(200, `${JSON_TYPE}Lambda-Extension-Event-Identifier: ${randomUUID()}\r\n`, event);
}

function readEvents(body: Buffer): string[] | undefined {
  try {
    const { events = [] } = JSON.parse(body.toString()) as { events?: unknown };
    const isList = Array.isArray(events) && events.every((event) => typeof event === 'string');
    return isList ? events : undefined;
  } catch {
    return undefined;
  }
}

function refuse(respond: Respond, errorType: string, errorMessage: string, status = 403): void {
  respond(status, JSON_TYPE, `${JSON.stringify({ errorMessage, errorType })}\n`);
}
