// The three kinds of error: service errors (on the wire), user errors (CLI, templates), assertions (our bugs).

export interface ServiceErrorOptions {
  /** HTTP status. Default 400. */
  readonly status?: number;
  /** Further members of the error's shape, by their model names. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Extra response headers. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Goes on the wire. Thrown only through the factories in a service's `errors.ts` or the pipeline's own. */
export class ServiceError extends Error {
  /** The error code as AWS spells it, e.g. `ResourceNotFoundException`. */
  readonly code: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, message: string, options: ServiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.status = options.status ?? 400;
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
  }
}

export interface UserErrorOptions {
  /** Where: `file:line:column`, an option name, a path in a template. */
  readonly where?: string;
  /** How to fix it, one sentence. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** Shown to a person: CLI, configuration, templates. The code is stable: `ERR_…`. */
export class UserError extends Error {
  readonly code: `ERR_${string}`;
  readonly where: string | undefined;
  readonly fix: string | undefined;

  constructor(code: `ERR_${string}`, message: string, options: UserErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UserError';
    this.code = code;
    this.where = options.where;
    this.fix = options.fix;
  }
}

/** Our bug: answered with 500, logged with its stack, and it fails a test run. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

/** Throws AssertionFailed unless `condition` holds. `message` says what was believed. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** For the default branch of a switch that handles every case. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unhandled case: ${JSON.stringify(value)}`);
}

/** The value, or AssertionFailed naming what was missing. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AssertionFailed(`missing ${what}`);
  return value;
}

/** A blob that `Blobs` does not have. */
export class BlobMissing extends Error {
  override readonly name = 'BlobMissing';
  readonly id: string;

  constructor(id: string) {
    super(`no blob with the id ${id}`);
    this.id = id;
  }
}
