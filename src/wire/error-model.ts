// A service error as the wire needs it: schema, codes, status and members, whatever the protocol.
import type { ServiceError } from '../base/errors.ts';
import type { QueryCodes } from './query-codes.ts';
import { queryCodesOf } from './query-codes.ts';
import { membersOf, schemaOf, traitsOf } from './schema.ts';
import type { Schema } from './schema.ts';
import type { ServiceModel } from './service-model.ts';

export interface WireError {
  /** Undefined for codes outside the model (`ValidationException` of DynamoDB, S3's many). */
  readonly schema: Schema | undefined;
  /** The shape's name, or the code when there is no shape. */
  readonly name: string;
  /** The shape's namespace. */
  readonly namespace: string | undefined;
  /** Code of the query protocols. */
  readonly queryCode: string;
  readonly status: number;
  /** Status in the query protocols. */
  readonly queryStatus: number;
  readonly fault: 'Sender' | 'Receiver';
  readonly message: string;
  /** Members by model name; the message under the name the shape gives it. */
  readonly members: Readonly<Record<string, unknown>>;
}

const byQueryCode = new WeakMap<ServiceModel, ReadonlyMap<string, unknown>>();
const DEFAULT_STATUS = 400;

export function describeError(model: ServiceModel | undefined, error: ServiceError): WireError {
  const found = model?.errors.get(error.code) ?? shapesByQueryCode(model).get(error.code);
  if (found === undefined) return describeUnmodelled(model, error);
  const schema = schemaOf(found);
  const traits = traitsOf(schema);
  const modelStatus = traits.httpError ?? (traits.error === 'server' ? 500 : DEFAULT_STATUS);
  // ServiceError's own status stands unless it is the default.
  const status = error.status === DEFAULT_STATUS ? modelStatus : error.status;
  const [queryCode, queryStatus] = traits.awsQueryError ?? [
    String((found as unknown[])[2]),
    status,
  ];
  const messageName = membersOf(schema).find(({ name }) => name.toLowerCase() === 'message')?.name;
  return {
    schema,
    name: String((found as unknown[])[2]),
    namespace: String((found as unknown[])[1]),
    queryCode,
    status,
    queryStatus: error.status === DEFAULT_STATUS ? queryStatus : error.status,
    fault: traits.error === 'server' || status >= 500 ? 'Receiver' : 'Sender',
    message: error.message,
    members: {
      ...(messageName === undefined ? {} : { [messageName]: error.message }),
      ...error.fields,
    },
  };
}

function describeUnmodelled(model: ServiceModel | undefined, error: ServiceError): WireError {
  const codes: QueryCodes =
    model?.row.queryCompatible === true
      ? queryCodesOf(error)
      : { queryCode: error.code, jsonName: error.code };
  const status = error.status === DEFAULT_STATUS ? (codes.status ?? DEFAULT_STATUS) : error.status;
  return {
    schema: undefined,
    name: codes.jsonName,
    namespace: undefined,
    queryCode: codes.queryCode,
    status,
    queryStatus: status,
    fault: status >= 500 ? 'Receiver' : 'Sender',
    message: error.message,
    members: error.fields,
  };
}

function shapesByQueryCode(model: ServiceModel | undefined): ReadonlyMap<string, unknown> {
  if (model === undefined) return new Map();
  let codes = byQueryCode.get(model);
  if (codes === undefined) {
    codes = new Map(
      [...model.errors.values()].map((tuple) => [
        traitsOf(schemaOf(tuple)).awsQueryError?.[0] ?? '',
        tuple,
      ]),
    );
    byQueryCode.set(model, codes);
  }
  return codes;
}
