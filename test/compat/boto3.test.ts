// boto3 against every service: each script in boto3/ checks one of them as a user of Python would.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestCloud, createCloud } from '../../src/testing/create-cloud.ts';
import { clientEnvironment } from './client-environment.ts';

const FOLDER = fileURLToPath(new URL('boto3/', import.meta.url));
const SCRIPTS = readdirSync(FOLDER).filter((name) => name.endsWith('.py') && name !== 'harness.py');

function hasBoto3(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Verdict {
  readonly check: string;
  readonly ok: boolean;
  readonly why?: string;
}

/** Runs a script to its end; what it printed, one verdict a line. */
async function runScript(endpoint: string, script: string, account: string): Promise<Verdict[]> {
  const { stdout } = await promisify(execFile)('python3', [join(FOLDER, script)], {
    env: { ...clientEnvironment(endpoint, account), PYTHONDONTWRITEBYTECODE: '1' },
    maxBuffer: 1e8,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
}

describe.skipIf(!hasBoto3())('boto3 (needs python3 with boto3)', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await createCloud({ clock: 'system' });
  });
  afterAll(() => cloud.close());

  describe.each(SCRIPTS.map((name, index) => [name, index] as const))('%s', (script, index) => {
    const source = readFileSync(join(FOLDER, script), 'utf8');
    const checks = [...source.matchAll(/^@check\ndef (\w+)/gm)].map((match) => match[1] ?? '');
    let verdicts: Verdict[] = [];
    beforeAll(async () => {
      // An account of its own: scripts do not see one another's resources.
      verdicts = await runScript(cloud.endpoint, script, String(100_000_000_000 + index));
    }, 120_000);

    test.each(checks.map((check) => [check.replaceAll('_', ' '), check]))('%s', (_title, check) => {
      const verdict = verdicts.find((candidate) => candidate.check === check);
      expect(verdict?.why ?? verdict?.ok).toBe(true);
    });
  });
});
