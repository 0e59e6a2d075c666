import { defineConfig } from 'vitest/config'
import basis from '../../../../vitest.config.ts'

// Without the condition "import" of the other tests, which reaches into packages outside and gives what they require as
// modules that they do not expect.
const resolve = { conditions: ['guerdon-source', 'module', 'node'] }

/** Tests over Postgres and Redis servers that they start themselves, apart from `npm test` as not every machine has them. */
export default defineConfig({
  ...basis,
  resolve,
  ssr: { resolve },
  test: {
    ...basis.test,
    include: ['packages/server/test/databases/**/*.live.ts'],
    maxWorkers: 1,
    hookTimeout: 60_000,
  },
})
