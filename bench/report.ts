// Shows figures as a table, and keeps them as JSON.
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it was measured with, e.g. `32 connections`. */
  readonly note?: string;
  /** The number to reach. */
  readonly goal?: { readonly value: number; readonly atMost: boolean };
  /** Beside the bare server, measured in the same run: a ratio, or its own value. */
  readonly bare?: string;
}

export interface Failure {
  readonly name: string;
  readonly error: string;
}

function isReached({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  return goal.atMost ? value <= goal.value : value >= goal.value;
}

const round = (value: number): string => {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
};

export function printFigure(figure: Figure): void {
  const reached = isReached(figure);
  const goal =
    figure.goal === undefined
      ? ''
      : `${figure.goal.atMost ? '≤' : '≥'} ${round(figure.goal.value)}`;
  const columns = [
    figure.name.padEnd(38),
    round(figure.value).padStart(9),
    figure.unit.padEnd(6),
    goal.padStart(9),
    (reached === undefined ? '' : reached ? 'ok' : 'MISSED').padEnd(6),
    [figure.bare, figure.note].filter((text) => text !== undefined).join(' · '),
  ];
  console.log(columns.join('  ').trimEnd());
}

export async function writeResults(
  folder: string,
  figures: readonly Figure[],
  failures: readonly Failure[],
): Promise<string> {
  const at = new Date().toISOString();
  const machine = {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
  };
  const content = JSON.stringify(
    {
      at,
      machine,
      figures: figures.map((figure) => ({ ...figure, reached: isReached(figure) })),
      failures,
    },
    undefined,
    2,
  );
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${at.replaceAll(':', '-')}.json`);
  await writeFile(file, `${content}\n`);
  return file;
}
