import { GuerdonError, Random } from '@guerdon/core'
import type { PreferenceRecord } from '@guerdon/learn'

/**
 * Records to train on and records to hold out: what belongs together — one prompt, or one user when there are users to be
 * told apart — stays together, so that nothing held out was seen.
 *
 * @throws invalid_input when there is only one thing to divide
 */
export function splitRecords(
  records: readonly PreferenceRecord[],
  options: { readonly share: number; readonly seed: number; readonly by: 'prompt' | 'user' },
): { readonly train: PreferenceRecord[]; readonly heldOut: PreferenceRecord[] } {
  const { share, seed, by } = options
  const keyOf = (record: PreferenceRecord, i: number): string => {
    if (by === 'user' && record.kind === 'pair') return `${record.user}`
    // embeddings without a prompt stand for themselves
    return record.prompt.length === 0 ? `#${i}` : JSON.stringify(record.prompt)
  }
  const keys = records.map(keyOf)
  const different = [...new Set(keys)]
  const held = Math.max(1, Math.round(share * different.length))
  if (share === 0) return { train: [...records], heldOut: [] }
  if (different.length <= held) {
    throw new GuerdonError(
      'invalid_input',
      `expected at least 2 different ${by}s to hold some out; got ${different.length}`,
      { hint: 'give a file of its own with --eval, or --held-out 0' },
    )
  }
  new Random(seed).split('held-out').shuffle(different)
  const out = new Set(different.slice(0, held))
  return {
    train: records.filter((_, i) => !out.has(keys[i])),
    heldOut: records.filter((_, i) => out.has(keys[i])),
  }
}
