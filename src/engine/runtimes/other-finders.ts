// Which Ruby and which .NET of this machine run ruby* and dotnet* functions.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ask, findOnPath, newestOf } from './executables.ts';
import { type FinderSettings, refusal } from './finder-settings.ts';
import { installPackage, rubyClientPackage } from './fetch-package.ts';
import type { Runtime } from './runtime.ts';

const RUBY_PROBE =
  'puts RUBY_VERSION; begin; puts Gem::Specification.find_by_name("aws_lambda_ric").base_dir; rescue LoadError; end';

/** With the official client: fetched, or a gem of the machine's Ruby. */
export async function findRuby(id: string, version: string, settings: FinderSettings): Promise<Runtime> {
  const executable = findOnPath('ruby');
  const answer = executable === undefined ? undefined : await ask(executable, ['-e', RUBY_PROBE]);
  if (executable === undefined || answer === undefined) throw refusal(id, 'this machine has no Ruby (ruby on PATH)');
  const [actualVersion = '', gemFolder = ''] = answer.split('\n');
  const clientFolder = await findRubyClient(id, gemFolder, settings);
  if (!actualVersion.startsWith(`${version}.`)) {
    settings.onNotice(`${id} runs on Ruby ${actualVersion}: this machine has no Ruby ${version}`);
  }
  return { family: 'ruby', id, version, actualVersion, executable, source: executable, sitePackages: [], clientFolder };
}

async function findRubyClient(id: string, gemFolder: string, { cache, fetches, onNotice }: FinderSettings): Promise<string> {
  const present = cache.find(rubyClientPackage.name);
  if (present !== undefined) return present;
  if (existsSync(join(gemFolder, 'bin', 'aws_lambda_ric'))) return gemFolder;
  const remedy = `it has no gem aws_lambda_ric; \`cloudlet runtimes install ${id}\` fetches it`;
  if (!fetches) throw refusal(id, remedy);
  onNotice(`${id}: fetching ${rubyClientPackage.about}, once for this machine`);
  try {
    return await installPackage(cache, rubyClientPackage);
  } catch (error) {
    throw refusal(id, `${error instanceof Error ? error.message : String(error)}; ${remedy}`);
  }
}

/** Programs for an older .NET run on a newer one when they are told so, by DOTNET_ROLL_FORWARD. */
export async function findDotnet(id: string, major: number, { onNotice }: FinderSettings): Promise<Runtime> {
  const executable = findOnPath('dotnet');
  const listed = executable === undefined ? undefined : await ask(executable, ['--list-runtimes']);
  if (executable === undefined || listed === undefined) throw refusal(id, 'this machine has no .NET (dotnet on PATH)');
  const versions = [...listed.matchAll(/^Microsoft\.NETCore\.App (\S+)/gm)].map(([, version = '']) => version);
  const fitting = versions.filter((version) => Number.parseInt(version, 10) === major);
  const newer = versions.filter((version) => Number.parseInt(version, 10) > major);
  const actualVersion = newestOf(fitting) ?? newestOf(newer);
  if (actualVersion === undefined) throw refusal(id, `its .NET has ${versions.join(', ') || 'no runtimes'}, and none from ${major} on`);
  if (fitting.length === 0) onNotice(`${id} runs on .NET ${actualVersion}: this machine has no .NET ${major}`);
  return { family: 'dotnet', id, version: String(major), actualVersion, executable, source: executable, sitePackages: [] };
}
