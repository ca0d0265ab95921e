// Makes a service model from a client's schemas module.
import type { OperationSchema, Operation, ServiceModel, ServiceRow } from './service-model.ts';

// First elements of the SDK's schema tuples.
const OPERATION = 9;
const ERROR = -3;

/**
 * Collects operations and errors by shape name.
 * @param schemas a module such as `@aws-sdk/client-sqs/dist-es/schemas/schemas_0.js`.
 */
export function loadServiceModel(
  row: ServiceRow,
  schemas: Readonly<Record<string, unknown>>,
): ServiceModel {
  const operations = new Map<string, Operation>();
  const errors = new Map<string, unknown>();
  for (const schema of Object.values(schemas)) {
    if (isOperation(schema)) operations.set(schema[2], { name: schema[2], schema });
    else if (isError(schema)) errors.set(schema[2], schema);
  }
  return { row, operations, errors };
}

function isOperation(schema: unknown): schema is OperationSchema {
  return Array.isArray(schema) && schema[0] === OPERATION && typeof schema[2] === 'string';
}

// The SDK's own base error (`SQSServiceException`) has a synthetic namespace and is never sent.
function isError(schema: unknown): schema is readonly [-3, string, string, ...unknown[]] {
  return (
    Array.isArray(schema) &&
    schema[0] === ERROR &&
    typeof schema[2] === 'string' &&
    !String(schema[1]).startsWith('smithy.ts.sdk.synthetic')
  );
}
