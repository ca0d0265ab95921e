// Looks for syntax errors in files that no compiler reads, before they replace code that works.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { UserError } from '../../base/errors.ts';

const execute = promisify(execFile);
const JAVASCRIPT = new Set(['.js', '.cjs', '.mjs']);
const PYTHON_TIMEOUT_MS = 5_000;

/** Prints the first error as JSON and ends with 1. */
const PYTHON_CHECK = `import json, sys
for path in sys.argv[1:]:
    try:
        compile(open(path, "rb").read(), path, "exec")
    except (SyntaxError, ValueError) as error:
        at = (getattr(error, "lineno", None), getattr(error, "offset", None), getattr(error, "text", None))
        print(json.dumps({"path": path, "message": getattr(error, "msg", str(error)), "line": at[0], "column": at[1], "text": at[2]}))
        sys.exit(1)
`;

interface SyntaxMistake {
  readonly path: string;
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly text: string | null;
}

/** Throws ERR_SYNTAX at the first mistake. Files that are gone, and languages it cannot read, pass. */
export async function checkSyntax(paths: readonly string[]): Promise<void> {
  const python = paths.filter((path) => extname(path) === '.py');
  const javascript = paths.filter((path) => JAVASCRIPT.has(extname(path)));
  const mistakes = await Promise.all([findPythonMistake(python), ...javascript.map(findJavaScriptMistake)]);
  const first = mistakes.find((mistake) => mistake !== undefined);
  if (first === undefined) return;
  const { path, message, line, column, text } = first;
  const at = line === null ? '' : `:${line}:${column ?? 1}`;
  throw new UserError('ERR_SYNTAX', message, {
    where: `${path}${at}${text === null ? '' : `\n    ${text.trim()}`}`,
    fix: 'correct it and save; until then the code before goes on running',
  });
}

async function findPythonMistake(paths: readonly string[]): Promise<SyntaxMistake | undefined> {
  if (paths.length === 0) return undefined;
  try {
    await execute('python3', ['-c', PYTHON_CHECK, ...paths], { timeout: PYTHON_TIMEOUT_MS });
    return undefined;
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    // No interpreter, or a file that went away meanwhile: nothing is known.
    return stdout.startsWith('{') ? (JSON.parse(stdout) as SyntaxMistake) : undefined;
  }
}

async function findJavaScriptMistake(path: string): Promise<SyntaxMistake | undefined> {
  const source = await readFile(path, 'utf8').catch(() => undefined);
  if (source === undefined) return undefined;
  try {
    await transform(source, { loader: 'js', logLevel: 'silent' });
    return undefined;
  } catch (error) {
    const [first] = (error as { errors?: readonly JavaScriptFailure[] }).errors ?? [];
    if (first === undefined) return undefined;
    const { text: message, location } = first;
    const at = { line: location?.line ?? null, column: location === null ? null : location.column + 1 };
    return { path, message, ...at, text: location?.lineText ?? null };
  }
}

interface JavaScriptFailure {
  readonly text: string;
  readonly location: { readonly line: number; readonly column: number; readonly lineText: string } | null;
}
