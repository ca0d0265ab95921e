// What a request wants of a table's replicas, checked in AWS's words.
import type {
  CreateReplicationGroupMemberAction,
  UpdateReplicationGroupMemberAction,
} from '@aws-sdk/client-dynamodb';
import type { InputOf } from '../../../models/operations.ts';
import { invalid, invalidParameter } from '../errors.ts';
import type { ReplicaOverrides } from '../table-definition.ts';

type UpdateInput = InputOf<'dynamodb', 'UpdateTable'>;

export type ReplicaAction =
  | { readonly kind: 'create' | 'update'; readonly region: string; readonly overrides: ReplicaOverrides }
  | { readonly kind: 'delete'; readonly region: string };

export interface ReplicaRequest {
  readonly actions: readonly ReplicaAction[];
  readonly consistency: 'EVENTUAL' | 'STRONG' | undefined;
  readonly witness: { readonly kind: 'create' | 'delete'; readonly region: string } | undefined;
}

const REGION = /^[a-z]{2}(-[a-z]+){1,2}-\d$/;
/** AWS: what cannot be part of a group with strong consistency. DDB-TABLE-257 */
const NOT_STRONG = new Set(['us-west-1']);

/** Undefined when the request is not about replicas. */
export function readReplicaRequest(
  input: UpdateInput,
  home: string,
): ReplicaRequest | undefined {
  if (input.ReplicaUpdates === undefined) return undefined;
  checkAlone(input);
  const actions = input.ReplicaUpdates.map(readAction);
  const witness = readWitness(input);
  const request = { actions: distinct(actions), consistency: input.MultiRegionConsistency, witness };
  checkRegions(request, home);
  checkCount(request);
  return request;
}

function checkAlone(input: UpdateInput): void {
  const {
    TableName: _name,
    ReplicaUpdates: _replicas,
    GlobalTableWitnessUpdates: witnesses,
    MultiRegionConsistency: consistency,
    ...others
  } = input;
  if (Object.values(others).every((value) => value === undefined)) return;
  const strong = consistency === 'STRONG' || witnesses !== undefined;
  throw invalidParameter(
    strong
      ? 'Requests that modify replicas or witnesses must not also modify other fields'
      : 'Replica modification must be the only operation in the request',
  );
}

function readAction(update: NonNullable<UpdateInput['ReplicaUpdates']>[number]): ReplicaAction {
  const { Create, Update, Delete } = update;
  const given = [Create, Update, Delete].filter((action) => action !== undefined);
  if (given.length > 1) {
    throw invalid(
      'Update table operation with more than one type of replica actions not allowed.',
    );
  }
  const region = given[0]?.RegionName ?? '';
  if (Delete !== undefined) return { kind: 'delete', region };
  if (Create !== undefined) return { kind: 'create', region, overrides: readOverrides(Create) };
  const overrides = Update === undefined ? {} : readOverrides(Update);
  if (Object.keys(overrides).length === 0) {
    throw invalid(
      'There are no actions specified in the Replica Update Action of the request.',
    );
  }
  return { kind: 'update', region, overrides };
}

function readOverrides(
  action: CreateReplicationGroupMemberAction | UpdateReplicationGroupMemberAction,
): ReplicaOverrides {
  const readUnits = action.ProvisionedThroughputOverride?.ReadCapacityUnits;
  const maxReadUnits = action.OnDemandThroughputOverride?.MaxReadRequestUnits;
  const { TableClassOverride, KMSMasterKeyId, GlobalSecondaryIndexes } = action;
  const indexes = GlobalSecondaryIndexes?.map((index) => {
    const read = index.ProvisionedThroughputOverride?.ReadCapacityUnits;
    const most = index.OnDemandThroughputOverride?.MaxReadRequestUnits;
    return {
      name: index.IndexName ?? '',
      ...(read === undefined ? {} : { readUnits: read }),
      ...(most === undefined ? {} : { maxReadUnits: most }),
    };
  });
  return {
    ...(readUnits === undefined ? {} : { readUnits }),
    ...(maxReadUnits === undefined ? {} : { maxReadUnits }),
    ...(TableClassOverride === undefined ? {} : { tableClass: TableClassOverride }),
    ...(KMSMasterKeyId === undefined ? {} : { encryptionKeyId: KMSMasterKeyId }),
    ...(indexes === undefined ? {} : { indexes }),
  };
}

function readWitness(input: UpdateInput): ReplicaRequest['witness'] {
  const [update] = input.GlobalTableWitnessUpdates ?? [];
  if (update === undefined) return undefined;
  const { Create, Delete } = update;
  if (Create !== undefined && input.MultiRegionConsistency !== 'STRONG') {
    throw invalid(
      'MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.',
    );
  }
  const region = Create?.RegionName ?? Delete?.RegionName ?? '';
  return { kind: Create === undefined ? 'delete' : 'create', region };
}

/** AWS: the same action twice is one. DDB-TABLE-224 */
function distinct(actions: readonly ReplicaAction[]): ReplicaAction[] {
  const seen = new Set<string>();
  return actions.filter((action) => {
    const text = JSON.stringify(action);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

function checkRegions({ actions, consistency, witness }: ReplicaRequest, home: string): void {
  const regions = actions.map(({ region }) => region);
  if (actions.some(({ kind, region }) => kind !== 'update' && region === home)) {
    throw invalid(
      'Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
    );
  }
  const all = witness === undefined ? regions : [...regions, witness.region];
  if (new Set(all).size < all.length) {
    throw invalid('Cannot target multiple regions with the same action');
  }
  const unknown = all.find((region) => !REGION.test(region));
  if (unknown !== undefined) {
    throw invalid(
      `Region ${unknown} is not supported. The latest version of global tables are only supported in the following regions: [every region of this cloud]`,
    );
  }
  if (consistency !== 'STRONG') return;
  if (witness?.region === home) {
    throw invalid(
      'Cannot add a witness in the same region as an existing replica when creating a global table with MultiRegionConsistency set to STRONG.',
    );
  }
  const unfit = all.filter((region) => NOT_STRONG.has(region));
  if (unfit.length > 0) {
    throw invalid(
      `Unsupported Region(s) specified for global tables with MultiRegionConsistency set to STRONG: [${unfit.join(', ')}].`,
    );
  }
}

/** AWS: a group with strong consistency is made, and ended, at once; others a region at a time. */
function checkCount({ actions, consistency, witness }: ReplicaRequest): void {
  const kinds = new Set(actions.map(({ kind }) => kind));
  if (kinds.size > 1) {
    throw invalid('Update table operation with more than one type of replica actions not allowed.');
  }
  if (consistency === undefined || consistency === 'EVENTUAL') {
    if (actions.length <= 1 || kinds.has('delete')) return;
    throw invalid(
      'Update table operation with more than one create or delete replica actions not allowed',
    );
  }
  if (!kinds.has('create')) {
    throw invalid(
      'Only Replica Create actions are supported when MultiRegionConsistency parameter is provided.',
    );
  }
  if (actions.length + (witness === undefined ? 0 : 1) !== 2) {
    throw invalid(
      'Unsupported replica count for global tables with MultiRegionConsistency set to STRONG.',
    );
  }
}
