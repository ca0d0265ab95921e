// Which function takes a debugger at which port, and what an editor needs to attach.
import { describe, expect, test } from 'vitest';
import type { LocalArtifact } from '../../deploy/local-artifacts.ts';
import { chooseDebugTargets, launchConfigurations } from './debug-targets.ts';
import type { Project } from './project.ts';

function artifact(logicalId: string, runtime: string): LocalArtifact {
  return { logicalId, property: 'CodeUri', path: `src/${logicalId}`, kind: 'function', runtime };
}

const project: Project = {
  folder: '/app',
  templatePath: '/app/template.yaml',
  content: {},
  artifacts: [
    artifact('Api', 'nodejs22.x'),
    artifact('Worker', 'python3.12'),
    artifact('Cron', 'nodejs20.x'),
    artifact('Old', 'java21'),
    { logicalId: 'Words', property: 'ContentUri', path: 'layer', kind: 'layer' },
  ],
  stackName: 'app',
  buildFolder: '/app/.cloudlet/build',
};
const ports = (...wishes: string[]) =>
  Object.fromEntries(chooseDebugTargets(project, wishes).map(({ logicalId, port }) => [logicalId, port]));

test.each<[string, string[], Record<string, number>]>([
  ['nobody asked', [], {}],
  ['all of them, by the custom of each language', [''], { Api: 9229, Worker: 5678, Cron: 9230 }],
  ['all from one port on', [':7000'], { Api: 7000, Worker: 7001, Cron: 7002 }],
  ['one', ['Cron'], { Cron: 9229 }],
  ['one at its own port', ['Worker:9229'], { Worker: 9229 }],
  ['a port that one wants is left to it', ['', 'Cron:9229'], { Cron: 9229, Api: 9230, Worker: 5678 }],
  ['the same twice', ['Api', 'Api'], { Api: 9229 }],
])('%s', (_name, wishes, expected) => {
  expect(ports(...wishes)).toEqual(expected);
});

test.each<[string, RegExp]>([
  ['Apy', /no function Apy with local code; did you mean Api\?/],
  ['Words', /no function Words/],
  ['Old', /Old runs on java21/],
  ['Api:x', /not a port: "x"/],
  ['Api:70000', /not a port/],
  [':0', /not a port/],
])('%s is refused', (wish, message) => {
  expect(() => ports(wish)).toThrow(message);
});

describe('VS Code', () => {
  test('attaches to Node.js by the inspector, to Python by debugpy', () => {
    const [node, python] = launchConfigurations(project, chooseDebugTargets(project, ['Api', 'Worker']));
    // <VS Code, Node.js debugging, "Attaching to Node.js"; debugpy, "Remote debugging">
    expect(node).toMatchObject({ type: 'node', request: 'attach', port: 9229, remoteRoot: '/var/task', restart: true });
    expect(node?.['localRoot']).toMatch(/^\$\{workspaceFolder\}\/.*src\/Api$/);
    expect(python).toMatchObject({
      type: 'debugpy',
      request: 'attach',
      connect: { host: '127.0.0.1', port: 5678 },
      pathMappings: [{ remoteRoot: '/var/task' }],
    });
  });
});
