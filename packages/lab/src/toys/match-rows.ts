import { matchScale } from '../claims/match-scale.ts'

/** Step advantages [B][T] rescaled, all by one factor, to the root mean square of the plain estimator's. */
export function matchRows(credited: readonly Float64Array[], plain: readonly Float64Array[]): readonly Float64Array[] {
  const flat = (rows: readonly Float64Array[]): Float64Array => Float64Array.from(rows.flatMap(row => Array.from(row)))
  const factor = matchScale(flat(credited), flat(plain))
  return credited.map(row => row.map(value => factor * value))
}
