// Projections: the parts of an item that were asked for.
import { attributeOf, setAttribute, type AttributeValue, type Item } from '../attribute-value.ts';
import type { Path } from './syntax.ts';

/** What is wanted below each step; `null`: all of it. */
export interface Projection {
  readonly steps: ReadonlyMap<string | number, Projection | null>;
}

interface MutableProjection extends Projection {
  readonly steps: Map<string | number, MutableProjection | null>;
}

/** @param paths none of which contains another. */
export function planProjection(paths: readonly Path[]): Projection {
  const root: MutableProjection = { steps: new Map() };
  for (const path of paths) {
    let at: MutableProjection = root;
    path.forEach((step, i) => {
      if (i === path.length - 1) {
        at.steps.set(step, null);
        return;
      }
      const known = at.steps.get(step);
      const below: MutableProjection = known ?? { steps: new Map() };
      at.steps.set(step, below);
      at = below;
    });
  }
  return root;
}

export function projectItem(projection: Projection, item: Item): Item {
  return projectMap(projection, item) ?? {};
}

function projectMap(projection: Projection, map: Item): Item | undefined {
  const result: Record<string, AttributeValue> = {};
  let found = false;
  for (const [step, below] of projection.steps) {
    const value = typeof step === 'string' ? attributeOf(map, step) : undefined;
    const part = value === undefined ? undefined : projectValue(below, value);
    if (typeof step !== 'string' || part === undefined) continue;
    setAttribute(result, step, part);
    found = true;
  }
  return found ? result : undefined;
}

function projectValue(
  projection: Projection | null,
  value: AttributeValue,
): AttributeValue | undefined {
  if (projection === null) return value;
  if ('M' in value) {
    const map = projectMap(projection, value.M);
    return map === undefined ? undefined : { M: map };
  }
  return 'L' in value ? projectList(projection, value.L) : undefined;
}

/** AWS: elements come in the list's order and close ranks, whatever the order asked for. */
function projectList(
  projection: Projection,
  list: readonly AttributeValue[],
): AttributeValue | undefined {
  const indexes = [...projection.steps.keys()].filter((step) => typeof step === 'number');
  const elements: AttributeValue[] = [];
  for (const index of indexes.toSorted((a, b) => a - b)) {
    const element = list[index];
    const below = projection.steps.get(index);
    const part =
      element === undefined || below === undefined ? undefined : projectValue(below, element);
    if (part !== undefined) elements.push(part);
  }
  return elements.length === 0 ? undefined : { L: elements };
}
