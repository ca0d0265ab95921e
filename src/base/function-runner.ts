// The contract between whoever defines functions (Lambda) and whoever runs them (the engine, or a
// simulation's in-process runner). Knows nothing of AWS's wire API.

/** Unpacked code on disk is the engine's business; the definition only says how to get the archive. */
export interface FunctionCode {
  /** SHA-256 of the zip, base64: identity of the content. */
  readonly sha256: string;
  /** The zip archive. */
  read(): Promise<Uint8Array>;
}

/** How lines are written and which are kept: AWS's advanced logging controls. */
export interface LoggingSettings {
  readonly format: 'Text' | 'JSON';
  /** Of the function's own lines; with `JSON` only, `INFO` when absent. */
  readonly applicationLevel?: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';
  /** Of the platform's lines; with `JSON` only, `INFO` when absent. */
  readonly systemLevel?: 'DEBUG' | 'INFO' | 'WARN';
}

/** A container image in place of an archive; what is absent is as the image says. */
export interface FunctionImage {
  /** `123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1`, or any name the container engine knows. */
  readonly uri: string;
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
}

export interface FunctionDefinition {
  /** Changes whenever code or configuration changes: environments are reused within one key only. */
  readonly key: string;
  /** Unqualified ARN. */
  readonly arn: string;
  readonly name: string;
  /** `$LATEST` or a version number. */
  readonly version: string;
  readonly account: string;
  readonly region: string;
  /** e.g. `nodejs22.x`, `python3.12`, `provided.al2023`. */
  readonly runtime: string;
  readonly handler: string;
  readonly code: FunctionCode;
  /** Present: it runs from the image. Then `runtime` and `handler` are empty, and `code` is never read. */
  readonly image?: FunctionImage;
  /** In order; later layers overwrite earlier ones under /opt. */
  readonly layers: readonly FunctionCode[];
  /** The user's variables plus credentials and endpoint; reserved ones are added by the engine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly ephemeralStorageMb: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly logGroup: string;
  /** Plain text when absent. */
  readonly logging?: LoggingSettings;
  /** Environments are restored from a snapshot of an initialised one (SnapStart). */
  readonly snapStart?: true;
}

export interface FunctionInvocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  /** ARN as invoked, with the qualifier used. */
  readonly invokedArn: string;
  /** JSON of the caller's client context. */
  readonly clientContext?: string;
  /** JSON of the caller's Cognito identity: `{cognitoIdentityId, cognitoIdentityPoolId}`. */
  readonly cognitoIdentity?: string;
  /** `X-Amzn-Trace-Id` value. */
  readonly traceId?: string;
  /** Given: a response that the function streams goes here while it is written. */
  readonly stream?: ResponseSink;
}

/** Takes a streamed response. Nothing is called for a function that answers in one piece. */
export interface ResponseSink {
  /** Once, before the first chunk; `application/vnd.awslambda.http-integration-response` has a prelude. */
  start(head: { readonly contentType: string }): void;
  /** The function is held up until it resolves. A rejection drops what follows. */
  write(chunk: Uint8Array): Promise<void>;
}

export interface FunctionResult {
  /** The handler's response, or the error document when `error` is set. */
  readonly payload: Uint8Array;
  readonly error?: 'Unhandled';
  /** The response went to the sink: `payload` is empty, or the document of an error on the way. */
  readonly streamed?: true;
  /** START/END/REPORT and the function's own lines of this invocation, newest last, up to 4 KB. */
  readonly logTail: string;
  readonly durationMs: number;
  readonly billedDurationMs: number;
  /** Set when this invocation ran the init phase. */
  readonly initDurationMs?: number;
  /** Set when this invocation waited for a restore from a snapshot. */
  readonly restoreDurationMs?: number;
  /** It ran in an environment that `provision` keeps. */
  readonly provisioned?: true;
  readonly maxMemoryMb: number;
}

export interface LogLine {
  readonly timestampMs: number;
  readonly message: string;
}

/** Receives what functions write, in order per stream. Must not throw; may return before it is stored. */
export interface LogSink {
  write(definition: FunctionDefinition, streamName: string, lines: readonly LogLine[]): Promise<void>;
}

/** What a zip archive holds, from its directory; nothing is unpacked to tell. */
export interface ArchiveSummary {
  /** Sum of the entries' uncompressed sizes. */
  readonly unpackedBytes: number;
  readonly entries: number;
}

export interface FunctionRunner {
  /** The operator lets functions be made with runtimes that AWS no longer takes. */
  readonly allowsDeprecatedRuntimes?: boolean;
  /**
   * Checks that an archive can be unpacked safely. Rejects with FunctionUnavailable
   * (`InvalidZipFileException`) when it is broken, escapes its root or holds what no function may.
   */
  inspectArchive(zip: Uint8Array): Promise<ArchiveSummary>;
  /** Runs one invocation to its end. Rejects only for failures that are not the function's own. */
  invoke(definition: FunctionDefinition, invocation: FunctionInvocation): Promise<FunctionResult>;
  /**
   * Keeps `count` initialised environments for the definition, which invocations prefer over those
   * started on demand (provisioned concurrency); 0 lets them go. One that ends is replaced. Resolves
   * when all are ready; rejects with FunctionUnavailable when the function cannot be initialised.
   */
  provision(definition: FunctionDefinition, count: number): Promise<void>;
  /**
   * Makes the snapshot that environments of a `snapStart` definition are restored from. Rejects with
   * FunctionUnavailable when init fails or this machine cannot snapshot this runtime, saying why.
   */
  snapshot(definition: FunctionDefinition): Promise<void>;
  /** No new invocations use this key; environments end when their current one does. */
  retire(key: string): Promise<void>;
  /** Ends every environment and process. */
  close(): Promise<void>;
}

/** The runner refused before the function ran (no such runtime here, broken archive). */
export class FunctionUnavailable extends Error {
  override readonly name = 'FunctionUnavailable';
  /** AWS's error type for it, e.g. `InvalidRuntimeException`, `InvalidZipFileException`. */
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
