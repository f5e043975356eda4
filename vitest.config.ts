import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/postgres.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Each file has databases of its own; two files at once keep two cores busy.
    maxWorkers: 2,
    // Node runs the TypeScript as it is, here as in production.
    experimental: { viteModuleRunner: false },
  },
});
