// Headers of an answer that its output shape does not know.

const EXTRA = Symbol('headers of the answer');

interface WithExtra {
  readonly [EXTRA]?: Readonly<Record<string, string>>;
}

/** The output, to be answered with these headers too; names in lower case. In-process callers see none. */
export function withExtraHeaders<T extends object>(
  output: T,
  headers: Readonly<Record<string, string>>,
): T {
  return Object.assign(output, { [EXTRA]: headers });
}

/** The headers given to `withExtraHeaders`, if any. */
export function extraHeadersOf(output: unknown): Readonly<Record<string, string>> | undefined {
  return typeof output === 'object' && output !== null ? (output as WithExtra)[EXTRA] : undefined;
}
