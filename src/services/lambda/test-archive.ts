// Small deployment packages for tests, and the shortest way to a function.
import { CreateFunctionCommand, type CreateFunctionCommandInput, type LambdaClient } from '@aws-sdk/client-lambda';
import { ZipFile } from 'yazl';
import { collectBytes } from '../../base/collect-bytes.ts';

/** DOS time begins here; a fixed stamp makes equal sources equal archives. */
const STAMP = new Date(1980, 0, 1);

export async function zip(files: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> {
  const archive = new ZipFile();
  for (const [name, content] of Object.entries(files)) {
    archive.addBuffer(Buffer.from(content), name, { mtime: STAMP, mode: 0o100644 });
  }
  archive.end();
  return collectBytes(archive.outputStream);
}

/** An archive with one file, `index.mjs`. */
export function moduleZip(source: string): Promise<Uint8Array> {
  return zip({ 'index.mjs': source });
}

export const ROLE = 'arn:aws:iam::000000000000:role/worker';

/** Creates a Node.js function whose handler is exported by `source` under the name `handler`. */
export async function createNodeFunction(
  lambda: LambdaClient,
  FunctionName: string,
  settings: Partial<CreateFunctionCommandInput> & { readonly source: string },
): Promise<void> {
  const { source, ...rest } = settings;
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: ROLE,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: await moduleZip(source) },
      ...rest,
    }),
  );
}
