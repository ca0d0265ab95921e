// Types of every operation of every service, taken from the official SDK clients (types only).
import type * as apigateway from '@aws-sdk/client-api-gateway';
import type * as cloudformation from '@aws-sdk/client-cloudformation';
import type * as logs from '@aws-sdk/client-cloudwatch-logs';
import type * as dynamodb from '@aws-sdk/client-dynamodb';
import type * as dynamodbstreams from '@aws-sdk/client-dynamodb-streams';
import type * as iam from '@aws-sdk/client-iam';
import type * as lambda from '@aws-sdk/client-lambda';
import type * as s3 from '@aws-sdk/client-s3';
import type * as sns from '@aws-sdk/client-sns';
import type * as sqs from '@aws-sdk/client-sqs';
import type * as sts from '@aws-sdk/client-sts';

/** Operation name → `{ input, output }` of a client package's module type. */
export type OperationsOf<Module> = {
  [K in Exclude<keyof Module, '$Command'> as K extends `${infer Name}Command` ? Name : never]: Module[K] extends abstract new (
    // The constructors' parameters differ per command and do not matter here.
    ...args: never
  ) => infer Command
    ? Command extends {
        input: infer Input;
        resolveMiddleware(...args: never): (...args: never) => Promise<{ output: infer Output }>;
      }
      ? { input: Input; output: Omit<Output, '$metadata'> }
      : never
    : never;
};

/** Service id → its operations. A service joins the in-process client by its line here. */
export interface ServiceOperations {
  apigateway: OperationsOf<typeof apigateway>;
  cloudformation: OperationsOf<typeof cloudformation>;
  dynamodb: OperationsOf<typeof dynamodb>;
  dynamodbstreams: OperationsOf<typeof dynamodbstreams>;
  iam: OperationsOf<typeof iam>;
  lambda: OperationsOf<typeof lambda>;
  logs: OperationsOf<typeof logs>;
  s3: OperationsOf<typeof s3>;
  sns: OperationsOf<typeof sns>;
  sqs: OperationsOf<typeof sqs>;
  sts: OperationsOf<typeof sts>;
}

export type ServiceId = keyof ServiceOperations;
export type OperationName<S extends ServiceId> = Extract<keyof ServiceOperations[S], string>;
export type InputOf<S extends ServiceId, O extends OperationName<S>> = ServiceOperations[S][O] extends {
  input: infer I;
}
  ? I
  : never;
export type OutputOf<S extends ServiceId, O extends OperationName<S>> = ServiceOperations[S][O] extends {
  output: infer T;
}
  ? T
  : never;
