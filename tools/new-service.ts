// `npm run new-service NAME`: a service folder in the house's anatomy, green at once.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const [id, clientArgument] = process.argv.slice(2);
const root = process.cwd();

if (id === undefined || !/^[a-z][a-z0-9]*$/.test(id)) {
  fail('usage: npm run new-service NAME [CLIENT]   e.g. npm run new-service kms, or events eventbridge');
}
const client = `@aws-sdk/client-${clientArgument ?? id}`;
const folder = join(root, 'src', 'services', id);
if (existsSync(folder)) fail(`src/services/${id} exists already`);
const operations = readOperations();
const facts = await readFacts();

write('service.ts', serviceFile());
write('README.md', readmeFile());
write(`${id}.test.ts`, testFile());
edit('src/server/services.ts', (text) =>
  text
    .replace(/(\nexport const SERVICES)/, `import { ${id} } from '../services/${id}/service.ts';\n$1`)
    .replace(/\n\];/, `\n  ${id},\n];`),
);
edit('src/models/operations.ts', (text) =>
  text
    .replace(/(import type \* as \w+ from '@aws-sdk\/client-s3';)/, `import type * as ${id} from '${client}';\n$1`)
    .replace('export interface ServiceOperations {', `export interface ServiceOperations {\n  ${id}: OperationsOf<typeof ${id}>;`),
);
edit('src/models/schemas.ts', (text) =>
  text.replace(
    /(\n\};\n)/,
    `\n  ${id}: () => import('${client}/dist-es/schemas/schemas_0.js'),$1`,
  ),
);
edit('src/models/services.ts', (text) => text.replace(/\n\];\n/, `\n${rowText()}];\n`));
console.log(`src/services/${id} is there: ${operations.length} operations, each answering 501 until you write it.`);
console.log('Next: docs/adding-a-service.md; then npm run tidy -- --write for the coverage page.');

function readOperations(): string[] {
  const commands = join(root, 'node_modules', client, 'dist-types', 'commands');
  if (!existsSync(commands)) fail(`${client} is not installed: npm install --save-dev --save-exact ${client}`);
  return readdirSync(commands)
    .filter((file) => file.endsWith('Command.d.ts'))
    .map((file) => file.replace('Command.d.ts', ''))
    .toSorted();
}

/** What the client's own runtime configuration says of its protocol. */
async function readFacts(): Promise<{ sdkId: string; protocol: string; target: string; version: string; xml: string }> {
  const config = readFileSync(join(root, 'node_modules', client, 'dist-es', 'runtimeConfig.shared.js'), 'utf8');
  const text = (pattern: RegExp): string => pattern.exec(config)?.[1] ?? '';
  const protocols: Readonly<Record<string, string>> = {
    AwsJson1_0Protocol: 'awsJson1_0',
    AwsJson1_1Protocol: 'awsJson1_1',
    AwsQueryProtocol: 'awsQuery',
    AwsRestJsonProtocol: 'restJson1',
    AwsRestXmlProtocol: 'restXml',
    AwsSmithyRpcV2CborProtocol: 'rpcv2Cbor',
  };
  const protocol = protocols[text(/import \{ ?(Aws\w+Protocol|AwsSmithyRpcV2CborProtocol)/)];
  if (protocol === undefined) fail(`${client} does not say its protocol; write the row in src/models/services.ts by hand`);
  return {
    sdkId: text(/serviceId: config\?\.serviceId \?\? "([^"]+)"/),
    protocol,
    target: text(/serviceTarget: "([^"]+)"/),
    version: text(/apiVersion: "([^"]+)"/) || text(/version: "(\d{4}-\d\d-\d\d)"/),
    xml: text(/xmlNamespace: "([^"]+)"/),
  };
}

function rowText(): string {
  const { sdkId, protocol, target, version, xml } = facts;
  const lines = [
    `id: '${id}',`,
    `sdkId: '${sdkId}',`,
    `apiVersion: '${version}',`,
    `protocols: ['${protocol}'],`,
    `signingName: '${id}',`,
    ...(target === '' ? [] : [`targetPrefix: '${target}',`]),
    ...(xml === '' ? [] : [`xmlNamespace: '${xml}',`]),
  ];
  return `  {\n${lines.map((line) => `    ${line}`).join('\n')}\n  },\n`;
}

function serviceFile(): string {
  const rows = operations.map((name) => `    ${name}: notImplemented(LATER),`).join('\n');
  return `// ${facts.sdkId}: the operation table.
import { defineService, notImplemented } from '../../kernel/service.ts';

const LATER = 'not written yet';

export const ${id} = defineService<'${id}'>({
  id: '${id}',
  operations: {
${rows}
  },
});
`;
}

function readmeFile(): string {
  return `# ${facts.sdkId}

**Faithful:** nothing yet; every operation answers 501 and names itself.

**Differs, and why:** –

**Verified:** \`${id}.test.ts\` through the official client.
`;
}

function testFile(): string {
  const requireClient = createRequire(join(root, 'package.json'));
  const exports = Object.keys(requireClient(client) as Record<string, unknown>);
  const clientClass = exports.find((name) => /^[A-Z]\w*Client$/.test(name) && !name.startsWith('__')) ?? '';
  // A listing needs no input, so the client itself has nothing to refuse.
  const listing = operations.find((name) => /^(List|Describe)/.test(name));
  const first = listing ?? operations[0] ?? '';
  const needsInput = listing === undefined;
  return `// ${facts.sdkId} through the official client.
import { ${clientClass}, ${first}Command } from '${client}';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';

test('an operation that is not there answers 501 and names itself', async () => {
  await using cloud = await createCloud();
  const client = cloud.client(${clientClass});
  const call = client.send(new ${first}Command(${needsInput ? '{} as never' : '{}'}));
  await expect(call).rejects.toMatchObject({
    name: 'NotImplemented',
    message: expect.stringContaining('${id}.${first}'),
  });
});
`;
}

function write(name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(join(root, path), 'utf8');
  const after = change(before);
  if (after === before) fail(`${path} could not be extended; add ${id} by hand`);
  writeFileSync(join(root, path), after);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
