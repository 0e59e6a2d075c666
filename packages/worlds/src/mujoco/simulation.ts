import { GuerdonError } from '@guerdon/core'
import type { Mujoco, MujocoData, MujocoModel } from './engine.ts'

/**
 * A model and one workspace that serves any number of copies: the state of a copy is loaded, moved, and stored again.
 * What decides MuJoCo's next step is time, positions, velocities and the acceleration its solver starts from; nothing
 * else is carried over, so this gives the same bits as a workspace for each copy.
 */
export interface Simulation {
  readonly model: MujocoModel
  readonly data: MujocoData
  /** Seconds of one physics step. */
  readonly timestep: number
  /** nq + 2·nv + 1: time, positions, velocities, warm start. */
  readonly stateSize: number
  /** Offsets of positions and velocities within a state. */
  readonly positions: number
  readonly velocities: number
  /** Arrays of the workspace, valid until the next call. */
  views(): SimulationViews
  /** The index of a body. @throws unknown_name */
  body(name: string): number
  /** Puts the state at `states[at …]` into the workspace. */
  load(states: Float64Array, at: number): void
  /** Writes the workspace to `states[at …]`. */
  store(states: Float64Array, at: number): void
  /** Starts from positions and velocities at time 0 and computes everything that follows from them. */
  begin(positions: ArrayLike<number>, velocities: ArrayLike<number>): void
  /** Holds the controls at `actions[at …]` for some physics steps. */
  run(actions: Float64Array, at: number, steps: number): void
  /** Computes the external forces on all bodies (`cfrc_ext`), which a step leaves out. */
  forces(): void
  /** Computes where bodies and shapes are, and nothing else. */
  place(): void
}

/** Arrays of the workspace: [nq], [nv], [nbody·3], [nbody·6], [ngeom·3], [ngeom·9]. */
export interface SimulationViews {
  readonly qpos: Float64Array
  readonly qvel: Float64Array
  readonly warmStart: Float64Array
  readonly ctrl: Float64Array
  readonly bodyPositions: Float64Array
  readonly bodyForces: Float64Array
  readonly shapePositions: Float64Array
  readonly shapeFrames: Float64Array
}

/** Compiles a model and makes its workspace. */
export function simulation(mujoco: Mujoco, mjcf: string): Simulation {
  const { module } = mujoco
  const model = mujoco.compile(mjcf)
  const data = new module.MjData(model)
  const { nq, nv, nu } = model
  const velocities = 1 + nq
  const warmStart = velocities + nv
  let seen: SimulationViews | undefined

  function views(): SimulationViews {
    // growing the module's memory leaves arrays of length 0 behind
    if (seen && seen.qpos.length > 0) return seen
    seen = {
      qpos: data.qpos,
      qvel: data.qvel,
      warmStart: data.qacc_warmstart,
      ctrl: data.ctrl,
      bodyPositions: data.xpos,
      bodyForces: data.cfrc_ext,
      shapePositions: data.geom_xpos,
      shapeFrames: data.geom_xmat,
    }
    return seen
  }

  return {
    model,
    data,
    timestep: model.opt.timestep,
    stateSize: warmStart + nv,
    positions: 1,
    velocities,
    views,
    body: name => {
      const id = module.mj_name2id(model, module.mjtObj.mjOBJ_BODY.value, name)
      if (id < 0) throw new GuerdonError('unknown_name', `expected a body of the model; got ${name}`)
      return id
    },
    load: (states, at) => {
      const { qpos, qvel, warmStart: start } = views()
      data.time = states[at]
      for (let i = 0; i < nq; i++) qpos[i] = states[at + 1 + i]
      for (let i = 0; i < nv; i++) qvel[i] = states[at + velocities + i]
      for (let i = 0; i < nv; i++) start[i] = states[at + warmStart + i]
    },
    store: (states, at) => {
      const { qpos, qvel, warmStart: start } = views()
      states[at] = data.time
      for (let i = 0; i < nq; i++) states[at + 1 + i] = qpos[i]
      for (let i = 0; i < nv; i++) states[at + velocities + i] = qvel[i]
      for (let i = 0; i < nv; i++) states[at + warmStart + i] = start[i]
    },
    begin: (positions, speeds) => {
      module.mj_resetData(model, data)
      const { qpos, qvel } = views()
      for (let i = 0; i < nq; i++) qpos[i] = positions[i]
      for (let i = 0; i < nv; i++) qvel[i] = speeds[i]
      module.mj_forward(model, data)
    },
    run: (actions, at, steps) => {
      const { ctrl } = views()
      for (let i = 0; i < nu; i++) ctrl[i] = actions[at + i]
      for (let i = 0; i < steps; i++) module.mj_step(model, data)
    },
    forces: () => module.mj_rnePostConstraint(model, data),
    place: () => module.mj_kinematics(model, data),
  }
}
