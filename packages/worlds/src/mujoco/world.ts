import { GuerdonError, type Random } from '@guerdon/core'
import type { Outcome, WorldDefinition } from '../world/definition.ts'
import { type Bound, box, type Observations } from '../world/space.ts'
import { values } from '../world/svg.ts'
import type { Mujoco } from './engine.ts'
import { type Plane, pictureOf } from './picture.ts'
import { type Simulation, simulation } from './simulation.ts'

/** A start: fills positions [nq], which hold the model's own, and velocities [nv], which hold 0. */
export type DrawStart = (positions: Float64Array, velocities: Float64Array, random: Random) => void

/** What a task adds to a model: how it starts, what is seen and what is paid. */
export interface MujocoTask {
  readonly name: string
  /** The model in MuJoCo's own format. */
  readonly mjcf: string
  /** Physics steps for one action. */
  readonly frameSkip: number
  readonly horizon: number
  readonly plane: Plane
  readonly observationSize: number
  /** Names of the entries of a state after the physics, which `settle` writes: reward parts and what else is a fact. */
  readonly notes: readonly string[]
  /** Number of further entries after those: readings that a step leaves behind and that are seen or paid for. */
  readonly readings?: number
  readonly start: DrawStart
  /** Called after a start, to note what the workspace shows. `notes` is where in `states` they go. */
  begun?(simulation: Simulation, states: Float64Array, notes: number): void
  /** Called after the physics steps of an action, with the workspace as they left it: notes, reward, end. */
  settle(step: TaskStep, outcome: Outcome): void
  observe(states: Float64Array, at: number, notes: number, observations: Observations, to: number): void
  /** Facts beyond the notes. */
  facts?(state: Float64Array): Readonly<Record<string, number>>
}

/** Where everything about one step stands; one object serves all steps. */
export interface TaskStep {
  readonly simulation: Simulation
  states: Float64Array
  /** The state: time, positions, velocities, warm start. Notes still hold those of the step before. */
  at: number
  notes: number
  actions: Float64Array
  actionAt: number
  /** Position of the first coordinate before the step. */
  firstBefore: number
}

/** A world on MuJoCo. */
export interface MujocoWorld extends WorldDefinition {
  readonly mjcf: string
  /** Physics steps for one action. */
  readonly frameSkip: number
  /** Seconds of one action. */
  readonly interval: number
  readonly simulation: Simulation
  /** The state with these positions and velocities, at time 0. */
  stateFrom(positions: ArrayLike<number>, velocities: ArrayLike<number>): Float64Array
  positionsOf(state: Float64Array): Float64Array
  velocitiesOf(state: Float64Array): Float64Array
  facts(state: Float64Array): Readonly<Record<string, number>>
}

/** Makes a world of a task. Actions are bounded as the model's controls are. */
export function mujocoWorld(mujoco: Mujoco, task: MujocoTask): MujocoWorld {
  const sim = simulation(mujoco, task.mjcf)
  const { nq, nv, nu } = sim.model
  const noted = task.notes.length + (task.readings ?? 0)
  const stateSize = sim.stateSize + noted
  const ranges = sim.model.actuator_ctrlrange
  const bounds: (readonly [Bound, Bound])[] = []
  for (let i = 0; i < nu; i++) bounds.push([ranges[2 * i], ranges[2 * i + 1]])
  const home = sim.model.qpos0.slice()
  const positions = new Float64Array(nq)
  const velocities = new Float64Array(nv)
  const step: TaskStep = {
    simulation: sim,
    states: positions,
    at: 0,
    notes: 0,
    actions: positions,
    actionAt: 0,
    firstBefore: 0,
  }

  function begin(states: Float64Array, at: number, first: ArrayLike<number>, speeds: ArrayLike<number>): void {
    sim.begin(first, speeds)
    sim.store(states, at)
    states.fill(0, at + sim.stateSize, at + stateSize)
    task.begun?.(sim, states, at + sim.stateSize)
  }

  function positionsOf(state: Float64Array): Float64Array {
    return state.slice(sim.positions, sim.positions + nq)
  }

  function assertLength(given: ArrayLike<number>, expected: number, what: string): void {
    if (given.length === expected) return
    throw new GuerdonError('shape_mismatch', `expected ${expected} ${what} of ${task.name}; got ${given.length}`, {
      path: [what],
    })
  }

  return {
    name: task.name,
    mjcf: task.mjcf,
    frameSkip: task.frameSkip,
    interval: task.frameSkip * sim.timestep,
    simulation: sim,
    actionSpace: box(bounds),
    observationSpace: box(Array.from({ length: task.observationSize }, () => [null, null] as const)),
    stateSize,
    horizon: task.horizon,
    stochastic: false,
    start: (states, at, random) => {
      positions.set(home)
      velocities.fill(0)
      task.start(positions, velocities, random)
      begin(states, at, positions, velocities)
    },
    advance: (states, at, actions, actionAt, outcome) => {
      sim.load(states, at)
      step.states = states
      step.at = at
      step.notes = at + sim.stateSize
      step.actions = actions
      step.actionAt = actionAt
      step.firstBefore = states[at + sim.positions]
      sim.run(actions, actionAt, task.frameSkip)
      sim.store(states, at)
      task.settle(step, outcome)
    },
    observe: (states, at, observations, to) => task.observe(states, at, at + sim.stateSize, observations, to),
    svg: state => {
      sim.load(state, 0)
      sim.place()
      return pictureOf(sim, task.name, task.plane)
    },
    text: state =>
      values(
        task.name,
        Array.from({ length: nq }, (_, i) => `q${i}`),
        positionsOf(state),
      ),
    facts: state => {
      const facts: Record<string, number> = { time: state[0] }
      task.notes.forEach((name, i) => {
        facts[name] = state[sim.stateSize + i]
      })
      return { ...facts, ...task.facts?.(state) }
    },
    stateFrom: (first, speeds) => {
      assertLength(first, nq, 'positions')
      assertLength(speeds, nv, 'velocities')
      const state = new Float64Array(stateSize)
      begin(state, 0, first, speeds)
      return state
    },
    positionsOf,
    velocitiesOf: state => state.slice(sim.velocities, sim.velocities + nv),
  }
}

/** Σ aᵢ² of an action of `count` numbers. */
export function squaredNorm(actions: Float64Array, at: number, count: number): number {
  let total = 0
  for (let i = 0; i < count; i++) total += actions[at + i] * actions[at + i]
  return total
}

/** Uniform noise on positions and uniform or normal noise on velocities, each scaled by `scale`; positions come first. */
export function noisyStart(scale: number, speeds: 'uniform' | 'normal'): DrawStart {
  return (positions, velocities, random) => {
    for (let i = 0; i < positions.length; i++) positions[i] += random.uniform(-scale, scale)
    for (let i = 0; i < velocities.length; i++)
      velocities[i] += speeds === 'normal' ? scale * random.normal() : random.uniform(-scale, scale)
  }
}
