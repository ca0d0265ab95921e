// Test runner settings: one process per core, schemas of the AWS SDK inlined (their ES modules lack extensions).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    setupFiles: ['test/seed.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    server: { deps: { inline: [/@aws-sdk\/client-[^/]+\/dist-es\//] } },
  },
});
