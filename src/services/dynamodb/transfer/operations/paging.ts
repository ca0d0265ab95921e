// Tokens of lists of jobs: the last id of a page.
import { invalidRequest } from '../../backup/errors.ts';

type Kind = 'export' | 'import';

export function writeJobToken(id: string, kind: Kind): string {
  return Buffer.from(`${kind}/${id}`).toString('hex');
}

/** AWS: a token of the other list is refused. ack-api-quirks dynamodb, DDB-EXPORT-006 */
export function readJobToken(token: string, kind: Kind): string {
  const [given, id] = Buffer.from(token, 'hex').toString().split('/');
  if (given !== kind || id === undefined) {
    throw invalidRequest(`Provided nextToken is invalid: ${token}`);
  }
  return id;
}
