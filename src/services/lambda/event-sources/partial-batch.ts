// Partial batch responses: which items of a batch the function reported as failed.

/**
 * The ids that stay in the queue. A response that cannot be understood fails the whole batch.
 * <developer guide, "Implementing partial batch responses": empty or null is success; an invalid JSON,
 * an empty or unknown itemIdentifier, a bad key name is a failure of the batch>
 */
export function failedItems(response: unknown, ids: readonly string[]): ReadonlySet<string> {
  if (response === undefined || response === null || response === '') return new Set();
  if (typeof response !== 'object') return new Set(ids);
  if (!('batchItemFailures' in response)) return new Set();
  const { batchItemFailures: failures } = response;
  if (failures === null) return new Set();
  if (!Array.isArray(failures)) return new Set(ids);
  const failed = new Set<string>();
  for (const failure of failures as unknown[]) {
    const id = identifierOf(failure);
    if (id === undefined || !ids.includes(id)) return new Set(ids);
    failed.add(id);
  }
  return failed;
}

function identifierOf(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null || !('itemIdentifier' in failure)) return undefined;
  const { itemIdentifier } = failure;
  return typeof itemIdentifier === 'string' && itemIdentifier !== '' ? itemIdentifier : undefined;
}
