import { assertNotEmpty } from '@guerdon/core'
import { type RankAgreement, rankAgreement } from '@guerdon/methods/shaping/rm-ensembles'

/** How far several scorers rank the same responses alike. */
export interface AgreementMatrix {
  readonly names: readonly string[]
  /** [K][K], symmetric; a scorer agrees with itself. */
  readonly cells: readonly (readonly RankAgreement[])[]
  /** Mean of Spearman's ρ over different scorers; null when none is defined. */
  readonly meanSpearman: number | null
}

/**
 * Rank agreement of every two scorers. Members of an ensemble that agree everywhere cannot see their error.
 *
 * @param scores [K][n]
 */
export function agreementMatrix(names: readonly string[], scores: readonly ArrayLike<number>[]): AgreementMatrix {
  assertNotEmpty(names, 'names')
  const cells = scores.map(first => scores.map(second => rankAgreement(first, second)))
  const rhos = cells.flatMap((row, i) =>
    row.flatMap(({ spearman }, j) => (j > i && spearman !== undefined ? [spearman] : [])),
  )
  return {
    names,
    cells,
    meanSpearman: rhos.length === 0 ? null : rhos.reduce((a, b) => a + b, 0) / rhos.length,
  }
}
