// ListExports and ListImports.
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { validationError } from '../errors.ts';
import { pageOf } from '../pages.ts';
import { importersOf, listExports } from '../store.ts';

export async function listStackExports(
  input: InputOf<'cloudformation', 'ListExports'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ListExports'>> {
  const all = await context.store.read((view) => listExports(view, context));
  const { items, ...next } = pageOf(all, input.NextToken, ({ name }) => name);
  return {
    Exports: items.map(({ name, value, stackId }) => ({
      ExportingStackId: stackId,
      Name: name,
      Value: value,
    })),
    ...next,
  };
}

export async function listImports(
  input: InputOf<'cloudformation', 'ListImports'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ListImports'>> {
  const name = input.ExportName ?? '';
  const importers = await context.store.read((view) => importersOf(view, context, name));
  if (importers.length === 0)
    throw validationError(`Export '${name}' is not imported by any stack.`);
  const { items, ...next } = pageOf(importers, input.NextToken, (stack) => stack);
  return { Imports: [...items], ...next };
}
