import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['browser/**/*.test.mjs'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The numbers of Node come from the same compiled files that the page loads.
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
  },
})
