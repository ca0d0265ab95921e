// `cloudlet runtimes`: what runs each runtime here; `cloudlet runtimes install` fetches what is missing.
import { UserError } from '../../base/errors.ts';
import { FetchFailed, installPackage, type Package } from '../../engine/runtimes/fetch-package.ts';
import { planInstall } from '../../engine/runtimes/install-runtimes.ts';
import { listRuntimes, type RuntimeRow } from '../../engine/runtimes/list-runtimes.ts';
import { openRuntimeCache, type RuntimeCache } from '../../engine/runtimes/runtime-cache.ts';
import { type Arguments, type Command, usageError } from '../command.ts';
import type { Terminal } from '../terminal.ts';

export const runtimes: Command = {
  name: 'runtimes',
  usage: '[install [RUNTIME…]]',
  about: 'show what runs each runtime here, or fetch what is missing',
  help: `Lists every runtime identifier of AWS Lambda: what runs it on this machine, in which version and from
where, the SDK its functions are provided with, and whether AWS still takes it.

\`install\` fetches Node.js of other majors and the AWS SDK for JavaScript by npm, boto3 by pip, the Java runtime
interface client by Maven and that of Ruby by gem, in pinned versions, into the user's cache folder. Without
names it takes what AWS supports and this machine can use. No cloud has to run.

  cloudlet runtimes
  cloudlet runtimes install
  cloudlet runtimes install nodejs22.x python3.13 java21`,
  options: {
    all: { type: 'boolean', about: 'also list runtimes that AWS no longer creates' },
    'no-sdk': { type: 'boolean', about: 'with install: no AWS SDK for JavaScript, no boto3' },
  },
  positionals: 60,
  async run(args, terminal) {
    const [action, ...names] = args.positionals;
    const cache = openRuntimeCache();
    if (action === undefined) return show(args, terminal, cache);
    if (action !== 'install') throw usageError(runtimes, `unknown action: ${action}`);
    return install(await planInstall(names, !args.flag('no-sdk')), terminal, cache);
  },
};

async function show(args: Arguments, terminal: Terminal, cache: RuntimeCache): Promise<void> {
  const rows = await listRuntimes(cache);
  const shown = args.flag('all') ? rows : rows.filter(({ aws }) => aws === 'supported' || aws === 'deprecated');
  const table = [['RUNTIME', 'RUNS ON', 'FROM', 'PROVIDED SDK', 'AT AWS'], ...shown.map(describeRow)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd());
  const hidden = rows.length - shown.length;
  if (hidden > 0) lines.push('', `${hidden} more that AWS no longer creates: --all`);
  // For machines all of them: `aws` tells.
  terminal.result({ folder: cache.folder, runtimes: rows }, lines.join('\n'));
}

function describeRow(row: RuntimeRow): string[] {
  const { version = '', source = '', sdk, reason = '' } = row;
  const mark = { exact: '', other: ' (another version)', fetch: ' until fetched', none: '' }[row.runs];
  return [
    row.runtime,
    row.runs === 'none' ? 'nothing here' : `${version}${mark}`,
    row.runs === 'none' ? reason : source,
    sdk === undefined ? '-' : `${sdk.name} ${sdk.version}`,
    describePhase(row),
  ];
}

function describePhase({ aws, deprecated, createBlocked, updateBlocked }: RuntimeRow): string {
  switch (aws) {
    case 'supported':
      return deprecated === undefined ? 'supported' : `supported until ${deprecated}`;
    case 'deprecated':
      return `deprecated ${deprecated ?? ''}${createBlocked === undefined ? '' : `, created until ${createBlocked}`}`;
    case 'create blocked':
      return `not created since ${createBlocked ?? ''}${updateBlocked === undefined ? '' : `, updated until ${updateBlocked}`}`;
    case 'update blocked':
      return `not updated since ${updateBlocked ?? ''}`;
  }
}

interface Installed {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly fetched: boolean;
}

/** All that can be had is fetched; what cannot is told at the end. */
async function install(plan: readonly Package[], terminal: Terminal, cache: RuntimeCache): Promise<void> {
  const installed: Installed[] = [];
  const failed: string[] = [];
  for (const wanted of plan) {
    const { name, version, about } = wanted;
    const fetched = cache.find(name) === undefined;
    const progress = terminal.progress(fetched ? `fetching ${about}` : about);
    try {
      installed.push({ name, version, folder: await installPackage(cache, wanted), fetched });
      progress.done(fetched ? about : `${about}, here already`);
    } catch (error) {
      if (!(error instanceof FetchFailed)) throw error;
      progress.fail(`${about}: ${error.message}`);
      failed.push(`${about}: ${error.message}`);
    }
  }
  terminal.result({ folder: cache.folder, installed, failed }, `kept in ${cache.folder}`);
  if (failed.length === 0) return;
  throw new UserError('ERR_FETCH', `could not be fetched: ${failed.join('; ')}`, {
    fix: 'see that npm, pip and mvn can reach their registries, and run the command again',
  });
}
