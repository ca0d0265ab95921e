// One run of a stack operation: the resource records as they stand, and how handlers are called.
import { ServiceError } from '../base/errors.ts';
import { randomText } from '../base/random.ts';
import type { Properties, ResourceRequest } from '../kernel/resources.ts';
import { TemplateError } from '../kernel/templates.ts';
import type { ResourceRecord, ResourceStatus, RunOutcome, StackRun } from '../kernel/templates.ts';

const NAME_TOKEN_LENGTH = 12;
const NAME_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Steps of one operation at once: enough to overlap waits, few enough to keep the cloud responsive. */
export const CONCURRENCY = 16;

/** Records in memory, every change kept durably before it counts. */
export interface RunBook {
  readonly run: StackRun;
  get(logicalId: string): ResourceRecord | undefined;
  all(): readonly ResourceRecord[];
  /** Keeps the record with its new status and logs an event. */
  write(record: ResourceRecord, options?: WriteOptions): Promise<void>;
  /** Forgets the logical id. */
  forget(record: ResourceRecord, status: ResourceStatus): Promise<void>;
}

interface WriteOptions {
  /** Default true. */
  readonly event?: boolean;
  readonly physicalId?: string;
  readonly properties?: Properties;
}

export function createRunBook(run: StackRun): RunBook {
  const records = new Map(run.records.map((record) => [record.logicalId, record]));
  return {
    run,
    get: (logicalId) => records.get(logicalId),
    all: () => [...records.values()],
    async write(record, { event = true, physicalId, properties } = {}) {
      await run.save({
        logicalId: record.logicalId,
        record,
        ...(event ? { event: eventOf(record, { physicalId, properties }) } : {}),
      });
      records.set(record.logicalId, record);
    },
    async forget(record, status) {
      const event = eventOf(
        { ...record, status },
        { physicalId: undefined, properties: undefined },
      );
      await run.save({ logicalId: record.logicalId, record: undefined, event });
      records.delete(record.logicalId);
    },
  };
}

function eventOf(
  record: ResourceRecord,
  extra: { readonly physicalId: string | undefined; readonly properties: Properties | undefined },
): NonNullable<Parameters<StackRun['save']>[0]['event']> {
  const generation = record.current ?? record.previous;
  return {
    logicalId: record.logicalId,
    type: record.type,
    physicalId: extra.physicalId ?? generation?.physicalId ?? '',
    status: record.status,
    ...(record.statusReason === undefined ? {} : { statusReason: record.statusReason }),
    ...(extra.properties === undefined ? {} : { properties: JSON.stringify(extra.properties) }),
  };
}

export function newNameToken(run: StackRun): string {
  return randomText(run.random, NAME_TOKEN_LENGTH, NAME_ALPHABET);
}

/** `STACK-LOGICALID-TOKEN`, the stack's and the resource's names shortened evenly to fit. */
function physicalName(
  parts: { readonly stackName: string; readonly logicalId: string; readonly token: string },
  maxLength: number,
): string {
  const { stackName, logicalId, token } = parts;
  const room = maxLength - token.length - 2;
  if (room <= 1) return token.slice(0, maxLength);
  const excess = stackName.length + logicalId.length - room;
  if (excess <= 0) return `${stackName}-${logicalId}-${token}`;
  // AWS: names that are too long lose the ends of both parts, the stack's first down to half the room.
  const stackLength = Math.max(stackName.length - excess, Math.floor(room / 2));
  const keptStack = stackName.slice(0, Math.min(stackLength, stackName.length));
  return `${keptStack}-${logicalId.slice(0, room - keptStack.length)}-${token}`;
}

export interface Subject {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Properties;
  readonly nameToken: string;
  /** Hears of every generated name that the handler asked for. */
  readonly onName?: (name: string) => void;
}

export function requestFor(run: StackRun, subject: Subject): ResourceRequest {
  const { logicalId, type, properties, nameToken: token, onName } = subject;
  const { account, region, stackName, stackId } = run.stack;
  return {
    account,
    region,
    logicalId,
    type,
    stackName,
    stackId,
    properties,
    call: run.call,
    stackTags: { ...run.stackTags, 'aws:cloudformation:logical-id': logicalId },
    physicalName(maxLength) {
      const name = physicalName({ stackName, logicalId, token }, maxLength);
      onName?.(name);
      return name;
    },
    sleep: (delayMs) => run.sleep(delayMs),
    until: run.until,
    exchange: run.exchange,
  };
}

/** A handler's error as a status reason. */
export function explain(error: unknown): string {
  // A handler that speaks for another party (a custom resource, a nested stack) words the reason itself.
  if (error instanceof TemplateError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof ServiceError ? handlerErrorCode(error.code) : 'InternalFailure';
  return `Resource handler returned message: "${message}" (HandlerErrorCode: ${code})`;
}

// The codes of CloudFormation's resource provider contract.
function handlerErrorCode(code: string): string {
  if (/AlreadyExists|AlreadyOwned|ResourceInUse|ResourceConflict/.test(code))
    return 'AlreadyExists';
  if (/NotFound|NoSuch|NonExistent|DoesNotExist/.test(code)) return 'NotFound';
  if (/AccessDenied|Unauthorized|NotAuthorized/.test(code)) return 'AccessDenied';
  if (/Throttl|TooManyRequests|Rate/.test(code)) return 'Throttling';
  if (/Limit|Quota/.test(code)) return 'ServiceLimitExceeded';
  if (/Valid|Invalid|Malformed|BadRequest|Missing/.test(code)) return 'InvalidRequest';
  return 'GeneralServiceException';
}

/** Whether an error says that the deployer may not ask. */
export function isDenied(error: unknown): boolean {
  return error instanceof ServiceError && handlerErrorCode(error.code) === 'AccessDenied';
}

/** Whether an error says that what was to be made is there already. */
export function saysAlreadyExists(error: unknown): boolean {
  return error instanceof ServiceError && handlerErrorCode(error.code) === 'AlreadyExists';
}

export function outcomeOf(
  book: RunBook,
  failed: readonly string[],
  cancelled: boolean,
): RunOutcome {
  if (failed.length === 0 && !cancelled) return { ok: true };
  return {
    ok: false,
    cancelled,
    failed: failed.map((logicalId) => {
      const status = book.get(logicalId)?.status ?? 'UPDATE_FAILED';
      const action = status.startsWith('CREATE')
        ? 'CREATE'
        : status.startsWith('DELETE')
          ? 'DELETE'
          : 'UPDATE';
      return { logicalId, action };
    }),
  };
}
