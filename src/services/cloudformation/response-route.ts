// Takes the answers of custom resources: one PUT to a URL that only its receiver was told.
import type { HttpRoute } from '../../kernel/service.ts';
import { responseTopic, responses } from './store.ts';

export const RESPONSE_PATH = '/_aws/cloudformation/response/';
/** Source: CloudFormation User Guide, custom resource response objects. */
const RESPONSE_BYTES_MAX = 4_096;

export const responseRoute: HttpRoute = {
  name: 'custom resource response',
  match: (request) =>
    request.method === 'PUT' && request.path.startsWith(RESPONSE_PATH)
      ? request.path.slice(RESPONSE_PATH.length)
      : undefined,
  async handle(matched, request, context) {
    const key = String(matched).split('/');
    const token = key.at(-1) ?? '';
    const bytes = await request.body.bytes(RESPONSE_BYTES_MAX);
    const body = Buffer.from(bytes).toString('utf8');
    const isAwaited = await context.store.transact(async (tx) => {
      const row = key.length === 3 ? await responses.get(tx, key) : undefined;
      if (row === undefined || row.body !== undefined) return false;
      responses.put(tx, key, { body });
      tx.notify(responseTopic(token));
      return true;
    });
    return { status: isAwaited ? 200 : 403, headers: {} };
  },
};
