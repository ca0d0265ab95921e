// What the resource types of API Gateway share.
import type { ResourceRequest } from '../../../kernel/resources.ts';
import { unsupported } from '../errors.ts';

/** How API Gateway says that what is to be removed is not there. */
export const GONE = 'NotFoundException';

/** Properties that are accepted only while they ask for nothing. */
export function refuse(request: ResourceRequest, names: readonly string[]): void {
  for (const name of names) {
    const value = request.properties[name];
    if (value === undefined || value === false) continue;
    throw unsupported(`${name} of ${request.logicalId}`);
  }
}

/** Template names to the API's: `OperationName` → `operationName`. */
export function lowerFirst(
  properties: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, never> {
  const lowered = names
    .filter((name) => properties[name] !== undefined)
    .map((name) => [name.charAt(0).toLowerCase() + name.slice(1), properties[name]]);
  // The shapes above have checked the types that the operations expect.
  return Object.fromEntries(lowered) as Record<string, never>;
}
