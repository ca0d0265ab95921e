// Checks an input against its model's constraints and words the refusal as AWS does.
import { compileChecks } from './constraint-checks.ts';
import type { Check } from './constraint-checks.ts';
import type { ConstraintTable } from './constraint-table.ts';
import type { ServiceId } from './operations.ts';

/** AWS's message for the first form of refusal, or undefined when `input` satisfies the model. */
export type Validator = (operation: string, input: unknown) => string | undefined;

const TABLES: Partial<Record<ServiceId, () => Promise<{ default: unknown }>>> = {
  apigateway: () => import('./constraints/apigateway.json', { with: { type: 'json' } }),
  cloudformation: () => import('./constraints/cloudformation.json', { with: { type: 'json' } }),
  dynamodb: () => import('./constraints/dynamodb.json', { with: { type: 'json' } }),
  iam: () => import('./constraints/iam.json', { with: { type: 'json' } }),
  lambda: () => import('./constraints/lambda.json', { with: { type: 'json' } }),
  logs: () => import('./constraints/logs.json', { with: { type: 'json' } }),
  sns: () => import('./constraints/sns.json', { with: { type: 'json' } }),
  sts: () => import('./constraints/sts.json', { with: { type: 'json' } }),
};

/** The generated table of a service; undefined where the service answers by checks of its own. */
export async function loadConstraints(service: ServiceId): Promise<ConstraintTable | undefined> {
  const module = await TABLES[service]?.();
  // The generator writes this very type; `constraints.test.ts` holds the two together.
  return module?.default as ConstraintTable | undefined;
}

/** A validator for one service; operations compile on first use. */
export async function createValidator(service: ServiceId): Promise<Validator> {
  const table = await loadConstraints(service);
  if (table === undefined) return () => undefined;
  const compile = compileChecks(table);
  const compiled = new Map<string, Check | undefined>();
  return (operation, input) => {
    let check = compiled.get(operation);
    if (check === undefined) {
      if (compiled.has(operation)) return undefined;
      check = compile(operation);
      compiled.set(operation, check);
      if (check === undefined) return undefined;
    }
    return check.passes(input) ? undefined : describeViolations(check, input);
  };
}

function describeViolations(check: Check, input: unknown): string {
  const violations: string[] = [];
  check.explain(input, '', violations);
  const noun = violations.length === 1 ? 'error' : 'errors';
  return `${violations.length} validation ${noun} detected: ${violations.join('; ')}`;
}
