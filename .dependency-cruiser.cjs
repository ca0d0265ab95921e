// The layers of docs/architecture.md: imports point down only, and services meet only through operations.
const ORDER = [
  'base', 'wire', 'models', 'platform', 'kernel', 'engine', 'services', 'deploy', 'server', 'cli', 'testing',
];
const notTest = { pathNot: '[.]test[.]ts$' };
const layers = ORDER.slice(0, -1).map((layer, i) => ({
  name: `layer-${layer}`,
  comment: `src/${layer} may not import from the layers above it`,
  severity: 'error',
  from: { path: `^src/${layer}/`, ...notTest },
  to: { path: `^src/(${ORDER.slice(i + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'siblings',
      comment: 'engine, services and deploy meet only in server/',
      severity: 'error',
      from: { path: '^src/(services|deploy)/', ...notTest },
      to: { path: '^src/(engine|services|deploy)/', pathNot: '^src/$1/' },
    },
    {
      name: 'service-isolation',
      comment: 'a service reaches another only through context.call',
      severity: 'error',
      from: { path: '^src/services/([^/]+)/', ...notTest },
      to: { path: '^src/services/', pathNot: '^src/services/$1/' },
    },
    {
      name: 'service-front-door',
      comment: 'from outside, a service is its service.ts; a folder of two services has two',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/services/|[.]test[.]ts$' },
      to: {
        path: '^src/services/',
        pathNot: ['^src/services/[^/]+/service[.]ts$', '^src/services/[^/]+/[^/]+/service[.]ts$'],
      },
    },
    {
      name: 'no-cycle',
      comment: 'cycles, type-only ones included',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'io-only',
      comment: 'the machine is reached through platform/, engine/ and cli/ alone',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(platform|engine|cli)/|[.]test[.]ts$' },
      to: {
        dependencyTypes: ['core'],
        pathNot: '^(node:)?(assert|buffer|crypto|util|zlib|stream|string_decoder)$',
      },
    },
    {
      name: 'guest-alone',
      comment: 'what runs inside function processes imports nothing of ours',
      severity: 'error',
      from: { path: '^src/engine/guest/' },
      to: { path: '^src/', pathNot: '^src/engine/guest/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'], extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
};
