// Serves the archives behind `Code.Location` of GetFunction and `Content.Location` of GetLayerVersion,
// as AWS does from buckets of its own.
import type { WorkContext } from '../../kernel/context.ts';
import type { HttpRoute } from '../../kernel/service.ts';
import { parseFunctionReference } from './function-reference.ts';
import { layerVersionKey } from './layer-reference.ts';
import { resolveFunction } from './resolve.ts';
import { type StoredCode, layerVersions } from './store.ts';

/** Nothing in it needs decoding but the dollar sign of `$LATEST`. */
const PATH = /^\/_aws\/lambda\/(code|layer)\/(\d{12})\/([\w-]+)\/([\w-]+)\/((?:%24|\$)?\w+)$/;

interface Download {
  readonly kind: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly version: string;
}

export const codeDownload: HttpRoute = {
  name: 'lambda code download',
  match({ method, path }) {
    const parts = method === 'GET' ? PATH.exec(path) : null;
    if (parts === null) return undefined;
    const [, kind = '', account = '', region = '', name = '', version = ''] = parts;
    return { kind, account, region, name, version: version.replace('%24', '$') } satisfies Download;
  },
  async handle(matched, request, context) {
    const code = await findArchive(matched as Download, context);
    // The digest is the ticket: only who was told the location knows it.
    const ticket = new URLSearchParams(request.query).get('sha256');
    if (code === undefined || ticket !== code.sha256) {
      return { status: 403, headers: { 'content-type': 'text/plain' }, body: 'Access denied\n' };
    }
    const body = await context.blobs.get(code.blobId);
    return { status: 200, headers: { 'content-type': 'application/zip' }, body };
  },
};

async function findArchive(download: Download, context: WorkContext): Promise<StoredCode | undefined> {
  const { kind, name, version, ...scope } = download;
  if (kind === 'layer') {
    const key = layerVersionKey({ scope, name, version: Number(version) });
    return (await context.store.read((view) => layerVersions.get(view, key)))?.code;
  }
  const reference = parseFunctionReference(name, version, scope);
  const resolved = await context.store
    .read((view) => resolveFunction(view, reference))
    .catch(() => undefined);
  return resolved?.version.code;
}
