// For tests: a stand-in for docker's command line, whose containers are plain processes of this machine.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Takes docker's arguments (docs.docker.com/reference/cli/docker): an image is a folder with a default
 * entry point; a container is a process that has the variables it was given and no others.
 */
const STAND_IN = String.raw`#!${process.execPath}
const fs = require('fs'), cp = require('child_process'), path = require('path');
const [verb, ...args] = process.argv.slice(2);
fs.appendFileSync(__dirname + '/calls', JSON.stringify([verb, ...args]) + '\n');
const imagesFile = __dirname + '/images.json';
const images = JSON.parse(fs.readFileSync(imagesFile, 'utf8'));
const fileOf = (name) => path.join(__dirname, 'containers', name);
const read = (name) => { try { return JSON.parse(fs.readFileSync(fileOf(name), 'utf8')); } catch { return undefined; } };
const fail = (text, code = 1) => { process.stderr.write(text + '\n'); process.exit(code); };
const save = (name, value) => { if (fs.existsSync(path.dirname(fileOf(name)))) fs.writeFileSync(fileOf(name), JSON.stringify(value)); };
if (verb === 'version') process.exit(0);
if (verb === 'image') process.exit(images[args[1]]?.here ? 0 : 1);
if (verb === 'pull') {
  const image = images[args[1]];
  if (!image) fail('Error response from daemon: manifest unknown');
  image.here = true;
  fs.writeFileSync(imagesFile, JSON.stringify(images));
}
if (verb === 'ps') {
  const label = args[args.indexOf('--filter') + 1].replace('label=', '');
  for (const name of fs.readdirSync(__dirname + '/containers')) {
    const container = read(name);
    if (container?.label !== label && container?.label.split('=')[0] !== label) continue;
    console.log(args.includes('--quiet') ? name : name + ' ' + container.label.split('=')[1]);
  }
}
if (verb === 'inspect') {
  const container = read(args[2]) ?? fail('No such object');
  console.log(args[1].replace('{{.State.Pid}}', container.pid ?? 0).replace('{{.State.OOMKilled}}', container.oom === true)
    .replace('{{.State.ExitCode}}', container.code ?? 0).replace('{{.State.Error}}', container.error ?? ''));
}
if (verb === 'rm') for (const name of args.slice(1)) {
  const container = read(name);
  fs.rmSync(fileOf(name), { force: true });
  if (container?.pid) try { process.kill(container.pid, 'SIGKILL'); } catch {}
}
if (verb === 'run') {
  const options = {}, env = {};
  let at = 0;
  for (; args[at].startsWith('--'); at += 1) {
    const name = args[at].slice(2);
    if (name === 'read-only') { options[name] = true; continue; }
    const value = args[at += 1];
    if (name === 'env') { const [key, ...rest] = value.split('='); env[key] = rest.length ? rest.join('=') : process.env[key]; }
    else options[name] = value;
  }
  const [uri, ...command] = args.slice(at);
  const image = images[uri];
  if (!image?.here) fail('Unable to find image', 125);
  const entry = options.entrypoint ? [options.entrypoint] : image.entryPoint;
  const argv = [...entry, ...(command.length ? command : options.entrypoint ? [] : image.command)];
  const started = { label: options.label };
  const child = cp.spawn(argv[0], argv.slice(1), { cwd: path.join(image.folder, options.workdir ?? '/'), env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
  if (child.pid) save(options.name, { ...started, pid: child.pid });
  child.on('error', () => { save(options.name, { ...started, code: 127, error: 'exec: "' + argv[0] + '": executable file not found in $PATH' }); process.exit(127); });
  child.on('exit', (code, signal) => {
    const status = code ?? 128 + require('os').constants.signals[signal];
    if (read(options.name)) save(options.name, { ...started, code: status, oom: status === 137 && fs.existsSync(image.folder + '/oom') });
    process.exit(status);
  });
}
`;

/** A runtime of its own, as images bring one. */
const PROGRAM = `
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
let count = 0;
(async () => {
  if (process.argv[2] === 'leave') process.exit(4);
  for (;;) {
    const next = await fetch(api + 'next');
    const id = next.headers.get('lambda-runtime-aws-request-id');
    const event = await next.json();
    console.log('out of', id);
    console.error('err of', id);
    if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60000));
    if (event.hog) { require('fs').writeFileSync('oom', ''); process.kill(process.pid, 'SIGKILL'); }
    if (event.fail) { await fetch(api + id + '/error', { method: 'POST', body: JSON.stringify({ errorType: 'Asked', errorMessage: 'as asked' }) }); continue; }
    const answer = { count: ++count, argv: process.argv.slice(2), cwd: process.cwd().split('/').at(-1), env: process.env };
    await fetch(api + id + '/response', { method: 'POST', body: JSON.stringify(answer) });
  }
})();
`;

interface StandInImage {
  readonly folder: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  /** Absent: it has to be pulled. */
  readonly here?: true;
}

/** Writes `docker` into the folder, and returns an image with a runtime that echoes what it was started with. */
export function writeStandIn(folder: string): StandInImage {
  for (const name of ['containers', 'app', 'app/inner']) mkdirSync(join(folder, name));
  const program = join(folder, 'app', 'program.js');
  writeFileSync(program, PROGRAM);
  writeFileSync(join(folder, 'docker'), STAND_IN);
  chmodSync(join(folder, 'docker'), 0o755);
  return { folder: join(folder, 'app'), entryPoint: [process.execPath, program], command: ['default'] };
}

/** The images of this machine and of its registries, by name. */
export function writeImages(folder: string, images: Readonly<Record<string, StandInImage>>): void {
  writeFileSync(join(folder, 'images.json'), JSON.stringify(images));
}
