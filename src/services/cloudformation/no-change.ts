// Whether a deployment would change anything at all.
import { isDeepStrictEqual } from 'node:util';
import type { StackPlan } from '../../kernel/templates.ts';
import type { StackRow, StackTarget } from './store.ts';

/**
 * AWS: changed resources, outputs, tags, the role and the topics count; a description or a parameter that
 * nothing uses does not. After a failure that was left standing, an update always has something to do.
 */
export function changesNothing(stack: StackRow, target: StackTarget, plan: StackPlan): boolean {
  if (stack.status === 'CREATE_FAILED' || stack.status === 'UPDATE_FAILED') return false;
  const before = stack.target;
  return (
    plan.changes.length === 0 &&
    isDeepStrictEqual(plan.outputs, stack.outputs) &&
    isDeepStrictEqual(target.tags, before?.tags ?? {}) &&
    isDeepStrictEqual(target.notificationArns, before?.notificationArns ?? []) &&
    target.roleArn === before?.roleArn
  );
}
