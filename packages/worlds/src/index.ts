export { acrobotWorld } from './control/acrobot.ts'
export { cartPoleWorld } from './control/cart-pole.ts'
export { type HardMazeOptions, hardMazeWorld } from './control/hard-maze.ts'
export { mountainCarWorld } from './control/mountain-car.ts'
export { mountainCarContinuousWorld } from './control/mountain-car-continuous.ts'
export { pendulumWorld } from './control/pendulum.ts'
export { reacherWorld } from './control/reacher.ts'
export { type ChainOptions, chain } from './grid/chain.ts'
export { type FourRoomOptions, fourRoom } from './grid/four-room.ts'
export { type LineKeyOptions, lineKey } from './grid/line-key.ts'
export type { MinigridOptions } from './grid/minigrid.ts'
export { doorKeyWorld, fourRoomsWorld } from './grid/minigrid-world.ts'
export { tabularDefinition } from './grid/tabular-definition.ts'
export {
  type TabularLayout,
  type TabularWorld,
  type TabularWorldParts,
  tabularWorld,
  transitionsOf,
} from './grid/tabular-world.ts'
export type { OutOfRange } from './world/actions.ts'
export { findWorld, worlds } from './world/catalogue.ts'
export type { Outcome, PossibleOutcome, PossibleStart, WorldDefinition } from './world/definition.ts'
export { drawStart, type EnumeratedWorld, type EnumerateOptions, enumerateWorld } from './world/enumerate.ts'
export {
  type Bound,
  type BoxSpace,
  box,
  bytes,
  type DiscreteSpace,
  discrete,
  type Observations,
  type Space,
  sizeOf,
} from './world/space.ts'
export {
  type Autoreset,
  type ResetOptions,
  type VectorWorld,
  type VectorWorldOptions,
  vectorWorld,
} from './world/vector-world.ts'
