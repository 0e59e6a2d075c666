import type { Random } from '@guerdon/core'
import type { RewardArea } from '@guerdon/worlds/arm/areas'

/** What came of a controller: where it ended, and what was seen there. */
export interface Ending {
  readonly genome: Float64Array
  readonly position: readonly [x: number, y: number]
  /** [p] picture of the end, 0 … 1. */
  readonly picture: Float32Array
}

/** A task that rewards only ending in small circles, and what a search of it is measured by. */
export interface SparseSetting {
  readonly areas: readonly RewardArea[]
  /** Corners of the field. */
  readonly lower: readonly [number, number]
  readonly upper: readonly [number, number]
  /** p */
  readonly pictureSize: number
  initial(random: Random): Float64Array
  run(genomes: readonly Float64Array[]): readonly Ending[] | Promise<readonly Ending[]>
}
