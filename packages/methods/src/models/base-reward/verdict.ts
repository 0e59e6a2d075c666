import { lastBlock } from '../../shared/tagged-text.ts'
import { chosenCandidate } from '../../shared/voting.ts'

/** Which of two responses a generative judge prefers; null when it said neither. */
export type Verdict = 1 | 2 | null

/**
 * Reads a verdict: the trimmed content of the last `<answer>` element, or the whole trimmed text when there is none; only "1"
 * and "2" count. An unreadable verdict is null, never a random winner. The paper names the formats only; the rule is this
 * library's reading.
 */
export function parseVerdict(text: string): Verdict {
  const said = (lastBlock(text, 'answer')?.body ?? text).trim()
  return said === '1' ? 1 : said === '2' ? 2 : null
}

/**
 * Joins verdicts on a pair shown in both orders: the swapped one is mapped back (1 ↔ 2); agreement wins, contradiction is
 * null.
 *
 * `onMissing` says what one readable verdict out of two is worth: nothing (`none`, the default: an order seen once cannot be
 * told from a bias for the first place), or itself (`other`).
 */
export function orderSwapVerdict(
  original: Verdict,
  swapped: Verdict,
  options: { readonly onMissing?: 'none' | 'other' } = {},
): Verdict {
  const first = chosenCandidate({ order: 'ab', choice: original })
  const second = chosenCandidate({ order: 'ba', choice: swapped })
  const winner = first === second ? first : options.onMissing === 'other' ? lone(first, second) : null
  return winner === null ? null : winner === 'a' ? 1 : 2
}

function lone(first: 'a' | 'b' | null, second: 'a' | 'b' | null): 'a' | 'b' | null {
  return first !== null && second !== null ? null : (first ?? second)
}
