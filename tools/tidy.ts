// Checks of the house that no linter has: names, purpose lines, READMEs, reasons, generated pages.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';
import { isNotImplemented } from '../src/kernel/registry.ts';
import { SERVICES } from '../src/server/services.ts';

const root = process.cwd();
const BANNED_NAMES = /^(utils?|helpers?|common|misc|index|shared|lib)\.(ts|mjs)$/;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|contract|d))*\.(ts|mjs|cjs|json|py|md)$/;
const SOURCE_FOLDERS = ['src', 'test', 'bench', 'tools'];
const COVERAGE_PATH = join(root, 'docs', 'coverage.md');

/** Every complaint, one line each. */
export function findUntidy(): string[] {
  const files = SOURCE_FOLDERS.flatMap((folder) => listFiles(join(root, folder)));
  return [
    ...files.flatMap(checkFile),
    ...checkServiceReadmes(),
    ...checkDependencies(),
    ...checkLockFile(),
    ...checkCoverage(),
  ];
}

function checkFile(path: string): string[] {
  const name = basename(path);
  const where = relative(root, path);
  const complaints: string[] = [];
  if (BANNED_NAMES.test(name)) complaints.push(`${where}: a file is named after what it holds`);
  if (['.ts', '.mjs', '.cjs'].includes(extname(name))) {
    if (!KEBAB.test(name)) complaints.push(`${where}: file names are kebab-case`);
    const text = readFileSync(path, 'utf8');
    const first = text.startsWith('#!') ? text.split('\n')[1] : text.split('\n')[0];
    if (!/^(\/\/|\/\*\*?) \S/.test(first ?? '') || first?.includes('oxlint-') === true) {
      complaints.push(`${where}: the first line is one sentence of purpose`);
    }
    if (/^export \* from/m.test(text)) complaints.push(`${where}: no barrels`);
  }
  return complaints;
}

function checkServiceReadmes(): string[] {
  const folder = join(root, 'src', 'services');
  return readdirSync(folder)
    .filter((service) => !existsSync(join(folder, service, 'README.md')))
    .map((service) => `src/services/${service}: a service has a README.md`);
}

function checkDependencies(): string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const reasons = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8');
  const complaints: string[] = [];
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) complaints.push(`package.json: ${name} is not an exact version`);
    if (!reasons.includes(`\`${name}\``) && !name.startsWith('@aws-sdk/client-') && !name.startsWith('@types/')) {
      complaints.push(`docs/dependencies.md: no reason for ${name}`);
    }
  }
  return complaints;
}

function checkLockFile(): string[] {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  return lock.includes('"resolved"') ? ['package-lock.json: no download addresses (npm reads .npmrc)'] : [];
}

function checkCoverage(): string[] {
  const fresh = coveragePage();
  if (existsSync(COVERAGE_PATH) && readFileSync(COVERAGE_PATH, 'utf8') === fresh) return [];
  return ['docs/coverage.md is stale: npm run tidy -- --write'];
}

/** The page of what each service answers, from the operation tables. */
function coveragePage(): string {
  const sections = SERVICES.map(({ id, operations }) => {
    const entries = Object.entries(operations).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const done = entries.filter(([, entry]) => !isNotImplemented(entry)).map(([name]) => name);
    const missing = new Map<string, string[]>();
    for (const [name, entry] of entries) {
      if (!isNotImplemented(entry)) continue;
      missing.set(entry.notImplemented, [...(missing.get(entry.notImplemented) ?? []), name]);
    }
    const rows = [...missing].map(([why, names]) => `- ${names.join(', ')}: ${why}`);
    const absent = rows.length === 0 ? '' : `\nAnswered with 501 \`NotImplemented\`:\n\n${rows.join('\n')}\n`;
    return `## ${id} (${done.length} of ${entries.length})\n\n${done.join(', ')}\n${absent}`;
  });
  return `# Coverage\n\nGenerated from the operation tables by \`npm run tidy -- --write\`.\n\n${sections.join('\n')}`;
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === '__pycache__' || entry.name === 'results') return [];
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

if (process.argv[1]?.endsWith('tidy.ts') === true) {
  if (process.argv.includes('--write')) writeFileSync(COVERAGE_PATH, coveragePage());
  const complaints = findUntidy();
  for (const complaint of complaints) console.error(complaint);
  console.log(complaints.length === 0 ? 'tidy' : `${complaints.length} untidy places`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
