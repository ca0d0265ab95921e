// Tags of functions and event source mappings.
import { parseArn } from '../../../base/arn.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { functionNotFound, mappingNotFound } from '../errors.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import { type FunctionRecord, functionKey, functions, mappingTags, mappings } from '../store.ts';

export async function listTags(
  input: InputOf<'lambda', 'ListTags'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListTags'>> {
  const target = parseTarget(input.Resource ?? '', context);
  return context.store.read(async (view) => {
    if (target.kind === 'mapping') {
      if ((await mappings.get(view, target.key)) === undefined) throw mappingNotFound();
      return { Tags: { ...(await mappingTags.get(view, target.key)) } };
    }
    return { Tags: { ...(await requireRecord(view, target)).tags } };
  });
}

export async function tagResource(
  input: InputOf<'lambda', 'TagResource'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'TagResource'>> {
  await changeTags(input.Resource ?? '', context, (tags) => ({ ...tags, ...input.Tags }));
  return {};
}

export async function untagResource(
  input: InputOf<'lambda', 'UntagResource'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'UntagResource'>> {
  const gone = new Set(input.TagKeys);
  await changeTags(input.Resource ?? '', context, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
  );
  return {};
}

type Tags = Readonly<Record<string, string>>;

async function changeTags(
  resource: string,
  context: RequestContext,
  change: (tags: Tags) => Tags,
): Promise<void> {
  const target = parseTarget(resource, context);
  await context.store.transact(async (tx) => {
    if (target.kind === 'mapping') {
      if ((await mappings.get(tx, target.key)) === undefined) throw mappingNotFound();
      mappingTags.put(tx, target.key, change((await mappingTags.get(tx, target.key)) ?? {}));
      return;
    }
    const record = await requireRecord(tx, target);
    functions.put(tx, target.key, { ...record, tags: change(record.tags) });
  });
}

interface TagTarget {
  readonly kind: 'function' | 'mapping';
  readonly key: readonly string[];
  readonly arn: string;
}

function parseTarget(resource: string, context: RequestContext): TagTarget {
  const arn = parseArn(resource);
  if (arn?.resource.startsWith('event-source-mapping:') === true) {
    const uuid = arn.resource.slice('event-source-mapping:'.length);
    return { kind: 'mapping', key: [arn.account, arn.region, uuid], arn: resource };
  }
  const { scope, name } = parseFunctionReference(resource, undefined, context);
  return { kind: 'function', key: functionKey(scope, name), arn: functionArn(scope, name) };
}

async function requireRecord(
  view: ReadTx,
  target: TagTarget,
): Promise<FunctionRecord> {
  const record = await functions.get(view, target.key);
  if (record === undefined) throw functionNotFound(target.arn);
  return record;
}
