// Builds what a template refers to: TypeScript with esbuild, packages of layers, or the folder as it is.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { access, cp, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../base/errors.ts';
import type { LocalArtifact } from '../../deploy/local-artifacts.ts';
import type { ArtifactBuilder } from './artifact-builder.ts';
import { esbuildBuilder } from './bundle-handler.ts';
import type { Project } from './project.ts';
import { type Archive, zipFolder } from './zip-folder.ts';

const execute = promisify(execFile);
const SOURCE_EXTENSIONS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.jsx'];

/**
 * Chooses how an artifact is built. Throws ERR_ARTIFACT when its path is not there.
 * @param options.debug bundles get source maps for a debugger.
 */
export async function createBuilder(
  project: Project,
  artifact: LocalArtifact,
  { debug = false }: { readonly debug?: boolean } = {},
): Promise<ArtifactBuilder> {
  const source = resolve(project.folder, artifact.path);
  const info = await stat(source).catch(() => undefined);
  if (info === undefined) {
    throw new UserError('ERR_ARTIFACT', `${artifact.property} of ${artifact.logicalId} is not there: ${artifact.path}`, {
      where: project.templatePath,
      fix: 'correct the path, which is relative to the template',
    });
  }
  if (info.isFile()) return fileBuilder(artifact, source);
  const entries = await findEntries(artifact, source);
  if (entries !== undefined) {
    return esbuildBuilder({ artifact, source, entries, outdir: join(project.buildFolder, artifact.logicalId), debug });
  }
  if (isNodeLayer(artifact)) return nodeLayerBuilder(project, artifact, source);
  if (await exists(join(source, 'requirements.txt'))) return pythonBuilder(project, artifact, source);
  return plainBuilder(artifact, source, () => zipFolder(source, isClutter));
}

function plainBuilder(
  artifact: LocalArtifact,
  source: string,
  build: () => Promise<Archive>,
): ArtifactBuilder {
  return {
    artifact,
    source,
    isCompiled: false,
    dependsOn: (path) => path === source || path.startsWith(`${source}/`),
    folders: () => [source],
    build,
    dispose: async () => {},
  };
}

/** An archive that was made already, or a single file of another kind (a definition). */
function fileBuilder(artifact: LocalArtifact, source: string): ArtifactBuilder {
  const builder = plainBuilder(artifact, source, async () => {
    const bytes = await readFile(source);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  return { ...builder, folders: () => [dirname(source)] };
}

function isClutter(path: string): boolean {
  return /(^|\/)(\.git|\.cloudlet|\.aws-sam|__pycache__|\.DS_Store)(\/|$)/.test(path);
}

/** Files to bundle: those that SAM's esbuild settings name, or the handler's own TypeScript file. */
async function findEntries(artifact: LocalArtifact, source: string): Promise<string[] | undefined> {
  if (!artifact.runtime?.startsWith('nodejs')) return undefined;
  const named = artifact.build?.entryPoints;
  if (artifact.build?.method === 'esbuild' && named !== undefined) return [...named];
  const base = (artifact.handler ?? '').replace(/\.[^./]+$/, '');
  for (const extension of SOURCE_EXTENSIONS) {
    if (!(await exists(join(source, base + extension)))) continue;
    const isTypeScript = extension.includes('ts');
    return isTypeScript || artifact.build?.method === 'esbuild' ? [base + extension] : undefined;
  }
  if (artifact.build?.method !== 'esbuild') return undefined;
  throw new UserError('ERR_HANDLER_SOURCE', `no source file for the handler ${artifact.handler ?? ''} of ${artifact.logicalId}`, {
    where: source,
    fix: `expected one of ${SOURCE_EXTENSIONS.map((extension) => base + extension).join(', ')}`,
  });
}

function isNodeLayer(artifact: LocalArtifact): boolean {
  return artifact.kind === 'layer' && artifact.build?.method?.startsWith('nodejs') === true;
}

/** SAM's way with layers: a package.json whose packages go to `nodejs/node_modules`. */
function nodeLayerBuilder(project: Project, artifact: LocalArtifact, source: string): ArtifactBuilder {
  return plainBuilder(artifact, source, () =>
    buildOnce(project, artifact, {
      source,
      inputs: ['package.json', 'package-lock.json'],
      make: async (folder) => {
        const target = join(folder, 'nodejs');
        await cp(source, target, { recursive: true, filter: (path) => basename(path) !== 'node_modules' });
        // Packages that were installed for development serve as they are.
        const installed = join(source, 'node_modules');
        if (await exists(installed)) {
          await cp(installed, join(target, 'node_modules'), { recursive: true, dereference: true });
        } else {
          await run(artifact, 'npm', ['install', '--omit=dev', '--no-audit', '--no-fund'], target);
        }
      },
    }),
  );
}

function pythonBuilder(project: Project, artifact: LocalArtifact, source: string): ArtifactBuilder {
  return plainBuilder(artifact, source, async () => {
    const inputs = await readdir(source);
    return buildOnce(project, artifact, {
      source,
      inputs: inputs.filter((name) => extname(name) !== '.pyc' && name !== '__pycache__'),
      make: async (folder) => {
        await cp(source, folder, { recursive: true, filter: (path) => !isClutter(path) });
        const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
        await run(artifact, 'python3', [...args, '-r', 'requirements.txt', '-t', folder], source);
      },
    });
  });
}

interface Recipe {
  readonly source: string;
  /** Files and folders below the source whose content decides whether to build again. */
  readonly inputs: readonly string[];
  readonly make: (folder: string) => Promise<void>;
}

/** Builds into a folder named after its inputs, so that an unchanged source is not built twice. */
async function buildOnce(project: Project, artifact: LocalArtifact, recipe: Recipe): Promise<Archive> {
  const hash = createHash('sha256');
  for (const input of recipe.inputs.toSorted()) {
    const path = join(recipe.source, input);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) continue;
    hash.update(input);
    hash.update(info.isDirectory() ? (await zipFolder(path, isClutter)).sha256 : await readFile(path));
  }
  const folder = join(project.buildFolder, `${artifact.logicalId}-${hash.digest('hex').slice(0, 16)}`);
  if (!(await exists(folder))) {
    const making = `${folder}.${process.pid}`;
    await rm(making, { recursive: true, force: true });
    await mkdir(making, { recursive: true });
    await recipe.make(making);
    await rename(making, folder);
  }
  return zipFolder(folder);
}

async function run(
  artifact: LocalArtifact,
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<void> {
  try {
    await execute(command, args, { cwd, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new UserError('ERR_BUILD', `${artifact.logicalId} could not be built: ${command} failed`, {
      where: `${command} ${args.join(' ')}\n${(stderr ?? String(error)).trim().slice(-2_000)}`,
      fix: `run it by hand in ${cwd}`,
      cause: error,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
