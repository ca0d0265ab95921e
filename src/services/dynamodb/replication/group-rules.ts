// What AWS refuses about the members of a global table, in its words. Recorded, ack-api-quirks dynamodb
// 2026-10, DDB-TABLE-202, 223, 257…267.
import { invalid } from '../errors.ts';
import type { ReplicationSetting, TableDefinition } from '../table-definition.ts';
import { replicaInUse } from './errors.ts';
import type { ReplicaRequest } from './replica-request.ts';

const DAY_MS = 24 * 3600 * 1000;

export function checkGroup(table: TableDefinition, request: ReplicaRequest): void {
  const { replication, name } = table;
  const members = replication?.members ?? [];
  if (members.some(({ state }) => state === 'CREATING')) throw replicaInUse();
  const creating = request.actions.some(({ kind }) => kind === 'create');
  const absent = request.actions.filter(
    ({ kind, region }) => kind !== 'create' && !members.some((m) => m.region === region),
  );
  if (absent.length > 0) {
    const regions = absent.map(({ region }) => region).join(', ');
    throw invalid(
      `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${regions}].`,
    );
  }
  if (replication?.consistency === 'STRONG') checkStrongGroup(replication, request);
  else {
    if (request.consistency === 'STRONG' && replication !== undefined) {
      throw invalid('MultiRegionConsistency parameter is unsupported on existing global table');
    }
    if (request.actions.length > 1 && !creating) {
      throw invalid(
        'Update table operation with more than one create or delete replica actions not allowed',
      );
    }
  }
  if (!creating) return;
  if (request.actions.some(({ region }) => members.some((m) => m.region === region))) {
    throw alreadyTable(name);
  }
  if (table.billingMode === 'PROVISIONED') {
    // There is no auto scaling here that could make it right.
    throw invalid('Table write capacity should either be Pay-Per-Request or AutoScaled.');
  }
  if (request.consistency === 'STRONG') checkFitForStrong(table);
}

function checkStrongGroup(replication: ReplicationSetting, request: ReplicaRequest): void {
  if (request.consistency !== undefined) {
    throw invalid('MultiRegionConsistency parameter is unsupported on existing global table');
  }
  const [first] = request.actions;
  if (first?.kind === 'create') {
    throw invalid('Cannot add replicas to a global table with strong MultiRegionConsistency');
  }
  if (first?.kind !== 'delete') return;
  const { witness, members } = replication;
  if (witness !== undefined && request.witness === undefined) {
    throw invalid('Update table delete operation does not include all witnesses.');
  }
  if (request.witness !== undefined && request.witness.region !== witness) {
    throw invalid(
      `Update global table operation failed because one or more witnesses were not part of the global table. Please retry the request without these witnesses: [${request.witness.region}].`,
    );
  }
  if (request.actions.length < members.length) throw onlyWhole();
}

export function onlyWhole(): Error {
  return invalid(
    'Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.',
  );
}

/** AWS: neither is supported there. <developer guide, "Multi-Region strong consistency"> */
function checkFitForStrong({ expiry, indexes }: TableDefinition): void {
  if (expiry !== undefined) {
    throw invalid('Time to Live is not supported for global tables with MultiRegionConsistency set to STRONG.');
  }
  if (indexes.some(({ global }) => !global)) {
    throw invalid('Local secondary indexes are not supported for global tables with MultiRegionConsistency set to STRONG.');
  }
}

export function alreadyTable(name: string): Error {
  return invalid(
    `Failed to create a the new replica of table with name: ‘${name}’ because one or more replicas already existed as tables.`,
  );
}

/** AWS: a table that others were copied from goes after them, for a day. DDB-TABLE-266, 267 */
export function checkNoSource({ replication }: TableDefinition, nowMs: number): void {
  const copied = replication?.members.some(
    ({ copiedMs = Number.NEGATIVE_INFINITY }) => copiedMs > nowMs - DAY_MS,
  );
  if (copied !== true) return;
  throw invalid(
    'Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.',
  );
}
