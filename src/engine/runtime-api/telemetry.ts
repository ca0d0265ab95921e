// The Telemetry API and its predecessor, the Logs API: events of an environment, sent to extensions.
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { readSchemaVersion, type TelemetryEvent, toLogsEvents } from './logs-api.ts';

export interface Telemetry {
  /** `platform.start`, `function`… with its record. */
  emit(type: string, record: unknown): void;
  /** Why a subscription is refused; undefined when it is taken. */
  subscribe(extension: string, path: string, body: Buffer): string | undefined;
  /** How a port of the environment's loopback is reached. Default: it is the machine's. */
  reachBy(dial: Dial): void;
  /** Sends what has gathered, and resolves when it has arrived or cannot. */
  flush(): Promise<void>;
  close(): void;
}

type Dial = (port: number) => Promise<Socket>;

interface Subscriber {
  readonly types: readonly string[];
  readonly destination: Destination;
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Absent: events are sent as they are. */
  shape?: (event: TelemetryEvent) => TelemetryEvent[];
  batch: string[];
  batchBytes: number;
  timer: NodeJS.Timeout | undefined;
  sending: Promise<void>;
}

interface Destination {
  send(events: readonly string[]): Promise<void>;
  close(): void;
}

const TYPES = ['platform', 'function', 'extension'];
// AWS: ranges and defaults. docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html
const BUFFERING = {
  maxItems: { from: 1000, to: 10_000, default: 10_000 },
  maxBytes: { from: 262_144, to: 1_048_576, default: 262_144 },
  timeoutMs: { from: 25, to: 30_000, default: 1000 },
};
/** What happened before somebody subscribed is kept for them, init over or not. */
const MAX_EARLY_EVENTS = 10_000;
const SEND_LIMIT_MS = 5000;

/** @param nowMs the cloud's time. */
export function createTelemetry(nowMs: () => number): Telemetry {
  /** By extension and API: a second subscription takes the place of the first. */
  const subscribers = new Map<string, Subscriber>();
  const early: TelemetryEvent[] = [];
  let dial: Dial = dialLoopback;

  function offer(subscriber: Subscriber, event: TelemetryEvent): void {
    if (!subscriber.types.includes(event.type.split('.')[0] ?? '')) return;
    for (const shaped of subscriber.shape?.(event) ?? [event]) {
      const text = JSON.stringify(shaped);
      subscriber.batch.push(text);
      subscriber.batchBytes += text.length;
    }
    const full = subscriber.batch.length >= subscriber.maxItems || subscriber.batchBytes >= subscriber.maxBytes;
    if (full) return void send(subscriber);
    subscriber.timer ??= setTimeout(() => void send(subscriber), subscriber.timeoutMs).unref();
    return undefined;
  }

  function send(subscriber: Subscriber): Promise<void> {
    clearTimeout(subscriber.timer);
    subscriber.timer = undefined;
    const events = subscriber.batch;
    subscriber.batch = [];
    subscriber.batchBytes = 0;
    if (events.length === 0) return subscriber.sending;
    subscriber.sending = subscriber.sending.then(() => subscriber.destination.send(events)).catch(() => {});
    return subscriber.sending;
  }

  const self: Telemetry = {
    emit(type, record) {
      const event = { time: new Date(nowMs()).toISOString(), type, record };
      if (early.length < MAX_EARLY_EVENTS) early.push(event);
      for (const subscriber of subscribers.values()) offer(subscriber, event);
    },
    subscribe(extension, path, body) {
      const read = readSubscription(body, (port) => dial(port));
      if (typeof read === 'string') return read;
      const isLogs = path.endsWith('/logs');
      const schema = isLogs ? readSchemaVersion(body) : '';
      if (isLogs) read.shape = (event) => toLogsEvents(event, schema);
      const name = isLogs ? 'platform.logsSubscription' : 'platform.telemetrySubscription';
      const key = `${extension} ${path}`;
      stop(subscribers.get(key));
      subscribers.set(key, read);
      for (const event of early) offer(read, event);
      self.emit(name, { name: extension, state: 'Subscribed', types: read.types });
      return undefined;
    },
    reachBy(way) {
      dial = way;
    },
    async flush() {
      await Promise.all([...subscribers.values()].map(send));
    },
    close() {
      for (const subscriber of subscribers.values()) stop(subscriber);
    },
  };
  return self;
}

/** A port of the machine's loopback. */
export function dialLoopback(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

function stop(subscriber: Subscriber | undefined): void {
  clearTimeout(subscriber?.timer);
  subscriber?.destination.close();
}

function readSubscription(body: Buffer, dial: Dial): Subscriber | string {
  let given: {
    types?: unknown;
    buffering?: Record<string, unknown>;
    destination?: { protocol?: string; URI?: string; port?: number };
  };
  try {
    given = JSON.parse(body.toString()) as typeof given;
  } catch {
    return 'the subscription is not JSON';
  }
  const types = Array.isArray(given.types) ? given.types.map(String) : [];
  const wrong = types.find((type) => !TYPES.includes(type));
  if (types.length === 0 || wrong !== undefined) return `types: ${wrong ?? 'none'}`;
  const numbers: Record<string, number> = {};
  for (const [name, range] of Object.entries(BUFFERING)) {
    const value = given.buffering?.[name] ?? range.default;
    const fits = typeof value === 'number' && value >= range.from && value <= range.to;
    if (!fits) return `buffering.${name} must be between ${range.from} and ${range.to}`;
    numbers[name] = value;
  }
  const destination = openDestination(given.destination ?? {}, dial);
  if (destination === undefined) return 'the destination must be HTTP or TCP at sandbox.localdomain';
  const { maxItems = 0, maxBytes = 0, timeoutMs = 0 } = numbers;
  const empty = { batch: [], batchBytes: 0, timer: undefined, sending: Promise.resolve() };
  return { types, destination, maxItems, maxBytes, timeoutMs, ...empty };
}

/** AWS: the extension listens inside its own environment, whose name for itself is sandbox.localdomain. */
function openDestination(
  given: { readonly protocol?: string; readonly URI?: string; readonly port?: number },
  dial: Dial,
): Destination | undefined {
  if (given.protocol === 'TCP' && Number.isInteger(given.port)) {
    return tcpDestination(() => dial(given.port ?? 0));
  }
  if (given.protocol !== 'HTTP' || given.URI === undefined || !URL.canParse(given.URI)) return undefined;
  const { hostname, port, pathname, protocol } = new URL(given.URI);
  if (protocol !== 'http:' || !/^sandbox(\.localdomain)?$/.test(hostname)) return undefined;
  const number = Number(port || 80);
  return httpDestination(number, pathname, () => dial(number));
}

function httpDestination(port: number, path: string, dial: () => Promise<Socket>): Destination {
  return {
    async send(events) {
      const socket = await dial();
      await new Promise<void>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', host: `sandbox.localdomain:${port}` };
        const options = { path, method: 'POST', headers, timeout: SEND_LIMIT_MS };
        const sent = request({ ...options, createConnection: () => socket }, (response) => {
          response.resume();
          response.once('end', resolve);
          response.once('error', reject);
        });
        sent.once('timeout', () => sent.destroy());
        sent.once('error', reject);
        sent.end(`[${events.join(',')}]`);
      }).finally(() => socket.destroy());
    },
    close() {},
  };
}

/** One JSON document per line. */
function tcpDestination(dial: () => Promise<Socket>): Destination {
  let socket: Socket | undefined;

  async function open(): Promise<Socket> {
    const dialled = await dial();
    dialled.unref();
    // What fails is found by the next write.
    dialled.on('error', () => {});
    dialled.once('close', () => (socket = undefined));
    return dialled;
  }

  return {
    async send(events) {
      const line = (socket ??= await open());
      await new Promise<void>((resolve, reject) => {
        line.once('error', reject);
        line.write(events.map((event) => `${event}\n`).join(''), () => {
          line.off('error', reject);
          resolve();
        });
      });
    },
    close: () => socket?.destroy(),
  };
}
