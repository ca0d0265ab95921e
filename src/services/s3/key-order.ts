// Keys in UTF-8 order: the bounds that scans start and end with.

/** The first key after `key` itself. */
export function afterKey(key: string): string {
  return `${key}\0`;
}

/**
 * The smallest key greater than every key that starts with `prefix`; undefined when there is none
 * (an empty prefix). UTF-8 byte order is code point order, so the last code point is counted up.
 */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? 0;
    if (last === 0x10ffff) continue;
    // D800..DFFF are no characters.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}

/**
 * The common prefix `key` is rolled up into: from its start through the first `delimiter` after
 * `prefix`; undefined when it stands for itself.
 */
export function commonPrefixOf(
  key: string,
  prefix: string,
  delimiter: string | undefined,
): string | undefined {
  if (delimiter === undefined || delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : key.slice(0, at + delimiter.length);
}
