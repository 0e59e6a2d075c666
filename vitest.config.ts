import { defineConfig } from 'vitest/config'

export default defineConfig({
  ssr: { resolve: { conditions: ['guerdon-source', 'node', 'import', 'default'] } },
  resolve: { conditions: ['guerdon-source', 'node', 'import', 'default'] },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'packages/*/golden/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    // Colours depend on where a command runs (a terminal, continuous integration); what tests read must not.
    env: { NO_COLOR: '1' },
  },
})
