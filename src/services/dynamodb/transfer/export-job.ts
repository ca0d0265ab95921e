// Runs an export in the background: the table as it was, or what changed, into a bucket.
import type { Key, Tx } from '../../../base/store.ts';
import { ServiceError } from '../../../base/errors.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { TimerWorker } from '../../../kernel/service.ts';
import { attributeOf, setAttribute, type AttributeValue, type Item } from '../attribute-value.ts';
import { releasePast } from '../backup/backup-life.ts';
import { readPast, readPastChanges, type PastChange } from '../backup/history-store.ts';
import { decodeItem } from '../item-codec.ts';
import {
  createDataWriter,
  exportRoot,
  formatLine,
  putFile,
  putManifests,
  type DataWriter,
  type ExportLine,
} from './export-files.ts';
import { RECORD_LIFETIME_MS } from './limits.ts';
import { forgetJob, loadExport, saveExport, type ExportRecord, type Failure } from './store.ts';

const EXPORT = 'dynamodb/export';
const FORGET = 'dynamodb/forget-export';
const CHUNK_ROWS = 200;

export const exportWorkers: Readonly<Record<string, TimerWorker>> = {
  [EXPORT]: runExport,
  [FORGET]: forgetExport,
};

export function scheduleExport(tx: Tx, context: WorkContext, { id, startMs }: ExportRecord): void {
  const { timers } = context;
  timers.schedule(tx, context, { worker: EXPORT, dueMs: startMs, payload: { id } });
  const dueMs = startMs + RECORD_LIFETIME_MS;
  timers.schedule(tx, context, { worker: FORGET, dueMs, payload: { id } });
}

async function forgetExport(payload: unknown, context: WorkContext): Promise<void> {
  const { id } = payload as { readonly id: string };
  await context.store.transact((tx) => forgetJob(tx, context, { kind: 'export', id }));
}

/** Runs again after a crash: the same table at the same instant, into the same objects. */
async function runExport(payload: unknown, context: WorkContext): Promise<void> {
  const { id } = payload as { readonly id: string };
  const record = await context.store.read((view) => loadExport(view, context, id));
  if (record === undefined || record.endMs !== undefined) return;
  try {
    const result = await writeExport(context, record);
    await finish(context, record, { result });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    await finish(context, record, { failure: explain(error) });
  }
}

async function finish(
  context: WorkContext,
  { id, past }: ExportRecord,
  end: Pick<ExportRecord, 'result'> | Pick<ExportRecord, 'failure'>,
): Promise<void> {
  await context.store.transact(async (tx) => {
    const current = await loadExport(tx, context, id);
    if (current === undefined || current.endMs !== undefined) return;
    saveExport(tx, { ...current, ...end, endMs: context.clock.now() });
    await releasePast(tx, context, { past, job: id });
  });
}

/** AWS: names S3's errors so. ack-api-quirks dynamodb, DDB-EXPORT-010, 011 */
export function explain({ code, message }: ServiceError): Failure {
  const name = code.startsWith('KMS') ? code.replace('KMS.', 'Kms') : `S3${code}`;
  return { code: name, message };
}

async function writeExport(
  context: WorkContext,
  record: ExportRecord,
): Promise<NonNullable<ExportRecord['result']>> {
  await putFile(context, record, { key: `${exportRoot(record)}_started`, body: '' });
  const writer = createDataWriter(context, record);
  const billedBytes =
    record.window === undefined
      ? await writeTable(context, record, writer)
      : await writeChanges(context, record, writer);
  const files = await writer.finish();
  const endMs = context.clock.now();
  const manifestKey = await putManifests(context, record, { files, billedBytes, endMs });
  const itemCount = files.reduce((sum, file) => sum + file.itemCount, 0);
  return { manifestKey, itemCount, billedBytes };
}

/** Gives the bytes of the items. */
async function writeTable(
  context: WorkContext,
  { past: { place, point }, format }: ExportRecord,
  writer: DataWriter,
): Promise<number> {
  let bytes = 0;
  for (let from: Key | undefined = []; from !== undefined; ) {
    const options: { point: typeof point; from: Key; limit: number } = {
      point,
      from,
      limit: CHUNK_ROWS,
    };
    const chunk = await context.store.read((view) => readPast(view, place, options));
    for (const stored of chunk.items) {
      const { item, size } = decodeItem(stored.bytes);
      bytes += size;
      await writer.add(formatLine({ items: { Item: item } }, format));
    }
    from = chunk.next;
  }
  return bytes;
}

async function writeChanges(
  context: WorkContext,
  record: ExportRecord,
  writer: DataWriter,
): Promise<number> {
  const { past, window, format, keyNames } = record;
  const { place, point } = past;
  const since = (window?.fromMs ?? 0) - 1;
  let bytes = 0;
  for (let from: Key | undefined = []; from !== undefined; ) {
    const options: { since: number; point: typeof point; from: Key; limit: number } = {
      since,
      point,
      from,
      limit: CHUNK_ROWS,
    };
    const chunk = await context.store.read((view) => readPastChanges(view, place, options));
    for (const change of chunk.changes) {
      const line = changeLine(change, { keyNames, view: window?.view ?? 'NEW_AND_OLD_IMAGES' });
      if (line === undefined) continue;
      bytes += (change.before?.length ?? 0) + (change.after?.length ?? 0);
      await writer.add(formatLine(line, format));
    }
    from = chunk.next;
  }
  return bytes;
}

/** Undefined for an item that came and went within the window. */
function changeLine(
  change: PastChange,
  { keyNames, view }: { readonly keyNames: readonly string[]; readonly view: string },
): ExportLine | undefined {
  const before = change.before && decodeItem(change.before).item;
  const after = change.after && decodeItem(change.after).item;
  const known = after ?? before;
  if (known === undefined) return undefined;
  return {
    writtenMs: change.atMs,
    items: {
      Keys: pick(known, keyNames),
      ...(before === undefined || view === 'NEW_IMAGE' ? {} : { OldImage: before }),
      ...(after === undefined ? {} : { NewImage: after }),
    },
  };
}

function pick(item: Item, names: readonly string[]): Item {
  const picked: Record<string, AttributeValue> = {};
  for (const name of names) {
    const value = attributeOf(item, name);
    if (value !== undefined) setAttribute(picked, name, value);
  }
  return picked;
}
