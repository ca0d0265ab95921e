// Serves the archive behind GetFunction's `Code.Location`, as AWS does from a bucket of its own.
import type { HttpRoute } from '../../kernel/service.ts';
import { parseFunctionReference } from './function-reference.ts';
import { resolveFunction } from './resolve.ts';

const PATH = /^\/_aws\/lambda\/code\/(\d{12})\/([^/]+)\/([^/]+)\/([^/]+)$/;

interface Download {
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
    const [, account = '', region = '', name = '', version = ''] = parts.map(decodeURIComponent);
    return { account, region, name, version } satisfies Download;
  },
  async handle(matched, request, context) {
    const { account, region, name, version } = matched as Download;
    const reference = parseFunctionReference(name, version, { account, region });
    const resolved = await context.store
      .read((view) => resolveFunction(view, reference))
      .catch(() => undefined);
    // The digest is the ticket: only who was told the location knows it.
    const ticket = new URLSearchParams(request.query).get('sha256');
    if (resolved === undefined || ticket !== resolved.version.code.sha256) {
      return { status: 403, headers: { 'content-type': 'text/plain' }, body: 'Access denied\n' };
    }
    const body = await context.blobs.get(resolved.version.code.blobId);
    return { status: 200, headers: { 'content-type': 'application/zip' }, body };
  },
};
