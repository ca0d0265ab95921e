// A service as the wire sees it: operations and errors by name, from the official SDK's schemas.

/** Wire protocols, named as Smithy does. */
export type ProtocolName =
  | 'awsJson1_0'
  | 'awsJson1_1'
  | 'awsQuery'
  | 'ec2Query'
  | 'restJson1'
  | 'restXml'
  | 'rpcv2Cbor';

/** What the schemas do not say of a service: one hand-written row each, in `models/services.ts`. */
export interface ServiceRow {
  /** Our id and folder name, e.g. `sqs`. */
  readonly id: string;
  /** The SDK's service id, e.g. `SQS`, `API Gateway`. */
  readonly sdkId: string;
  readonly apiVersion: string;
  /** Accepted protocols; the first is the default. */
  readonly protocols: readonly ProtocolName[];
  /** Name in the credential scope, e.g. `sqs`. */
  readonly signingName: string;
  /** Prefix of `X-Amz-Target` before the dot, for the JSON protocols. */
  readonly targetPrefix?: string;
  /** Namespace of XML responses. */
  readonly xmlNamespace?: string;
  /** The service answers awsQuery errors with codes of the older query API (SQS). */
  readonly queryCompatible?: boolean;
  /**
   * Error code of answers like `1 validation error detected: …`. Absent: the service does not check
   * its model's constraints in this form (S3, SQS).
   */
  readonly validationErrorCode?: string;
  /** Namespace of `__type` in awsJson errors where AWS sends one, e.g. `com.amazonaws.sqs`. */
  readonly errorNamespace?: string;
  /** Longest body that is not a stream. Default: the longest any AWS operation takes. */
  readonly maxBodyBytes?: number;
}

/** `[9, namespace, name, traits, input, output]` of `@smithy/core/schema`, as the SDK exports it. */
export type OperationSchema = readonly [9, string, string, unknown, unknown, unknown];

export interface Operation {
  readonly name: string;
  readonly schema: OperationSchema;
}

export interface ServiceModel {
  readonly row: ServiceRow;
  readonly operations: ReadonlyMap<string, Operation>;
  /** Error schemas (`[-3, …]`) by shape name. */
  readonly errors: ReadonlyMap<string, unknown>;
}
