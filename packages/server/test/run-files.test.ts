import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { openRuns } from '../src/runs/open-runs.ts'
import { itKeepsRuns } from './run-store-contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'guerdon-runs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a folder', () => {
  itKeepsRuns(() => openRuns(folder, { shared: false, deadlineMs: 5000 }))
})
