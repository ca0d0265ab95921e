// How a SELECT reads: as queries of the partitions its WHERE clause names, or as a scan.
import { compareValues, equalValues, type AttributeValue } from '../attribute-value.ts';
import { invalid, invalidParameter } from '../errors.ts';
import { readKeyCondition } from '../expression/key-condition.ts';
import type { LegacyCondition } from '../expression/legacy.ts';
import { conditionPaths } from '../expression/paths.ts';
import type { BoundCondition } from '../expression/syntax.ts';
import { DECOMPOSED_READS_MAX } from '../limits.ts';
import { queryRange, scanRange, type KeyRange } from '../query-range.ts';
import { keyNames, type KeyAttribute, type KeySchema } from '../table-definition.ts';
import { joinConditions, keyTerm, pinnedValue, type KeyTerm } from './key-terms.ts';

/** One query, or the scan. */
export interface ReadStep {
  readonly range: KeyRange;
  readonly filter: BoundCondition | undefined;
  /** Undefined for the scan. */
  readonly partition: AttributeValue | undefined;
}

/** The conjuncts of one way to fulfil the WHERE clause. */
type Branch = readonly BoundCondition[];

/** Throws the service's errors. Queries come in the order of partitions and of sort keys. */
export function planRead(where: BoundCondition | undefined, key: KeySchema): readonly ReadStep[] {
  const branches = where === undefined ? undefined : findBranches(where, key);
  const scan: ReadStep = { range: scanRange(0, 1), filter: where, partition: undefined };
  if (branches === undefined) return [scan];
  for (const branch of branches) checkKeyTypes(branch, key);
  const steps = branches.map((branch) => toStep(branch, key));
  // AWS: the union of branches with negated sort keys is read without complaint of overlaps.
  if (steps.length > 1 && branches.some((branch) => negatesSortKey(branch, key))) return [scan];
  const sorted = steps.toSorted(byPartitionAndRange);
  checkOverlaps(sorted);
  return sorted;
}

/** Whether the plan is a scan rather than queries. */
export function isScan([first]: readonly ReadStep[]): boolean {
  return first?.partition === undefined;
}

/** The branches when each of them names one partition; undefined when one does not. */
function findBranches(where: BoundCondition, key: KeySchema): readonly Branch[] | undefined {
  if (!pinsPartition(where, key.partition)) return undefined;
  const branches = expand(where, key);
  return branches.some((branch) => namesTwoPartitions(branch, key.partition))
    ? undefined
    : branches;
}

function pinsPartition(condition: BoundCondition, partition: KeyAttribute): boolean {
  if (condition.kind === 'and' || condition.kind === 'or') {
    const left = pinsPartition(condition.left, partition);
    if (left === (condition.kind === 'and')) return left;
    return pinsPartition(condition.right, partition);
  }
  const term = keyTerm(condition);
  return isOn(term, partition) && (term.operator === 'EQ' || term.operator === 'IN');
}

function isOn(term: KeyTerm | undefined, attribute: KeyAttribute | undefined): term is KeyTerm {
  return term !== undefined && term.attribute === attribute?.name;
}

function expand(condition: BoundCondition, key: KeySchema): Branch[] {
  if (condition.kind === 'and') {
    const right = expand(condition.right, key);
    return limited(
      expand(condition.left, key).flatMap((one) => right.map((other) => [...one, ...other])),
    );
  }
  // AWS: only what tells of keys is taken apart.
  if (condition.kind === 'or' && mentionsKey(condition, key)) {
    return limited([...expand(condition.left, key), ...expand(condition.right, key)]);
  }
  const term = keyTerm(condition);
  if (condition.kind === 'in' && (isOn(term, key.partition) || isOn(term, key.sort))) {
    const { operand } = condition;
    return limited(
      condition.choices.map((right) => [
        { kind: 'compare', comparator: '=', left: operand, right },
      ]),
    );
  }
  return [[condition]];
}

function limited(branches: Branch[]): Branch[] {
  if (branches.length <= DECOMPOSED_READS_MAX) return branches;
  throw invalid('Too many decomposed read operations for a given query.');
}

function mentionsKey(condition: BoundCondition, key: KeySchema): boolean {
  const names = keyNames(key);
  return conditionPaths(condition).some(([head]) => names.includes(String(head)));
}

function namesTwoPartitions(branch: Branch, partition: KeyAttribute): boolean {
  const values = branch.flatMap((condition) => {
    const term = keyTerm(condition);
    return isOn(term, partition) ? (pinnedValue(term) ?? []) : [];
  });
  const [first] = values;
  return first !== undefined && values.some((value) => !equalValues(value, first));
}

const RANGE_OPERATORS: ReadonlySet<string> = new Set([
  'EQ',
  'LT',
  'LE',
  'GT',
  'GE',
  'BETWEEN',
  'BEGINS_WITH',
]);

function isRange(term: KeyTerm | undefined, { sort }: KeySchema): term is KeyTerm {
  return isOn(term, sort) && RANGE_OPERATORS.has(term.operator);
}

function checkKeyTypes(branch: Branch, key: KeySchema): void {
  for (const condition of branch) {
    const term = keyTerm(condition);
    const attribute = [key.partition, key.sort].find((candidate) => isOn(term, candidate));
    if (term === undefined || attribute === undefined) continue;
    if (attribute === key.partition && pinnedValue(term) === undefined) continue;
    if (term.values.every((value) => attribute.type in value)) continue;
    throw invalid(
      `Key attribute's data type should match its data type in table's schema: Key ${attribute.name}`,
    );
  }
}

/** The first conditions on the key say where to read, the others what to keep. */
function toStep(branch: Branch, key: KeySchema): ReadStep {
  const used = new Map<string, LegacyCondition>();
  const rest: BoundCondition[] = [];
  for (const condition of branch) {
    const term = keyTerm(condition);
    const pins = isOn(term, key.partition) && pinnedValue(term) !== undefined;
    if ((pins || isRange(term, key)) && term !== undefined && !used.has(term.attribute)) {
      used.set(term.attribute, { operator: pins ? 'EQ' : term.operator, values: term.values });
    } else {
      rest.push(condition);
    }
  }
  const condition = readKeyCondition(used, key);
  const filter = joinConditions('and', rest);
  return { range: queryRange(condition), filter, partition: condition.partition };
}

function negatesSortKey(branch: Branch, { sort }: KeySchema): boolean {
  return branch.some((condition) => {
    if (condition.kind === 'not') {
      return conditionPaths(condition).some(([head]) => head === sort?.name);
    }
    const term = keyTerm(condition);
    return isOn(term, sort) && term.operator === 'NE';
  });
}

function byPartitionAndRange(a: ReadStep, b: ReadStep): number {
  const order =
    a.partition === undefined || b.partition === undefined
      ? 0
      : (compareValues(a.partition, b.partition) ?? 0);
  return order === 0 ? Buffer.compare(lowerBound(a), lowerBound(b)) : order;
}

/** Where in its partition a step begins to read. */
function lowerBound({ range }: ReadStep): Uint8Array {
  const [, bytes] = range.from;
  return bytes instanceof Uint8Array ? bytes : new Uint8Array();
}

/** Where it ends; undefined at the end of the partition. */
function upperBound({ range }: ReadStep): Uint8Array | undefined {
  const [, bytes] = range.to;
  return bytes instanceof Uint8Array ? bytes : undefined;
}

function isEmpty(step: ReadStep): boolean {
  const end = upperBound(step);
  return end !== undefined && Buffer.compare(lowerBound(step), end) >= 0;
}

function checkOverlaps(sorted: readonly ReadStep[]): void {
  const steps = sorted.filter((step) => !isEmpty(step));
  steps.forEach((step, i) => {
    const next = steps[i + 1];
    if (next?.partition === undefined || step.partition === undefined) return;
    if (!equalValues(step.partition, next.partition)) return;
    const end = upperBound(step);
    if (end !== undefined && Buffer.compare(end, lowerBound(next)) <= 0) return;
    throw invalid('Overlapping conditions with range keys are not supported in where clause');
  });
}

/**
 * AWS: a query of an index cannot filter on what the index does not hold, unless one of its
 * branches has no such filter. Names come as a Java HashSet has them. floci, EdgeCaseIntegrationTest
 */
export function checkFilterProjected(
  steps: readonly ReadStep[],
  { indexName, projected }: { indexName: string; projected: ReadonlySet<string> },
): void {
  if (isScan(steps)) return;
  let last: string[] = [];
  for (const { filter } of steps) {
    const paths = filter === undefined ? [] : conditionPaths(filter);
    last = paths.map(([head]) => String(head)).filter((name) => !projected.has(name));
    if (last.length === 0) return;
  }
  throw invalidParameter(
    `Secondary index ${indexName} does not project one or more filter attributes: [${hashOrder(last).join(', ')}]`,
  );
}

/** Distinct names in the order a Java HashSet of them iterates. */
function hashOrder(names: readonly string[]): string[] {
  const distinct = [...new Set(names)];
  let buckets = 16;
  while (distinct.length > buckets * 0.75) buckets *= 2;
  const bucketOf = (name: string): number => {
    let hash = 0;
    for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
    return (hash ^ (hash >>> 16)) & (buckets - 1);
  };
  return distinct.toSorted((a, b) => bucketOf(a) - bucketOf(b));
}
