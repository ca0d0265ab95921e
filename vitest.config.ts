// Test runner settings: one process per core (vitest's own default leaves one out), with
// schemas of the AWS SDK inlined (their ES modules lack extensions).
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism()),
    setupFiles: ['test/seed.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    server: { deps: { inline: [/@aws-sdk\/client-[^/]+\/dist-es\//] } },
  },
});
