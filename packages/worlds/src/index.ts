export { type AreaPayment, payArea, type RewardArea } from './arm/areas.ts'
export { type CurlingOptions, curlingWorld } from './arm/curling.ts'
export {
  type ArmOutcome,
  type RedundantArmOptions,
  redundantArmOutcome,
  redundantArmWorld,
} from './arm/redundant-arm.ts'
export { acrobotWorld } from './control/acrobot.ts'
export { cartPoleWorld } from './control/cart-pole.ts'
export { type HardMazeOptions, hardMazeWorld } from './control/hard-maze.ts'
export { mountainCarWorld } from './control/mountain-car.ts'
export { mountainCarContinuousWorld } from './control/mountain-car-continuous.ts'
export { pendulumWorld } from './control/pendulum.ts'
export { reacherWorld } from './control/reacher.ts'
export { type DungeonWorld, dungeonWorld } from './dungeon/dungeon-world.ts'
export { allMessages } from './dungeon/messages.ts'
export { dungeonLegend } from './dungeon/pictures.ts'
export { type DungeonLayout, type DungeonOptions, dungeonActions, dungeonLevels } from './dungeon/shape.ts'
export { auxiliaryRewards } from './grid/auxiliary-rewards.ts'
export { type ChainOptions, chain } from './grid/chain.ts'
export { type FourRoomOptions, fourRoom } from './grid/four-room.ts'
export { type LineKeyOptions, lineKey } from './grid/line-key.ts'
export type { MinigridOptions } from './grid/minigrid.ts'
export { doorKeyWorld, fourRoomsWorld } from './grid/minigrid-world.ts'
export {
  type ObjectRooms,
  type ObjectRoomsOptions,
  type ObjectRoomsState,
  objectRooms,
  type RoomCell,
} from './grid/object-rooms.ts'
export { objectRoomsWorld } from './grid/object-rooms-world.ts'
export { tabularDefinition } from './grid/tabular-definition.ts'
export {
  type TabularLayout,
  type TabularWorld,
  type TabularWorldParts,
  tabularWorld,
  transitionsOf,
} from './grid/tabular-world.ts'
export { digitGlyphs } from './images/digit-glyphs.ts'
export {
  componentProbabilities,
  denoiseMixture,
  type GaussianMixture,
  gaussianMixture,
  type MixtureParts,
  type MixtureSample,
  mixtureLogDensity,
  mixtureScore,
  noisedMixture,
  restrictMixture,
  sampleMixture,
} from './images/gaussian-mixture.ts'
export { brightness, type ImageShape, inkCentre, type Motion, motionOf, symmetry } from './images/gold.ts'
export { centroidClassifier, type ImageClassifier, nearestImageClassifier } from './images/image-classifiers.ts'
export {
  type ImageSet,
  type ImageSplit,
  imageAt,
  joinImages,
  type LabelledImages,
  labelledImages,
  resizeByArea,
  selectImages,
  splitImages,
} from './images/image-set.ts'
export {
  gridMixture,
  type MixtureGridOptions,
  type RingOptions,
  ringMixture,
  type TwoMoonsOptions,
  twoMoonsMixture,
} from './images/mixture-shapes.ts'
export { type Direction, type MovingDigitsOptions, movingDigits, type Videos, videoAt } from './images/moving-digits.ts'
export { imagesSvg, imageText, pointsSvg, videosSvg } from './images/pictures.ts'
export { type ArithmeticOptions, type ArithmeticWorld, arithmeticWorld } from './text/arithmetic.ts'
export { findTextWorld, textWorlds } from './text/catalogue.ts'
export { codeEditWorld } from './text/code-edit.ts'
export { guiWorld } from './text/gui.ts'
export { householdWorld } from './text/household.ts'
export { hypothesesWorld } from './text/hypotheses.ts'
export { longFormWorld } from './text/long-form.ts'
export { type PreferencesOptions, preferencesWorld } from './text/preferences.ts'
export { type ScenesOptions, scenesWorld } from './text/scenes.ts'
export { type SearchAnswerWorld, searchAnswerWorld } from './text/search-answer.ts'
export { type ShopWorld, shopWorld } from './text/shop.ts'
export type { TextStep, TextWorld } from './text/text-world.ts'
export { type ToolUseWorld, toolUseWorld } from './text/tool-use.ts'
export {
  type BranchOptions,
  type BranchValue,
  branchValue,
  type ListedPolicy,
  type SampledPolicy,
  type StateValues,
  sampledPolicy,
  type TrueValueOptions,
  trueValues,
  type ValueTable,
  valueTable,
} from './text/values.ts'
export { specialTokens, type Vocabulary, vocabularyOf } from './text/vocabulary.ts'
export type { OutOfRange } from './world/actions.ts'
export { findWorld, physicsWorldNames, worlds } from './world/catalogue.ts'
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
export { goalText, type XlandAtom, type XlandGoal } from './xland/goals.ts'
export { type CoPlayer, type XlandOptions, xlandActions, xlandLevels } from './xland/shape.ts'
export { jointAction, playerAction, type XlandWorld, xlandGame, xlandWorld } from './xland/xland-world.ts'
