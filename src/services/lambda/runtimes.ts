// Which runtime identifiers functions may be created and updated with.
import { RUNTIME_IDENTIFIERS, findRuntimeIdentifier, isBlocked } from '../../base/runtime-identifiers.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { invalidParameter } from './errors.ts';

/** Accepted on create, as AWS lists them in its refusal of others. */
const CREATABLE: readonly string[] = RUNTIME_IDENTIFIERS.filter((row) => !isBlocked(row, 'create')).map(({ id }) => id);

/** AWS: the same words for CreateFunction, UpdateFunctionConfiguration. serverless/serverless#7183 */
export function checkRuntime(runtime: string): void {
  if (findRuntimeIdentifier(runtime) !== undefined) return;
  throw invalidParameter(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${CREATABLE.join(', ')}] or be a valid ARN`,
  );
}

/**
 * Refuses runtimes whose time is over, unless the operator lets them in.
 * AWS: awslabs/aws-api-gateway-developer-portal#650 (recorded November 2024)
 */
export function checkRuntimeAge(runtime: string, action: 'create' | 'update', context: WorkContext): void {
  const row = findRuntimeIdentifier(runtime);
  if (row === undefined || !isBlocked(row, action)) return;
  if (context.ports.functions.allowsDeprecatedRuntimes === true) return;
  throw invalidParameter(
    `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
  );
}
