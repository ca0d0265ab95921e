// Prints a value inside a constraint message as AWS's Java services do.
import type { ConstraintTable, ShapeConstraint } from './constraint-table.ts';

/** @param shape the value's shape by name; structures print under it: `KeySchemaElement(attributeName=pk)`. */
export function printValue(
  value: unknown,
  shape: string | undefined,
  table: ConstraintTable,
): string {
  const constraint = shape === undefined ? undefined : table.shapes[shape];
  if (typeof value === 'number') {
    const isDouble = constraint?.kind === 'number' && constraint.double === true;
    return isDouble && Number.isInteger(value) ? value.toFixed(1) : String(value);
  }
  if (value instanceof Uint8Array) {
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  }
  if (Array.isArray(value)) {
    const of = constraint?.kind === 'list' ? constraint.of : undefined;
    return `[${value.map((item) => printValue(item, of, table)).join(', ')}]`;
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && value !== null)
    return printRecord(value, { shape, constraint, table });
  return String(value);
}

function printRecord(
  value: object,
  {
    shape,
    constraint,
    table,
  }: { shape: string | undefined; constraint: ShapeConstraint | undefined; table: ConstraintTable },
): string {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (constraint?.kind === 'structure') {
    const members = entries.map(([name, item]) => {
      const camelName = name.charAt(0).toLowerCase() + name.slice(1);
      return `${camelName}=${printValue(item, constraint.members?.[name], table)}`;
    });
    return `${shape}(${members.join(', ')})`;
  }
  const of = constraint?.kind === 'map' ? constraint.value : undefined;
  return `{${entries.map(([name, item]) => `${name}=${printValue(item, of, table)}`).join(', ')}}`;
}
