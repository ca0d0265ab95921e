// Makes the archive of a function whose source stands in its template (`Code.ZipFile`).
import { ZipFile } from 'yazl';
import { collectBytes } from '../../base/collect-bytes.ts';

/** DOS time begins here; a fixed stamp makes equal sources equal archives. */
const STAMP = new Date(1980, 0, 1);

/** AWS: the file is `index.js` or `index.py`. <AWS::Lambda::Function Code, ZipFile> */
export async function archiveInlineSource(runtime: string, source: string): Promise<Uint8Array> {
  const zip = new ZipFile();
  const name = runtime.startsWith('python') ? 'index.py' : 'index.js';
  zip.addBuffer(Buffer.from(source), name, { mtime: STAMP, mode: 0o100644 });
  zip.end();
  return collectBytes(zip.outputStream);
}
