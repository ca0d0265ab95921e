// Bundles handlers with esbuild as `sam build` does; for a debugger, with source maps that find the sources.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildContext, type BuildOptions, type OutputFile, context as createBuild } from 'esbuild';
import { UserError } from '../../base/errors.ts';
import type { LocalArtifact } from '../../deploy/local-artifacts.ts';
import type { ArtifactBuilder } from './artifact-builder.ts';
import { zipFolder } from './zip-folder.ts';

export interface Bundle {
  readonly artifact: LocalArtifact;
  /** Absolute path of the folder that holds the entries. */
  readonly source: string;
  /** Relative to the source. */
  readonly entries: readonly string[];
  /** Where the built files go. */
  readonly outdir: string;
  /** Someone will step through the sources. */
  readonly debug: boolean;
}

export async function esbuildBuilder(bundle: Bundle): Promise<ArtifactBuilder> {
  const { artifact, source, outdir, debug } = bundle;
  const builder: BuildContext = await createBuild(bundleOptions(bundle));
  let inputs = new Set<string>();
  return {
    artifact,
    source,
    isCompiled: true,
    // Files beside the handler count too: a failed build may have looked for one of them.
    dependsOn: (path) => inputs.has(path) || path.startsWith(`${source}/`),
    folders: () => [source, ...new Set([...inputs].map((path) => dirname(path)))],
    async build() {
      await rm(outdir, { recursive: true, force: true });
      const result = await builder.rebuild().catch((error: unknown) => {
        throw buildError(artifact, source, error);
      });
      inputs = new Set(Object.keys(result.metafile?.inputs ?? {}).map((path) => resolve(source, path)));
      const files = result.outputFiles ?? [];
      for (const { path, contents } of debug ? inlineMaps(files) : files) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, contents);
      }
      return zipFolder(outdir);
    },
    dispose: () => builder.dispose(),
  };
}

function bundleOptions({ artifact, source, entries, outdir, debug }: Bundle): BuildOptions {
  const settings = artifact.build ?? {};
  const isModule = settings.format === 'esm';
  return {
    absWorkingDir: source,
    entryPoints: entries.map((entry) => join(source, entry)),
    outbase: source,
    outdir,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: isModule ? 'esm' : 'cjs',
    target: settings.target ?? `node${/nodejs(\d+)/.exec(artifact.runtime ?? '')?.[1] ?? '20'}`,
    minify: debug ? false : (settings.minify ?? false),
    sourcemap: debug ? 'external' : settings.sourcemap === true ? 'linked' : false,
    external: [...(settings.external ?? [])],
    mainFields: settings.mainFields ?? (isModule ? ['module', 'main'] : ['main', 'module']),
    outExtension: settings.outExtension ?? (isModule ? { '.js': '.mjs' } : {}),
    loader: settings.loader ?? {},
    // A bundle in ES module form has no require(); packages inside it may want one.
    banner: settings.banner ?? (isModule ? { js: REQUIRE_BANNER } : {}),
    logLevel: 'silent',
  };
}

const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Puts each map into its file, with absolute sources: a debugger gets it from the inspector, wherever
 * the function's files are, and finds the editor's own files.
 */
function inlineMaps(files: readonly OutputFile[]): { path: string; contents: string | Uint8Array }[] {
  const maps = new Map(files.filter(({ path }) => path.endsWith('.map')).map((file) => [file.path, file.text]));
  return files
    .filter(({ path }) => !maps.has(path))
    .map(({ path, contents, text }) => {
      const map = maps.get(`${path}.map`);
      return map === undefined ? { path, contents } : { path, contents: `${text}${inlineMap(map, dirname(path))}` };
    });
}

function inlineMap(text: string, folder: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => pathToFileURL(resolve(folder, source)).href);
  const encoded = Buffer.from(JSON.stringify({ ...map, sources })).toString('base64');
  return `\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

function buildError(artifact: LocalArtifact, source: string, error: unknown): UserError {
  const [first, ...others] = (error as { errors?: readonly BuildFailure[] }).errors ?? [];
  if (first === undefined) {
    return new UserError('ERR_BUILD', `${artifact.logicalId} could not be built: ${String(error)}`, { cause: error });
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return new UserError('ERR_BUILD', `${artifact.logicalId} could not be built: ${first.text}${more}`, {
    ...(first.location === null ? {} : { where: describeLocation(source, first.location) }),
    cause: error,
  });
}

interface BuildFailure {
  readonly text: string;
  readonly location: FailureLocation | null;
}

interface FailureLocation {
  readonly file: string;
  readonly line: number;
  /** From 0, in bytes. */
  readonly column: number;
  readonly lineText: string;
}

/** `file:line:column`, which editors open, and the line itself. */
function describeLocation(source: string, { file, line, column, lineText }: FailureLocation): string {
  return `${resolve(source, file)}:${line}:${column + 1}\n    ${lineText.trim()}`;
}
