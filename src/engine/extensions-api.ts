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

export interface Extensions {
  readonly programs: readonly string[];
  readonly telemetry: Telemetry;
  /** Whether the programs are all there and everybody waits for the next event. */
  readonly settled: boolean;
  /** Called when `settled` may have become true. */
  onSettled: () => void;
  onFailure: (failure: ExtensionFailure) => void;
  /** True when the request was for this API. */
  handle(request: RuntimeRequest, respond: Respond): boolean;
  /** A connection was lost on which this answer was due. */
  lost(respond: Respond): void;
  /** From the first `next` of the runtime on nothing inside it may register. */
  closeRegistration(): void;
  invoke(event: InvokeEvent): void;
  /** Resolves once all that were told have ended; at once when nobody asked to be told. */
  shutdown(reason: ShutdownReason, deadlineMs: number): Promise<void>;
  /** A program has ended. */
  ended(name: string, status: number): void;
  /** For the log: name, state and events of each, as the platform writes it. */
  describe(): { readonly name: string; readonly events: readonly string[] }[];
}

interface Extension {
  readonly id: string;
  readonly name: string;
  readonly isProgram: boolean;
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
export function createExtensions(settings: ExtensionsSettings): Extensions {
  const { programs, telemetry } = settings;
  const byId = new Map<string, Extension>();
  const endedEarly = new Set<string>();
  /** For programs until the first invocation; for what runs inside the runtime, until its first `next`. */
  let open = true;
  let openInside = true;
  let onAllEnded: (() => void) | undefined;

  const self: Extensions = {
    programs,
    telemetry,
    get settled() {
      const all = [...byId.values()];
      const present = programs.every((name) => all.some((extension) => extension.name === name));
      return present && all.every(({ settled }) => settled);
    },
    onSettled() {},
    onFailure() {},
    handle(request, respond) {
      const { method, path } = request;
      if (method === 'POST' && path === REGISTER) register(request, respond);
      else if (method === 'GET' && path === NEXT) withExtension(request, respond, awaitEvent);
      else if (method === 'POST' && ERRORS.test(path)) withExtension(request, respond, report);
      else if (method === 'PUT' && TELEMETRY.test(path)) withExtension(request, respond, subscribe);
      else return false;
      return true;
    },
    lost(respond) {
      for (const extension of byId.values()) {
        if (extension.waiting === respond) extension.waiting = undefined;
      }
    },
    closeRegistration() {
      openInside = false;
    },
    invoke({ requestId, invokedArn, deadlineMs, traceId }) {
      open = false;
      const event = JSON.stringify({
        eventType: 'INVOKE',
        deadlineMs,
        requestId,
        invokedFunctionArn: invokedArn,
        tracing: { type: 'X-Amzn-Trace-Id', value: traceId ?? '' },
      });
      for (const extension of byId.values()) {
        if (extension.events.includes('INVOKE')) give(extension, event);
      }
    },
    shutdown(shutdownReason, deadlineMs) {
      open = false;
      const told = [...byId.values()].filter(({ events, ended }) => events.includes('SHUTDOWN') && !ended);
      const event = JSON.stringify({ eventType: 'SHUTDOWN', shutdownReason, deadlineMs });
      for (const extension of told) give(extension, event);
      if (told.length === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onAllEnded = () => {
          if (told.every(({ ended }) => ended)) resolve();
        };
      });
    },
    ended(name, status) {
      endedEarly.add(name);
      for (const extension of byId.values()) if (extension.name === name) extension.ended = true;
      if (onAllEnded !== undefined) return onAllEnded();
      const message = status === 0 ? 'exit status 0' : `exit status ${status}`;
      return self.onFailure({ errorType: 'Extension.Crash', message });
    },
    describe: () => [...byId.values()].map(({ name, events }) => ({ name, events })),
  };

  function register(request: RuntimeRequest, respond: Respond): void {
    const name = request.headers['lambda-extension-name'] ?? '';
    if (name === '') return refuse(respond, 'Extension.InvalidExtensionName', 'Empty extension name');
    const isProgram = programs.includes(name);
    if (!open || !(isProgram || openInside)) {
      return refuse(respond, 'Extension.RegistrationClosed', 'Extension registration closed already');
    }
    if (byId.size >= MAX_EXTENSIONS) {
      const text = `Extension limit (${MAX_EXTENSIONS}) reached`;
      return refuse(respond, 'Extension.TooManyExtensions', text);
    }
    if ([...byId.values()].some((extension) => extension.name === name)) {
      return refuse(respond, 'Extension.AlreadyRegistered', 'Extension already registered');
    }
    const events = readEvents(request.body);
    if (events === undefined) return refuse(respond, 'InvalidRequestFormat', 'Invalid request', 400);
    const allowed = isProgram ? ['INVOKE', 'SHUTDOWN'] : ['INVOKE'];
    const wrong = events.find((event) => !allowed.includes(event));
    if (wrong !== undefined) {
      const known = wrong === 'SHUTDOWN' ? 'ShutdownEventNotSupportedForInternalExtension' : 'Extension.InvalidEventType';
      return refuse(respond, known, `Invalid event type: ${wrong}`, wrong === 'SHUTDOWN' ? 403 : 400);
    }
    const id = randomUUID();
    const ended = endedEarly.has(name);
    byId.set(id, { id, name, isProgram, events, waiting: undefined, settled: false, due: undefined, ended });
    const { functionName, functionVersion, handler, account } = settings;
    const accepts = request.headers['lambda-extension-accept-feature'] ?? '';
    const accountId = accepts.includes('accountId') ? { accountId: account } : {};
    const body = JSON.stringify({ functionName, functionVersion, handler, ...accountId });
    telemetry.emit('platform.extension', { name, state: 'Registered', events });
    return respond(200, `${JSON_TYPE}Lambda-Extension-Identifier: ${id}\r\n`, body);
  }

  function withExtension(
    request: RuntimeRequest,
    respond: Respond,
    act: (extension: Extension, request: RuntimeRequest, respond: Respond) => void,
  ): void {
    const id = request.headers['lambda-extension-identifier'];
    if (id === undefined) {
      return refuse(respond, 'Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header');
    }
    if (!UUID.test(id)) {
      return refuse(respond, 'Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier');
    }
    const extension = byId.get(id.toLowerCase());
    if (extension === undefined) {
      return refuse(respond, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${id}`);
    }
    return act(extension, request, respond);
  }

  function awaitEvent(extension: Extension, _request: RuntimeRequest, respond: Respond): void {
    const first = !extension.settled;
    extension.waiting = respond;
    if (extension.due !== undefined) return give(extension, extension.due);
    extension.settled = true;
    if (first) self.onSettled();
    return undefined;
  }

  function give(extension: Extension, event: string): void {
    const { waiting } = extension;
    extension.settled = false;
    extension.due = waiting === undefined ? event : undefined;
    extension.waiting = undefined;
    waiting?.(200, `${JSON_TYPE}Lambda-Extension-Event-Identifier: ${randomUUID()}\r\n`, event);
  }

  function report(extension: Extension, request: RuntimeRequest, respond: Respond): void {
    const phase = ERRORS.exec(request.path)?.[1] ?? 'exit';
    const type = request.headers['lambda-extension-function-error-type'];
    if (type === undefined) {
      return refuse(respond, 'Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found');
    }
    respond(202, JSON_TYPE, '{"status":"OK"}\n');
    const errorType = phase === 'init' ? 'Extension.InitError' : 'Extension.ExitError';
    telemetry.emit('platform.extension', {
      name: extension.name,
      state: phase === 'init' ? 'InitError' : 'ExitError',
      errorType: type,
      events: extension.events,
    });
    return self.onFailure({ errorType, message: type });
  }

  function subscribe(extension: Extension, request: RuntimeRequest, respond: Respond): void {
    if (!open) {
      const which = request.path.endsWith('/logs') ? 'Logs' : 'Telemetry';
      const text = `${which} API subscription is closed already`;
      return refuse(respond, `${which}.SubscriptionClosed`, text);
    }
    const problem = telemetry.subscribe(extension.name, request.path, request.body);
    if (problem !== undefined) return refuse(respond, 'ValidationError', problem, 400);
    return respond(200, 'Content-Type: text/plain\r\n', 'OK');
  }

  return self;
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
