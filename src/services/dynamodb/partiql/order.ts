// ORDER BY: by the key alone, which is the order things are read in.
import { equalValues } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { keyNames, type KeySchema } from '../table-definition.ts';
import type { ReadStep } from './read-plan.ts';
import type { SortTerm } from './statement.ts';

export interface OrderedPlan {
  readonly steps: readonly ReadStep[];
  /** Whether each step is read from its end. */
  readonly reverse: boolean;
}

/** AWS: checks in this order. floci, PartiQLDocumentedSyntaxIntegrationTest */
export function planOrder(
  steps: readonly ReadStep[],
  given: {
    readonly orderBy: readonly SortTerm[];
    readonly key: KeySchema;
    readonly hasWhere: boolean;
    readonly isScan: boolean;
  },
): OrderedPlan {
  const { orderBy, key } = given;
  if (orderBy.length === 0) return { steps, reverse: false };
  if (!given.hasWhere) {
    throw invalid('Must have WHERE clause in the statement when using ORDER BY clause.');
  }
  for (const { attribute } of orderBy) {
    if (keyNames(key).includes(attribute)) continue;
    throw invalid(`Attribute ${attribute} in ORDER BY clause must be part of the primary key`);
  }
  if (given.isScan) {
    throw invalid(
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    );
  }
  const byPartition = orderBy.find(({ attribute }) => attribute === key.partition.name);
  if (byPartition === undefined && hasSeveralPartitions(steps)) {
    throw invalid(
      'Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.',
    );
  }
  // AWS: where only the partition key is named, its items come in descending order.
  const reverse = orderBy.find(({ attribute }) => attribute === key.sort?.name)?.descending ?? true;
  return {
    steps: arrange(steps, { descending: byPartition?.descending === true, reverse }),
    reverse,
  };
}

function hasSeveralPartitions(steps: readonly ReadStep[]): boolean {
  const [first] = steps;
  return steps.some((step) => !samePartition(step, first));
}

function samePartition(a: ReadStep, b: ReadStep | undefined): boolean {
  if (a.partition === undefined || b?.partition === undefined) return false;
  return equalValues(a.partition, b.partition);
}

/** The steps come sorted by partition and range, both ascending. */
function arrange(
  steps: readonly ReadStep[],
  { descending, reverse }: { readonly descending: boolean; readonly reverse: boolean },
): readonly ReadStep[] {
  const partitions: ReadStep[][] = [];
  for (const step of steps) {
    const last = partitions.at(-1);
    if (last !== undefined && samePartition(step, last[0])) last.push(step);
    else partitions.push([step]);
  }
  const inside = partitions.map((group) => (reverse ? group.toReversed() : group));
  return (descending ? inside.toReversed() : inside).flat();
}
