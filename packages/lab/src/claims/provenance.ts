import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { machineShape } from '../harness/results.ts'

/** What a result was made with: enough to make it again, nothing that names a machine. */
export interface Provenance {
  /** Commit of the source, with `+` when files differed from it; null outside a clone. */
  readonly commit: string | null
  readonly machine: ReturnType<typeof machineShape>
}

/** The provenance of a result made now. */
export function currentProvenance(): Provenance {
  return { commit: sourceCommit(), machine: machineShape() }
}

function sourceCommit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: dirname(fileURLToPath(import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':/packages') !== ''
    return `${git('rev-parse', '--short=10', 'HEAD')}${changed ? '+' : ''}`
  } catch {
    return null
  }
}
