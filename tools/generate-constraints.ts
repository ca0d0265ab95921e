// Writes src/models/constraints/*.json from botocore's service models: `generate-constraints [BOTOCORE_DATA_DIR]`.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ConstraintTable, ShapeConstraint } from '../src/models/constraint-table.ts';
import { SERVICE_ROWS } from '../src/models/services.ts';

interface ModelShape {
  readonly type: string;
  readonly members?: Readonly<
    Record<string, { readonly shape: string; readonly location?: string }>
  >;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly sensitive?: boolean;
}

interface Model {
  readonly operations: Readonly<Record<string, { readonly input?: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, ModelShape>>;
}

interface Patch {
  readonly service: string;
  readonly shape: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly unset?: readonly string[];
  /** Structures: members that take another shape. */
  readonly members?: Readonly<Record<string, string>>;
  /** A shape that the model does not have. */
  readonly define?: ShapeConstraint;
  readonly reason: string;
}

const OUT_DIR = resolve('src/models/constraints');
const PATCHES = JSON.parse(readFileSync(join(OUT_DIR, 'patches.json'), 'utf8')) as readonly Patch[];

function findBotocoreData(): string {
  const given = process.argv[2];
  if (given !== undefined) return given;
  const script =
    'import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), "data"))';
  return execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim();
}

function readModel(dataDir: string, service: string): Model {
  const versions = readdirSync(join(dataDir, service)).filter((name) => /^\d{4}-/.test(name));
  const newest = join(dataDir, service, versions.toSorted().at(-1) ?? '', 'service-2.json');
  const text = existsSync(newest) ? readFileSync(newest) : gunzipSync(readFileSync(`${newest}.gz`));
  return JSON.parse(text.toString('utf8')) as Model;
}

/** Java's HashSet iterates in the order of its strings' hashes: the order AWS prints enums in. */
function inHashOrder(values: readonly string[]): string[] {
  let buckets = 16;
  while (values.length > buckets * 0.75) buckets *= 2;
  const bucketOf = (value: string): number => {
    let hash = 0;
    for (let i = 0; i < value.length; i++) hash = (Math.imul(hash, 31) + value.charCodeAt(i)) | 0;
    return (hash ^ (hash >>> 16)) & (buckets - 1);
  };
  return values.toSorted((a, b) => bucketOf(a) - bucketOf(b));
}

/** Java's POSIX classes as JavaScript writes their content. */
const POSIX_CLASSES: readonly (readonly [string, string])[] = [
  ['\\p{ASCII}', '\\x00-\\x7f'],
  ['\\p{Alnum}', 'a-zA-Z0-9'],
  ['\\p{Graph}', '\\x21-\\x7e'],
  ['\\p{Print}', '\\x20-\\x7e'],
];

/** Throws SyntaxError, at generation rather than in the field. */
function assertCompiles(pattern: string, flags?: string): void {
  if (!new RegExp(`^(?:${pattern})$`, flags).source) throw new SyntaxError(pattern);
}

/** JavaScript's form (flag `u`) of a Java pattern whose text would not match the same, or not compile. */
function translatePattern(pattern: string): string | undefined {
  // Surrogate pairs are one character to Java, as they are to JavaScript's flag `u` alone.
  if (!/\\p\{|\(\?[a-z]+\)|\\[AzZ]|\\uD[89AB]/.test(pattern)) {
    assertCompiles(pattern);
    return undefined;
  }
  let translated = pattern.replaceAll(/^\\A|\\[zZ]$/g, '');
  for (const [java, content] of POSIX_CLASSES) {
    translated = translated
      .replaceAll(`[${java}]`, `[${content}]`)
      .replaceAll(java, `[${content}]`);
  }
  // Java lets any punctuation be escaped; JavaScript's flag `u` only its own syntax characters.
  translated = translated.replaceAll(/\\([^\w\s^$\\.*+?()[\]{}|/-])/g, '$1').replaceAll('\\_', '_');
  assertCompiles(translated, 'u');
  return translated;
}

function bounds(shape: ModelShape): { min?: number; max?: number } {
  return {
    ...(shape.min === undefined ? {} : { min: shape.min }),
    ...(shape.max === undefined ? {} : { max: shape.max }),
  };
}

function convertText(shape: ModelShape): ShapeConstraint {
  return {
    kind: 'text',
    ...bounds(shape),
    ...(shape.pattern === undefined ? {} : { pattern: shape.pattern }),
    ...(shape.enum === undefined ? {} : { values: inHashOrder(shape.enum) }),
    ...(shape.sensitive ? { sensitive: true } : {}),
  };
}

/** Adds the translated pattern where one is needed, and shows it for review. */
function addTranslation(name: string, shape: ShapeConstraint): ShapeConstraint {
  if (shape.kind !== 'text' || shape.pattern === undefined) return shape;
  const unicodePattern = translatePattern(shape.pattern);
  if (unicodePattern === undefined) return shape;
  process.stdout.write(`  ${name}: ${shape.pattern}\n    -> ${unicodePattern}\n`);
  return { ...shape, unicodePattern };
}

function convertShape(shape: ModelShape): ShapeConstraint | undefined {
  const sensitive = shape.sensitive ? { sensitive: true as const } : {};
  switch (shape.type) {
    case 'string':
      return convertText(shape);
    case 'integer':
    case 'long':
      return { kind: 'number', ...bounds(shape) };
    case 'float':
    case 'double':
      return { kind: 'number', ...bounds(shape), double: true };
    case 'blob':
      return { kind: 'blob', ...bounds(shape), ...sensitive };
    case 'list':
      return { kind: 'list', ...bounds(shape), of: shape.member?.shape ?? '', ...sensitive };
    case 'map':
      return {
        kind: 'map',
        ...bounds(shape),
        key: shape.key?.shape ?? '',
        value: shape.value?.shape ?? '',
        ...sensitive,
      };
    case 'structure':
      return {
        kind: 'structure',
        ...(shape.required?.length ? { required: shape.required } : {}),
        members: Object.fromEntries(
          Object.entries(shape.members ?? {}).map(([key, member]) => [key, member.shape]),
        ),
      };
    default:
      return undefined;
  }
}

function applyPatches(service: string, shapes: Map<string, ShapeConstraint>): void {
  for (const patch of PATCHES) {
    if (patch.service !== service) continue;
    const shape = patch.define ?? shapes.get(patch.shape);
    if (shape === undefined)
      throw new Error(`patches.json: ${service} has no shape ${patch.shape}`);
    const patched: Record<string, unknown> = { ...shape, ...patch.set };
    for (const key of patch.unset ?? []) delete patched[key];
    if (shape.kind === 'structure') patched['members'] = { ...shape.members, ...patch.members };
    shapes.set(patch.shape, patched as unknown as ShapeConstraint);
  }
}

function constrainsItself(shape: ShapeConstraint): boolean {
  if (shape.kind === 'structure') return (shape.required?.length ?? 0) > 0;
  if (shape.min !== undefined || shape.max !== undefined) return true;
  return shape.kind === 'text' && (shape.pattern !== undefined || shape.values !== undefined);
}

function referencesOf(shape: ShapeConstraint): string[] {
  if (shape.kind === 'structure') return Object.values(shape.members ?? {});
  if (shape.kind === 'list') return shape.of === undefined ? [] : [shape.of];
  if (shape.kind === 'map') return [shape.key, shape.value].filter((name) => name !== undefined);
  return [];
}

/** Names of the shapes with a constraint in them, directly or further down. */
function findConstrained(shapes: ReadonlyMap<string, ShapeConstraint>): Set<string> {
  const constrained = new Set(
    [...shapes].filter(([, shape]) => constrainsItself(shape)).map(([name]) => name),
  );
  for (let before = -1; before !== constrained.size;) {
    before = constrained.size;
    for (const [name, shape] of shapes) {
      if (referencesOf(shape).some((reference) => constrained.has(reference)))
        constrained.add(name);
    }
  }
  return constrained;
}

function pruneReferences(shape: ShapeConstraint, keep: ReadonlySet<string>): ShapeConstraint {
  if (shape.kind === 'structure') {
    const members = Object.entries(shape.members ?? {}).filter(([, name]) => keep.has(name));
    return { ...shape, members: Object.fromEntries(members) };
  }
  const pruned: Record<string, unknown> = { ...shape };
  for (const key of ['of', 'key', 'value']) {
    const name = pruned[key];
    if (typeof name === 'string' && !keep.has(name)) delete pruned[key];
  }
  return pruned as unknown as ShapeConstraint;
}

/** Shapes that inputs reach, in a stable order. */
function findReachable(
  roots: readonly string[],
  shapes: ReadonlyMap<string, ShapeConstraint>,
): string[] {
  const seen = new Set<string>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const shape = shapes.get(name);
    if (shape === undefined || seen.has(name)) continue;
    seen.add(name);
    waiting.push(...referencesOf(shape));
  }
  return [...seen].toSorted();
}

function buildTable(service: string, model: Model): ConstraintTable {
  const shapes = new Map<string, ShapeConstraint>();
  for (const [name, shape] of Object.entries(model.shapes)) {
    const converted = convertShape(shape);
    if (converted !== undefined) shapes.set(name, converted);
  }
  applyPatches(service, shapes);
  const constrained = findConstrained(shapes);
  for (const [name, shape] of shapes) shapes.set(name, pruneReferences(shape, constrained));
  const operations: Record<string, string> = {};
  const bodyMembers: Record<string, string[]> = {};
  for (const [operation, { input }] of Object.entries(model.operations)) {
    if (input === undefined || !constrained.has(input.shape)) continue;
    operations[operation] = input.shape;
    const members = Object.entries(model.shapes[input.shape]?.members ?? {});
    bodyMembers[operation] = members
      .filter(([, member]) => member.location === undefined)
      .map(([name]) => name);
  }
  const names = findReachable(Object.values(operations), shapes);
  return {
    service,
    operations,
    shapes: Object.fromEntries(
      names.flatMap((name) => {
        const shape = shapes.get(name);
        return shape === undefined ? [] : [[name, addTranslation(name, shape)]];
      }),
    ),
    ...(service === 'lambda' ? { printsNotNull: true } : {}),
    ...(service === 'apigateway' ? { bodyMembers } : {}),
  };
}

/** One shape a line: small, and a change of the model shows as the lines it touched. */
function format(table: ConstraintTable): string {
  const lines = (entries: Readonly<Record<string, unknown>>): string =>
    Object.entries(entries)
      .map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
      .join(',\n');
  const { operations, shapes, ...rest } = table;
  const head = Object.entries(rest).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
  );
  return `{\n${head.join('')}  "operations": {\n${lines(operations)}\n  },\n  "shapes": {\n${lines(shapes)}\n  }\n}\n`;
}

const dataDir = findBotocoreData();
for (const row of SERVICE_ROWS) {
  if (row.validationErrorCode === undefined) continue;
  const text = format(buildTable(row.id, readModel(dataDir, row.id)));
  writeFileSync(join(OUT_DIR, `${row.id}.json`), text);
  process.stdout.write(`${row.id}: ${text.length} bytes\n`);
}
