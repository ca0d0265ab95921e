// Checks an input against its model's constraints and words the refusal as AWS does.
import { compileChecks } from './constraint-checks.ts';
import type { Check } from './constraint-checks.ts';
import type { ConstraintTable } from './constraint-table.ts';
import type { ServiceId } from './operations.ts';
import { SERVICE_ROWS } from './services.ts';

/** A refusal, for the caller to throw. */
interface Violation {
  /** The service's code for it, e.g. `ValidationException`. */
  readonly code: string;
  /** `2 validation errors detected: Value … failed to satisfy constraint: …; Value …` */
  readonly message: string;
}

/** The refusal of an input; undefined when it satisfies the model. */
export type Validator = (operation: string, input: unknown) => Violation | undefined;

const TABLES: Readonly<Partial<Record<string, () => Promise<{ default: unknown }>>>> = {
  apigateway: () => import('./constraints/apigateway.json', { with: { type: 'json' } }),
  cloudformation: () => import('./constraints/cloudformation.json', { with: { type: 'json' } }),
  dynamodb: () => import('./constraints/dynamodb.json', { with: { type: 'json' } }),
  dynamodbstreams: () => import('./constraints/dynamodbstreams.json', { with: { type: 'json' } }),
  iam: () => import('./constraints/iam.json', { with: { type: 'json' } }),
  lambda: () => import('./constraints/lambda.json', { with: { type: 'json' } }),
  logs: () => import('./constraints/logs.json', { with: { type: 'json' } }),
  sns: () => import('./constraints/sns.json', { with: { type: 'json' } }),
  sts: () => import('./constraints/sts.json', { with: { type: 'json' } }),
} satisfies Partial<Record<ServiceId, unknown>>;

/** The generated table of a service; undefined where the service answers by checks of its own. */
export async function loadConstraints(service: string): Promise<ConstraintTable | undefined> {
  const module = await TABLES[service]?.();
  // The generator writes this very type; `constraints.test.ts` holds the two together.
  return module?.default as ConstraintTable | undefined;
}

/** A validator for one service; undefined where it answers by checks of its own (S3, SQS). */
export async function createValidator(service: string): Promise<Validator | undefined> {
  const code = SERVICE_ROWS.find((row) => row.id === service)?.validationErrorCode;
  const table = await loadConstraints(service);
  if (code === undefined || table === undefined) return undefined;
  const compile = compileChecks(table);
  const compiled = new Map<string, Check | undefined>();
  return (operation, input) => {
    let check = compiled.get(operation);
    // Operations compile on first use: a service has a hundred, and an application uses five.
    if (check === undefined && !compiled.has(operation)) {
      check = compile(operation);
      compiled.set(operation, check);
    }
    if (check === undefined || check.passes(input)) return undefined;
    return { code, message: describeViolations(check, input) };
  };
}

function describeViolations(check: Check, input: unknown): string {
  const violations: string[] = [];
  check.explain(input, '', violations);
  const noun = violations.length === 1 ? 'error' : 'errors';
  return `${violations.length} validation ${noun} detected: ${violations.join('; ')}`;
}
