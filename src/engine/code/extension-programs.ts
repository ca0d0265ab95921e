// The external extensions that a function's layers bring.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeTree } from './code-trees.ts';

/** Names of the programs in /opt/extensions. */
export function listPrograms({ layerRoot }: CodeTree): string[] {
  const folder = join(layerRoot, 'extensions');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => {
    const info = statSync(join(folder, name), { throwIfNoEntry: false });
    return info?.isFile() === true && (info.mode & 0o111) !== 0;
  });
}
