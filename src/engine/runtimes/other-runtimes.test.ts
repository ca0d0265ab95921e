// ruby* on the machine's Ruby, and dotnet* on a stand-in: how their programs are found and started.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHarness } from '../engine-harness.ts';
import { findSandbox } from '../isolation/sandbox-isolation.ts';
import { rubyClientPackage } from './fetch-package.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudlet-other-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const ruby = spawnSync('ruby', ['-e', 'print RUBY_VERSION']).stdout?.toString();
const series = ruby?.split('.').slice(0, 2).join('.') ?? '';
const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

/** In place of the gem, which only its own registry has: the same program, the same argument, the same API. */
const RUBY_CLIENT = `
require 'net/http'; require 'json'
$stdout.sync = true
file, name = ARGV[0].split('.', 2)
require file
api = Net::HTTP.new(*ENV['AWS_LAMBDA_RUNTIME_API'].split(':')); api.read_timeout = 900
base = '/2018-06-01/runtime/invocation/'
loop do
  work = api.get(base + 'next')
  id = work['Lambda-Runtime-Aws-Request-Id']
  begin
    api.post(base + id + '/response', JSON.generate(send(name, event: JSON.parse(work.body), context: id)))
  rescue StandardError => error
    api.post(base + id + '/error', JSON.generate({ errorMessage: error.message, errorType: 'Function<' + error.class.name + '>' }))
  end
end
`;

describe.skipIf(!ruby)(`ruby*${ruby ? '' : ' (skipped: no ruby here)'}`, () => {
  const files = {
    'app.rb': `require 'shared'
def run(event:, context:)
  puts 'printed'
  raise ArgumentError, 'as asked' if event['fail']
  { n: event['n'], id: context, shared: SHARED, gems: ENV['GEM_PATH'].split(':').length, execution: ENV['AWS_EXECUTION_ENV'] }
end`,
    'shared.rb': 'SHARED = "of the code"',
  };

  test.each(['process', 'sandbox'] as const)('the client runs the handler, %s driver', async (isolation) => {
    if (isolation === 'sandbox' && sandbox === undefined) return;
    mkdirSync(join(folder, rubyClientPackage.name, 'bin'), { recursive: true });
    writeFileSync(join(folder, rubyClientPackage.name, 'bin', 'aws_lambda_ric'), RUBY_CLIENT);
    await using harness = createHarness({ isolation, runtimesFolder: folder });
    const definition = await harness.define(files, { runtime: 'ruby3.4', handler: 'app.run' });
    const result = await harness.invoke(definition, { n: 7 }, { requestId: 'r-ruby' });
    expect(result.json, result.text + result.logTail).toEqual({
      n: 7, id: 'r-ruby', shared: 'of the code', gems: 3, execution: 'AWS_Lambda_ruby3.4',
    });
    expect(result.logTail).toContain('printed\n');
    expect((await harness.invoke(definition, { fail: true })).json).toEqual({ errorType: 'Function<ArgumentError>', errorMessage: 'as asked' });
    if (series !== '3.4') expect(harness.notices).toContain(`ruby3.4 runs on Ruby ${ruby}: this machine has no Ruby 3.4`);
  });
});

test('ruby* without Ruby, or without the client, is refused with the reason', async () => {
  await using harness = createHarness({ runtimesFolder: folder });
  const definition = await harness.define({ x: '' }, { runtime: 'ruby3.4', handler: 'a.b' });
  const program = join(folder, 'ruby');
  writeFileSync(program, '#!/bin/sh\necho 3.4.1\n');
  vi.stubEnv('PATH', folder);
  await expect(harness.invoke(definition)).rejects.toThrow('the runtime ruby3.4 cannot run here: this machine has no Ruby');
  chmodSync(program, 0o755);
  await expect(harness.invoke(definition)).rejects.toThrow('`cloudlet runtimes install ruby3.4` fetches it');
});

describe.skipIf(process.platform === 'win32')('dotnet*', () => {
  /** Says what it was called with, by a program that answers invocations. */
  const dotnet = (versions: string): void => {
    const serve = join(folder, 'serve.js');
    writeFileSync(serve, `
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
(async () => { for (;;) {
  const id = (await fetch(api + 'next')).headers.get('lambda-runtime-aws-request-id');
  await fetch(api + id + '/response', { method: 'POST', body: JSON.stringify(process.argv.slice(2).map((each) => each.replace(/^.*[/]task[/]/, ''))) });
} })();`);
    writeFileSync(join(folder, 'dotnet'), `#!/bin/sh\nif [ "$1" = --list-runtimes ]; then printf '${versions}'; exit; fi\nexec ${process.execPath} ${serve} "$@"\n`);
    chmodSync(join(folder, 'dotnet'), 0o755);
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
  };
  const RUNTIMES = 'Microsoft.AspNetCore.App 9.0.1 [/x]\\nMicrosoft.NETCore.App 8.0.11 [/x]\\nMicrosoft.NETCore.App 10.0.0 [/x]\\n';

  // AWS: csharp-handler.html; aws-lambda-dotnet, bootstrap.sh
  test.each([
    ['an executable assembly', 'App', { 'App.dll': '' }, ['exec', 'App.dll']],
    [
      'a class library',
      'Lib::Name.Space.Type::Method',
      { 'Lib.dll': '', 'Amazon.Lambda.RuntimeSupport.dll': '' },
      ['exec', '--depsfile', 'Lib.deps.json', '--runtimeconfig', 'Lib.runtimeconfig.json', 'Amazon.Lambda.RuntimeSupport.dll', 'Lib::Name.Space.Type::Method'],
    ],
  ])('%s', async (_title, handler, files, argv) => {
    dotnet(RUNTIMES);
    await using harness = createHarness({ runtimesFolder: folder, isolation: 'process' });
    const definition = await harness.define(files, { runtime: 'dotnet8', handler });
    expect((await harness.invoke(definition)).json).toEqual(argv);
  });

  test('a library without its support, and a machine without that .NET', async () => {
    dotnet('Microsoft.NETCore.App 8.0.11 [/x]\\n');
    await using harness = createHarness({ runtimesFolder: folder, isolation: 'process' });
    const library = await harness.define({ 'Lib.dll': '' }, { runtime: 'dotnet8', handler: 'Lib::T::M' });
    expect((await harness.invoke(library)).json).toMatchObject({
      errorType: 'Runtime.InvalidEntrypoint',
      errorMessage: expect.stringContaining('Amazon.Lambda.RuntimeSupport.dll is not in the package'),
    });
    const newer = await harness.define({ 'App.dll': '' }, { runtime: 'dotnet10', handler: 'App' });
    await expect(harness.invoke(newer)).rejects.toThrow('the runtime dotnet10 cannot run here: its .NET has 8.0.11, and none from 10 on');
  });
});
