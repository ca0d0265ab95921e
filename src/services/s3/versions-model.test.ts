// Versions against a model: any sequence of writes and deletes leaves what S3's rules say.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCloud } from '../../server/cloud.ts';
import type { Cloud } from '../../server/cloud.ts';

let cloud: Cloud;
let made = 0;

beforeAll(async () => {
  cloud = await openCloud({ clock: 'virtual' });
});
afterAll(() => cloud.close());

type Step =
  | { readonly kind: 'put'; readonly large: boolean }
  | { readonly kind: 'delete' }
  | { readonly kind: 'copy' }
  | { readonly kind: 'remove'; readonly which: number }
  | { readonly kind: 'versioning'; readonly status: 'Enabled' | 'Suspended' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), large: fc.boolean() }),
  fc.record({ kind: fc.constant('delete' as const) }),
  fc.record({ kind: fc.constant('copy' as const) }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat(5) }),
  fc.record({
    kind: fc.constant('versioning' as const),
    status: fc.constantFrom('Enabled' as const, 'Suspended' as const),
  }),
);

/** A key as S3's user guide describes it: versions newest first, `null` at most once. */
interface Model {
  status: 'Off' | 'Enabled' | 'Suspended';
  versions: { id: string; body: string | undefined }[];
}

function write(model: Model, id: string, body: string | undefined): void {
  if (model.status !== 'Enabled') model.versions = model.versions.filter((each) => each.id !== 'null');
  model.versions.unshift({ id, body });
}

async function perform(Bucket: string, model: Model, { at, action }: { at: number; action: Step }): Promise<void> {
  const Key = 'key';
  const current = model.versions[0];
  switch (action.kind) {
    case 'put': {
      const body = `${at} ${'x'.repeat(action.large ? 40_000 : 1)}`;
      const { VersionId } = await cloud.call('s3', 'PutObject', { Bucket, Key, Body: body });
      return write(model, VersionId ?? 'null', body);
    }
    case 'copy': {
      if (current?.body === undefined) return;
      const { VersionId } = await cloud.call('s3', 'CopyObject', {
        Bucket,
        Key,
        CopySource: `${Bucket}/${Key}`,
        MetadataDirective: 'REPLACE',
      });
      return write(model, VersionId ?? 'null', current.body);
    }
    case 'delete': {
      const { VersionId } = await cloud.call('s3', 'DeleteObject', { Bucket, Key });
      if (model.status === 'Off') model.versions = [];
      else write(model, VersionId ?? 'null', undefined);
      return;
    }
    case 'remove': {
      const victim = model.versions[action.which];
      if (victim === undefined) return;
      await cloud.call('s3', 'DeleteObject', { Bucket, Key, VersionId: victim.id });
      model.versions = model.versions.filter((each) => each !== victim);
      return;
    }
    case 'versioning':
      await cloud.call('s3', 'PutBucketVersioning', {
        Bucket,
        VersioningConfiguration: { Status: action.status },
      });
      model.status = action.status;
  }
}

async function bodyOf(Bucket: string, VersionId: string): Promise<string> {
  const { Body } = await cloud.call('s3', 'GetObject', { Bucket, Key: 'key', VersionId });
  const source = Body as unknown as Uint8Array | AsyncIterable<Uint8Array>;
  if (source instanceof Uint8Array) return Buffer.from(source).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it('agrees with the model after any steps', async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const Bucket = `model-${made++}`;
    await cloud.call('s3', 'CreateBucket', { Bucket });
    const model: Model = { status: 'Off', versions: [] };
    for (const [at, action] of steps.entries()) await perform(Bucket, model, { at, action });
    // Everything released is deleted by now: what is left must still be whole.
    await cloud.advance(10 * 60_000);
    const page = await cloud.call('s3', 'ListObjectVersions', { Bucket });
    const markers = (page.DeleteMarkers ?? []).map(({ VersionId }) => VersionId);
    const objects = (page.Versions ?? []).map(({ VersionId }) => VersionId);
    expect(markers).toEqual(model.versions.filter(({ body }) => body === undefined).map(({ id }) => id));
    expect(objects).toEqual(model.versions.filter(({ body }) => body !== undefined).map(({ id }) => id));
    const latest = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].filter(({ IsLatest }) => IsLatest);
    expect(latest.map(({ VersionId }) => VersionId)).toEqual(model.versions.slice(0, 1).map(({ id }) => id));
    for (const { id, body } of model.versions) {
      if (body !== undefined) expect(await bodyOf(Bucket, id)).toBe(body);
    }
  });
  await fc.assert(property, { numRuns: 60 });
  expect(cloud.defects).toEqual([]);
});
