import { redundantArmAreas, redundantArmOutcome, redundantArmWorld } from '@guerdon/worlds/arm/redundant-arm'
import type { SparseSetting } from './sparse-setting.ts'

const joints = 20
const pictureSide = 16
/** As large for the field as the circles of the walled point are. */
const radii = [0.04, 0.03]
const world = redundantArmWorld({ joints })

/** Poses of the arm of 20 joints, seen from above in 16×16 pixels; its tip is paid for by two small circles. */
export const arm: SparseSetting = {
  areas: redundantArmAreas.map((area, i) => ({ ...area, radius: radii[i] })),
  lower: [0, 0],
  upper: [1, 1],
  pictureSize: pictureSide ** 2,
  initial: random => Float64Array.from(random.normals(joints), withinTurn),
  run: genomes =>
    genomes.map(genome => {
      const angles = genome.map(withinTurn)
      return {
        genome,
        position: redundantArmOutcome(angles).tip,
        picture: world.raster!(Float64Array.of(...angles, 0), pictureSide),
      }
    }),
}

/** Joints turn by half a circle either way at the most. */
function withinTurn(angle: number): number {
  return Math.min(Math.PI, Math.max(-Math.PI, angle))
}
