// Tags of functions, event source mappings and code signing configurations.
import { parseArn } from '../../../base/arn.ts';
import { randomUuid } from '../../../base/random.ts';
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { codeSigningKey } from '../code-signing.ts';
import { codeSigningConfigNotFound, functionNotFound, invalidParameter, mappingNotFound } from '../errors.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import { TAGS_MAX } from '../limits.ts';
import {
  type CodeSigningConfig,
  codeSigningConfigs,
  functionKey,
  functions,
  mappingTags,
  mappings,
} from '../store.ts';

type Tags = Readonly<Record<string, string>>;

export async function listTags(
  input: InputOf<'lambda', 'ListTags'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListTags'>> {
  const target = parseTarget(input.Resource ?? '', context);
  return { Tags: { ...(await context.store.read((view) => target.read(view))) } };
}

export async function tagResource(
  input: InputOf<'lambda', 'TagResource'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'TagResource'>> {
  if (Object.keys(input.Tags ?? {}).length === 0) {
    throw invalidParameter('An error occurred and the request cannot be processed.');
  }
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

async function changeTags(
  resource: string,
  context: RequestContext,
  change: (tags: Tags) => Tags,
): Promise<void> {
  const target = parseTarget(resource, context);
  await context.store.transact(async (tx) => {
    const tags = change(await target.read(tx));
    if (Object.keys(tags).length > TAGS_MAX) {
      throw invalidParameter('Number of tags exceeds resource tag limit.');
    }
    await target.write(tx, tags);
  });
}

/** Where the tags of one resource are; `read` throws when there is no such resource. */
interface TagTarget {
  read(view: ReadTx): Promise<Tags>;
  write(tx: Tx, tags: Tags): Promise<void>;
}

function parseTarget(resource: string, context: RequestContext): TagTarget {
  const arn = parseArn(resource);
  if (arn?.resource.startsWith('event-source-mapping:') === true) {
    const uuid = arn.resource.slice('event-source-mapping:'.length);
    return mappingTarget([arn.account, arn.region, uuid]);
  }
  if (arn?.resource.startsWith('code-signing-config:') === true) return codeSigningTarget(resource);
  return functionTarget(resource, context);
}

function mappingTarget(key: readonly string[]): TagTarget {
  return {
    async read(view) {
      if ((await mappings.get(view, key)) === undefined) throw mappingNotFound();
      return (await mappingTags.get(view, key)) ?? {};
    },
    async write(tx, tags) {
      mappingTags.put(tx, key, tags);
    },
  };
}

function codeSigningTarget(arn: string): TagTarget {
  const key = codeSigningKey(arn) ?? [];
  async function requireConfig(view: ReadTx): Promise<CodeSigningConfig> {
    const config = await codeSigningConfigs.get(view, key);
    if (config === undefined) throw codeSigningConfigNotFound(arn);
    return config;
  }
  return {
    async read(view) {
      return (await requireConfig(view)).tags;
    },
    async write(tx, tags) {
      codeSigningConfigs.put(tx, key, { ...(await requireConfig(tx)), tags });
    },
  };
}

function functionTarget(resource: string, context: RequestContext): TagTarget {
  const { scope, name, qualifier } = parseFunctionReference(resource, undefined, context);
  if (qualifier !== undefined) {
    throw invalidParameter(
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    );
  }
  const key = functionKey(scope, name);
  return {
    async read(view) {
      const record = await functions.get(view, key);
      if (record === undefined) throw functionNotFound(functionArn(scope, name));
      return record.tags;
    },
    async write(tx, tags) {
      const record = await functions.get(tx, key);
      if (record === undefined) throw functionNotFound(functionArn(scope, name));
      // AWS: tags move the revision of the function. <recorded by localstack>
      const latest = { ...record.latest, revisionId: randomUuid(context.random) };
      functions.put(tx, key, { ...record, latest, tags });
    },
  };
}
