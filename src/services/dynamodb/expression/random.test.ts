// Random conditions, updates and projections against naive evaluators written for these tests alone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyUpdate } from './apply-update.ts';
import { holds } from './evaluate.ts';
import { clauses } from './naive-conditions.ts';
import { projections, Refused, updates } from './naive-updates.ts';
import { bind, fromItem, items, showItem, toItem } from './naive-values.ts';
import { openPlaceholders } from './placeholders.ts';
import { planProjection, projectItem } from './project.ts';
import { readCondition, readProjection, readUpdate } from './read-expression.ts';

test('conditions hold exactly when the naive evaluator says so', () => {
  fc.assert(
    fc.property(clauses, items, (clause, item) => {
      const { text, names, values } = bind(clause);
      const tree = readCondition('FilterExpression', text, openPlaceholders(names, values));
      expect(holds(tree, toItem(item))).toBe(clause.test(item));
    }),
    { numRuns: 3000 },
  );
});

/** The item after the work, as text, or that it was refused. */
function outcome(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refused) return 'refused';
    expect(error).toMatchObject({ code: 'ValidationException' });
    return 'refused';
  }
}

test('updates do what the naive evaluator does, all reading the old item', () => {
  fc.assert(
    fc.property(updates, items, (update, item) => {
      const { text, names, values } = bind(update);
      const actions = readUpdate(text, openPlaceholders(names, values));
      const ours = outcome(() => showItem(fromItem(applyUpdate(actions, toItem(item)))));
      expect(ours).toBe(outcome(() => showItem(update.apply(item))));
    }),
    { numRuns: 2500 },
  );
});

test('projections pick what the naive evaluator picks', () => {
  fc.assert(
    fc.property(projections, items, (projection, item) => {
      const { text, names } = bind({ ...projection, values: [] });
      const wanted = planProjection(readProjection(text, openPlaceholders(names, undefined)));
      const found = showItem(fromItem(projectItem(wanted, toItem(item))));
      expect(found).toBe(showItem(projection.pick(item)));
    }),
    { numRuns: 1000 },
  );
});
