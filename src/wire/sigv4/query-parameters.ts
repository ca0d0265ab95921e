// Query strings as signatures see them: raw pairs, forgiving percent-decoding, strict encoding.

export interface QueryParameter {
  readonly name: string;
  readonly value: string;
}

/** All pairs, decoded, in order. */
export function parseQuery(query: string): QueryParameter[] {
  if (query === '') return [];
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals === -1 ? pair : pair.slice(0, equals);
      return {
        name: decodeComponent(name),
        value: equals === -1 ? '' : decodeComponent(pair.slice(equals + 1)),
      };
    });
}

/** The decoded value of the first parameter with this name (given undecoded, without special characters). */
export function readQueryParameter(query: string, name: string): string | undefined {
  for (let at = query.indexOf(name); at !== -1; at = query.indexOf(name, at + 1)) {
    const before = at === 0 ? '&' : query[at - 1];
    const after = query[at + name.length];
    if (before !== '&' || (after !== '=' && after !== '&' && after !== undefined)) continue;
    if (after !== '=') return '';
    const end = query.indexOf('&', at);
    return decodeComponent(query.slice(at + name.length + 1, end === -1 ? undefined : end));
  }
  return undefined;
}

/** Percent-decodes; what is not a valid escape stays as it is, as AWS reads it. */
function decodeComponent(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  const spaced = text.replaceAll('+', ' ');
  return decodePercent(spaced);
}

/** Like `decodeComponent`, for paths, where `+` is itself. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // Not UTF-8, or a stray percent sign: decode what can be, run by run.
    return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return run;
      }
    });
  }
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** RFC 3986: everything but letters, digits and `-._~` is escaped, upper-case. */
export function encodeComponent(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text.replaceAll(LONE_SURROGATE, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
