/**
 * Measures of the arena and its bodies in unreal units (1 cm), seconds, and unreal units per second: those of Rocket
 * League's standard arena. x across, y along (blue attacks +y), z up.
 */
export const field = {
  sideWall: 4096,
  backWall: 5120,
  backOfNet: 6000,
  ceiling: 2044,
  /** |x| + |y| at the corner walls. */
  corner: 8064,
  goalHalfWidth: 892.755,
  goalHeight: 642.775,
  gravity: 650,
  ballRadius: 92.75,
  ballMaxSpeed: 6000,
  ballMaxSpin: 6,
  /** Half length, width and height of a car. */
  car: [59, 42, 18],
  carMaxSpeed: 2300,
  carMaxSpin: 5.5,
  /** A car this fast demolishes an opponent it drives into. */
  supersonic: 2200,
} as const

/** Which side a player is on. */
export type Team = 'blue' | 'orange'

/** Ticks of the physics in a second. */
export const tickRate = 120

/** A pad that fills the boost of a car that drives over it, then is empty for some ticks. */
export interface BoostPad {
  readonly x: number
  readonly y: number
  readonly radius: number
  readonly amount: number
  readonly ticks: number
}

const big = { radius: 208, amount: 100, ticks: 10 * tickRate }
const small = { radius: 144, amount: 12, ticks: 4 * tickRate }

/** Both ends of the arena have these, mirrored. */
const smallPlaces: readonly (readonly [number, number])[] = [
  [0, 4240],
  [1792, 4184],
  [940, 3308],
  [0, 2816],
  [3584, 2484],
  [1788, 2300],
  [2048, 1036],
  [0, 1024],
  [1024, 0],
]

function mirrored(places: readonly (readonly [number, number])[], kind: typeof big): BoostPad[] {
  return places.flatMap(([x, y]) =>
    [
      [-x, -y],
      [x, -y],
      [-x, y],
      [x, y],
    ]
      .filter(([a, b], i, all) => all.findIndex(([c, d]) => c === a && d === b) === i)
      .map(([a, b]) => ({ x: a + 0, y: b + 0, ...kind })),
  )
}

/** The 6 big pads, then the 28 small ones. */
export const boostPads: readonly BoostPad[] = [
  ...mirrored(
    [
      [3072, 4096],
      [3584, 0],
    ],
    big,
  ),
  ...mirrored(smallPlaces, small),
]

/** Where blue's cars wait at a kick-off, and where they look (radians from +x); orange's are turned by half a circle. */
export const kickOffPlaces: readonly (readonly [x: number, y: number, yaw: number])[] = [
  [-2048, -2560, Math.PI / 4],
  [2048, -2560, (3 * Math.PI) / 4],
  [-256, -3840, Math.PI / 2],
  [256, -3840, Math.PI / 2],
  [0, -4608, Math.PI / 2],
]

/** Where blue's cars come back after they were demolished, looking along +y. */
export const returnPlaces: readonly (readonly [x: number, y: number])[] = [
  [-2304, -4608],
  [2304, -4608],
]
