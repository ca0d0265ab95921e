// Compiles a constraint table into functions: a fast yes or no, and AWS's words for each violation.
import { present, unreachable } from '../base/errors.ts';
import type {
  BlobConstraint,
  ConstraintTable,
  ListConstraint,
  MapConstraint,
  NumberConstraint,
  ShapeConstraint,
  StructureConstraint,
  TextConstraint,
} from './constraint-table.ts';
import { printValue } from './print-value.ts';

export interface Check {
  passes(value: unknown): boolean;
  /** Adds one message for each violation, in AWS's order, up to MOST_VIOLATIONS. */
  explain(value: unknown, path: string, violations: string[]): void;
  /** Like `explain`, without what the value demands of itself: only what is inside it. */
  explainInside(value: unknown, path: string, violations: string[]): void;
}

/** What a scalar, list or map demands by itself, without regard to what is inside. */
interface Demand {
  /** `Member must have length less than or equal to 64`… */
  readonly text: string;
  met(value: unknown): boolean;
}

/** AWS: stops counting here ("10 validation errors detected"), as recorded from DynamoDB. */
const MOST_VIOLATIONS = 10;

const NOTHING: Check = {
  passes: () => true,
  explain: () => undefined,
  explainInside: () => undefined,
};

type Compile = (shape: string | undefined) => Check;

interface Compiler {
  readonly table: ConstraintTable;
  readonly compile: Compile;
}

/** @returns operation name → the check of its input; undefined when nothing is demanded of it. */
export function compileChecks(table: ConstraintTable): (operation: string) => Check | undefined {
  const done = new Map<string, Check>();
  const compiler: Compiler = {
    table,
    compile(name) {
      if (name === undefined) return NOTHING;
      const known = done.get(name);
      if (known !== undefined) return known;
      // Shapes may contain themselves: the entry stands before its content is compiled.
      const check: Check = { ...NOTHING };
      done.set(name, check);
      Object.assign(
        check,
        compileShape(name, present(table.shapes[name], `constraint shape ${name}`), compiler),
      );
      return check;
    },
  };
  return (operation) => {
    const name = table.operations[operation];
    if (name === undefined) return undefined;
    const body = table.bodyMembers?.[operation];
    const shape = present(table.shapes[name], `constraint shape ${name}`);
    if (body === undefined || shape.kind !== 'structure') return compiler.compile(name);
    return compileStructure(shape, compiler, { body, prefix: `${lowerFirst(operation)}Input.` });
  };
}

function compileShape(name: string, shape: ShapeConstraint, compiler: Compiler): Check {
  switch (shape.kind) {
    case 'structure':
      return compileStructure(shape, compiler);
    case 'list':
      return compileList(name, shape, compiler);
    case 'map':
      return compileMap(name, shape, compiler);
    case 'text':
    case 'number':
    case 'blob':
      return compileDemands(shape, demandsOf(shape), (value) =>
        printValue(value, name, compiler.table),
      );
    default:
      return unreachable(shape);
  }
}

/** Members of an input that AWS prints below the name of the input's shape. */
interface BodyPrefix {
  readonly body: readonly string[];
  readonly prefix: string;
}

function compileStructure(
  shape: StructureConstraint,
  { compile }: Compiler,
  prefixed?: BodyPrefix,
): Check {
  const required = new Set(shape.required);
  const names = [...new Set([...Object.keys(shape.members ?? {}), ...required])];
  const members = names.map((name) => ({
    name,
    path: (prefixed?.body.includes(name) === true ? prefixed.prefix : '') + lowerFirst(name),
    check: compile(shape.members?.[name]),
    required: required.has(name),
  }));
  const explain: Check['explain'] = (value, path, violations) => {
    const record = value as Readonly<Record<string, unknown>>;
    for (const member of members) {
      const item = record[member.name];
      const itemPath = path === '' ? member.path : `${path}.${member.path}`;
      if (item !== undefined && item !== null) member.check.explain(item, itemPath, violations);
      else if (member.required) add(violations, 'Value null', itemPath, 'Member must not be null');
    }
  };
  return {
    explain,
    explainInside: explain,
    passes(value) {
      const record = value as Readonly<Record<string, unknown>>;
      for (const member of members) {
        const item = record[member.name];
        if (item === undefined || item === null) {
          if (member.required) return false;
        } else if (!member.check.passes(item)) return false;
      }
      return true;
    },
  };
}

function compileList(name: string, shape: ListConstraint, compiler: Compiler): Check {
  const own = compileDemands(shape, demandsOf(shape), (value) =>
    printValue(value, name, compiler.table),
  );
  const inner = compiler.compile(shape.of);
  const element = composeElement(shape.of, compiler);
  const explainInside: Check['explain'] = (value, path, violations) => {
    const items = value as readonly unknown[];
    if (items.some((item) => !element.met(item))) {
      const printed = shape.sensitive
        ? 'Value'
        : `Value '${printValue(value, name, compiler.table)}'`;
      add(violations, printed, path, `Member must satisfy constraint: [${element.text}]`);
    }
    for (const [index, item] of items.entries()) {
      inner.explainInside(item, `${path}.${index + 1}.member`, violations);
    }
  };
  return {
    passes(value) {
      if (!own.passes(value)) return false;
      for (const item of value as readonly unknown[]) if (!inner.passes(item)) return false;
      return true;
    },
    explain(value, path, violations) {
      own.explain(value, path, violations);
      explainInside(value, path, violations);
    },
    explainInside,
  };
}

function compileMap(name: string, shape: MapConstraint, compiler: Compiler): Check {
  const own = compileDemands(shape, demandsOf(shape), (value) =>
    printValue(value, name, compiler.table),
  );
  const [key, value] = [composeElement(shape.key, compiler), composeElement(shape.value, compiler)];
  const inner = compiler.compile(shape.value);
  const explainInside: Check['explain'] = (map, path, violations) => {
    const record = map as Readonly<Record<string, unknown>>;
    const printed = shape.sensitive ? 'Value' : `Value '${printValue(map, name, compiler.table)}'`;
    if (Object.keys(record).some((item) => !key.met(item))) {
      add(violations, printed, path, `Map keys must satisfy constraint: [${key.text}]`);
    }
    if (Object.values(record).some((item) => !value.met(item))) {
      add(violations, printed, path, `Map value must satisfy constraint: [${value.text}]`);
    }
    for (const [entry, item] of Object.entries(record)) {
      inner.explainInside(item, `${path}.${entry}.member`, violations);
    }
  };
  return {
    passes(map) {
      if (!own.passes(map)) return false;
      const record = map as Readonly<Record<string, unknown>>;
      for (const name in record) {
        if (!key.met(name) || !inner.passes(record[name])) return false;
      }
      return true;
    },
    explain(map, path, violations) {
      own.explain(map, path, violations);
      explainInside(map, path, violations);
    },
    explainInside,
  };
}

/** AWS words what a list or map demands of its elements as one demand on the whole. */
function composeElement(name: string | undefined, compiler: Compiler): Demand {
  const shape = name === undefined ? undefined : compiler.table.shapes[name];
  if (shape === undefined || shape.kind === 'structure') return { text: '', met: () => true };
  const demands = demandsOf(shape);
  const texts = demands.map((demand) => demand.text);
  if (compiler.table.printsNotNull) texts.push('Member must not be null');
  // AWS: here the upper bound comes before the lower one, and the pattern last (recorded from Lambda and ACM).
  return { text: texts.join(', '), met: (value) => demands.every((demand) => demand.met(value)) };
}

function compileDemands(
  shape: { readonly kind: string; readonly sensitive?: true },
  demands: readonly Demand[],
  print: (value: unknown) => string,
): Check {
  // AWS: alone, the pattern is told before the length (recorded from Lambda, KMS and Firehose).
  const told = demands.toReversed();
  return {
    passes(value) {
      for (const demand of demands) if (!demand.met(value)) return false;
      return true;
    },
    explain(value, path, violations) {
      for (const demand of told) {
        if (demand.met(value)) continue;
        add(violations, shape.sensitive ? 'Value' : `Value '${print(value)}'`, path, demand.text);
      }
    },
    explainInside: () => undefined,
  };
}

function demandsOf(
  shape: TextConstraint | NumberConstraint | BlobConstraint | ListConstraint | MapConstraint,
): Demand[] {
  const demands: Demand[] = [];
  const isNumber = shape.kind === 'number';
  const what = isNumber ? 'value' : 'length';
  const measure = measureOf(shape.kind);
  const print = (bound: number): string =>
    isNumber && shape.double === true ? bound.toFixed(1) : String(bound);
  const { max, min } = shape;
  if (max !== undefined) {
    const text = `Member must have ${what} less than or equal to ${print(max)}`;
    demands.push({ text, met: (value) => measure(value) <= max });
  }
  if (min !== undefined) {
    const text = `Member must have ${what} greater than or equal to ${print(min)}`;
    demands.push({ text, met: (value) => measure(value) >= min });
  }
  if (shape.kind === 'text') demands.push(...textDemands(shape));
  return demands;
}

function textDemands(shape: TextConstraint): Demand[] {
  const demands: Demand[] = [];
  if (shape.pattern !== undefined) {
    const pattern =
      shape.unicodePattern === undefined
        ? new RegExp(`^(?:${shape.pattern})$`)
        : new RegExp(`^(?:${shape.unicodePattern})$`, 'u');
    const text = `Member must satisfy regular expression pattern: ${shape.pattern}`;
    const limit = shape.patternWithinMax ? (shape.max ?? 0) : Infinity;
    const met = (value: unknown): boolean =>
      typeof value === 'string' && (value.length > limit || pattern.test(value));
    demands.push({ text, met });
  }
  if (shape.values !== undefined) {
    const values = new Set<unknown>(shape.values);
    const text = `Member must satisfy enum value set: [${shape.values.join(', ')}]`;
    demands.push({ text, met: (value) => values.has(value) });
  }
  return demands;
}

function measureOf(kind: 'text' | 'number' | 'blob' | 'list' | 'map'): (value: unknown) => number {
  switch (kind) {
    case 'number':
      return Number;
    case 'map':
      return (value) => Object.keys(value as object).length;
    case 'text':
    case 'blob':
    case 'list':
      return measureLength;
    default:
      return unreachable(kind);
  }
}

/** NaN for a streaming body, which has no length yet: whoever reads it bounds it. */
function measureLength(value: unknown): number {
  return (value as { readonly length?: number }).length ?? Number.NaN;
}

function add(violations: string[], value: string, path: string, demand: string): void {
  if (violations.length >= MOST_VIOLATIONS) return;
  violations.push(`${value} at '${path}' failed to satisfy constraint: ${demand}`);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
