// Cuts a list into pages with opaque tokens.
import { validationError } from './errors.ts';
import { PAGE_SIZE } from './limits.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextToken?: string;
}

/**
 * Tokens name the last item given, so that a list which grows at its head still goes on at the right place.
 * @param idOf a stable, unique name of an item.
 */
export function pageOf<T>(
  all: readonly T[],
  token: string | undefined,
  idOf: (item: T) => string,
): Page<T> {
  let start = 0;
  if (token !== undefined) {
    const last = Buffer.from(token, 'base64url').toString('utf8');
    start = all.findIndex((item) => idOf(item) === last) + 1;
    if (start === 0) throw validationError('The specified NextToken is invalid.');
  }
  const items = all.slice(start, start + PAGE_SIZE);
  const last = items.at(-1);
  if (last === undefined || start + PAGE_SIZE >= all.length) return { items };
  return { items, NextToken: Buffer.from(idOf(last), 'utf8').toString('base64url') };
}
