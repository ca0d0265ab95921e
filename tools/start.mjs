// `npm start`: installs, builds, starts the cloud on port 4566 and deploys the example application.
import { join } from 'node:path';
import { installExample, installIfMissing, root } from './install.mjs';

await installIfMissing();
const { buildIfStale } = await import('./build.mjs');
if (await buildIfStale()) process.stderr.write('built dist/\n');
await installExample();
const example = join(root, 'examples', 'user-service');
// In this process, so that Ctrl-C reaches the cloud itself and nothing stands in between.
process.argv = [process.argv[0], join(root, 'bin', 'cloudlet'), 'dev', example, ...process.argv.slice(2)];
await import('../dist/cli.js');
