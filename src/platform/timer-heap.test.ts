// The heap of timers: by due time, equal ones in the order they came.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTimerHeap } from './timer-heap.ts';

test('gives timers back by due time, equal ones in the order they came', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 0, max: 20 })), { maxLength: 200 }),
      (steps) => {
        const heap = createTimerHeap<{ dueMs: number; order: number }>();
        const model: { dueMs: number; order: number }[] = [];
        for (const [order, dueMs] of steps.entries()) {
          if (dueMs === 13) {
            heap.retain((timer) => timer.dueMs % 2 === 0);
            model.splice(0, model.length, ...model.filter((timer) => timer.dueMs % 2 === 0));
          } else if (dueMs === null) {
            model.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
            expect(heap.peek()).toEqual(model[0]);
            expect(heap.pop()).toEqual(model.shift());
          } else {
            heap.push({ dueMs, order });
            model.push({ dueMs, order });
          }
          expect(heap.size).toBe(model.length);
        }
      },
    ),
  );
});
