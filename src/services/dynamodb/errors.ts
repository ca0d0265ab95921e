// Every error DynamoDB puts on the wire, as factories.
import { ServiceError } from '../../base/errors.ts';
import type { Item } from './attribute-value.ts';

export function invalid(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

/** The problem with a parameter that DynamoDB itself (not the model) checks. */
export function invalidParameter(problem: string): ServiceError {
  return invalid(`One or more parameter values were invalid: ${problem}`);
}

export function parameterMissing(parameter: string): ServiceError {
  return invalid(`The parameter '${parameter}' is required but was not present in the request`);
}

/** The form the model's own constraints answer with. */
export function constraintViolated(
  value: string,
  member: string,
  constraint: string,
): ServiceError {
  return invalid(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

export function keyMismatch(): ServiceError {
  return invalid('The provided key element does not match the schema');
}

/** For operations on items. AWS: does not name the table. */
export function resourceNotFound(): ServiceError {
  return new ServiceError('ResourceNotFoundException', 'Requested resource not found');
}

/** For operations on tables. */
export function tableNotFound(tableName: string): ServiceError {
  const message = `Requested resource not found: Table: ${tableName} not found`;
  return new ServiceError('ResourceNotFoundException', message);
}

export function resourceWithArnNotFound(arn: string): ServiceError {
  const message = `Requested resource not found: ResourcArn: ${arn} not found`;
  return new ServiceError('ResourceNotFoundException', message);
}

export function tableExists(tableName: string): ServiceError {
  return new ServiceError('ResourceInUseException', `Table already exists: ${tableName}`);
}

export function tableInUse(message: string): ServiceError {
  return new ServiceError('ResourceInUseException', message);
}

export function limitExceeded(message: string): ServiceError {
  return new ServiceError('LimitExceededException', message);
}

export function deletionProtected(tableArn: string): ServiceError {
  return invalid(
    `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. Resource: ${tableArn}`,
  );
}

/** @param detail what PartiQL's parser says; empty when it cannot even read the statement. */
export function malformedStatement(detail: string): ServiceError {
  return invalid(`Statement wasn't well formed, can't be processed: ${detail}`);
}

/** PartiQL's INSERT never replaces. */
export function duplicateItem(): ServiceError {
  return new ServiceError('DuplicateItemException', 'Duplicate primary key exists in table');
}

/** @param item the item as it stands, when the caller asked for it. */
export function conditionFailed(item?: Item): ServiceError {
  return new ServiceError('ConditionalCheckFailedException', 'The conditional request failed', {
    fields: item === undefined ? {} : { Item: item },
  });
}

export interface CancellationReason {
  readonly code: string;
  readonly message?: string;
  readonly item?: Item;
}

export function transactionCanceled(reasons: readonly CancellationReason[]): ServiceError {
  const codes = reasons.map((reason) => reason.code).join(', ');
  return new ServiceError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    {
      fields: {
        CancellationReasons: reasons.map(({ code, message, item }) => ({
          Code: code,
          ...(message === undefined ? {} : { Message: message }),
          ...(item === undefined ? {} : { Item: item }),
        })),
      },
    },
  );
}

export function idempotentParameterMismatch(): ServiceError {
  return new ServiceError(
    'IdempotentParameterMismatchException',
    'An error occurred (IdempotentParameterMismatchException)',
  );
}

/** A parameter whose feature is not there yet: refused rather than ignored. */
export function unsupported(parameter: string, why: string): ServiceError {
  return new ServiceError('NotImplemented', `${parameter} is not implemented by Cloudlet: ${why}`, {
    status: 501,
  });
}

/** What was exceeded. */
export interface ThrottlingReason {
  readonly onIndex: boolean;
  readonly onDemand: boolean;
  readonly kind: 'Read' | 'Write';
  readonly resource: string;
}

/** Words and reasons: AWS developer guide, "Diagnosing throttling". */
export function throughputExceeded(given: ThrottlingReason): ServiceError {
  const { onIndex, onDemand, kind, resource } = given;
  const where = onIndex ? 'Index' : 'Table';
  const what = onDemand ? 'MaxOnDemandThroughputExceeded' : 'ProvisionedThroughputExceeded';
  const fields = { ThrottlingReasons: [{ reason: `${where}${kind}${what}`, resource }] };
  if (onDemand) {
    const message =
      'Throughput exceeds the maximum OnDemandThroughput configured on table or index';
    return new ServiceError('ThrottlingException', message, { fields });
  }
  const message = onIndex
    ? 'The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API'
    : 'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.';
  return new ServiceError('ProvisionedThroughputExceededException', message, { fields });
}

export function isThroughputExceeded(error: unknown): error is ServiceError {
  if (!(error instanceof ServiceError)) return false;
  const { code } = error;
  return code === 'ProvisionedThroughputExceededException' || code === 'ThrottlingException';
}
