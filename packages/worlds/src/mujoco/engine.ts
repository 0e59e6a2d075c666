import { GuerdonError } from '@guerdon/core'

/** A compiled model, as the module shows it: numbers of coordinates, and arrays in its memory. */
export interface MujocoModel {
  readonly nq: number
  readonly nv: number
  readonly nu: number
  readonly nbody: number
  readonly ngeom: number
  readonly opt: { timestep: number; disableflags: number }
  readonly qpos0: Float64Array
  readonly geom_type: Int32Array
  readonly geom_size: Float64Array
  readonly geom_bodyid: Int32Array
  readonly actuator_ctrlrange: Float64Array
  delete(): void
}

/** The workspace of a simulation. Its arrays lie in the module's memory and must be read anew when that has grown. */
export interface MujocoData {
  time: number
  readonly qpos: Float64Array
  readonly qvel: Float64Array
  readonly qacc_warmstart: Float64Array
  readonly ctrl: Float64Array
  readonly xpos: Float64Array
  readonly cfrc_ext: Float64Array
  readonly geom_xpos: Float64Array
  readonly geom_xmat: Float64Array
  delete(): void
}

/** The part of the MuJoCo module that worlds use. */
export interface MujocoModule {
  readonly FS: { writeFile(path: string, text: string): void; unlink(path: string): void }
  readonly MjModel: { loadFromXML(path: string): MujocoModel }
  readonly MjData: new (model: MujocoModel) => MujocoData
  readonly mjtObj: { readonly mjOBJ_BODY: { readonly value: number } }
  readonly mjtDisableBit: { readonly mjDSBL_AUTORESET: { readonly value: number } }
  mj_versionString(): string
  mj_name2id(model: MujocoModel, kind: number, name: string): number
  mj_resetData(model: MujocoModel, data: MujocoData): void
  mj_forward(model: MujocoModel, data: MujocoData): void
  mj_kinematics(model: MujocoModel, data: MujocoData): void
  mj_step(model: MujocoModel, data: MujocoData): void
  mj_rnePostConstraint(model: MujocoModel, data: MujocoData): void
}

/** The engine, once loaded: what world factories take. */
export interface Mujoco {
  /** Version of MuJoCo inside the WebAssembly module. */
  readonly version: string
  readonly module: MujocoModule
  /** Compiles a model from MJCF. @throws invalid_input with what the compiler said */
  compile(mjcf: string): MujocoModel
}

let loading: Promise<Mujoco> | undefined

/**
 * Loads MuJoCo (WebAssembly, package `mujoco-js`), once for all who ask. About 0.2 s and 17 MB of memory.
 *
 * @throws unsupported where the package is not installed
 */
export function loadMujoco(): Promise<Mujoco> {
  loading ??= load().catch((cause: unknown) => {
    loading = undefined
    throw cause
  })
  return loading
}

async function load(): Promise<Mujoco> {
  let told = ''
  const listen = (line: string) => {
    told = line
  }
  let module: MujocoModule
  try {
    const { default: instantiate } = await import('mujoco-js')
    // its declarations leave arrays as any; ours name what is used
    module = (await instantiate({ print: listen, printErr: listen })) as unknown as MujocoModule
  } catch (cause) {
    throw new GuerdonError('unsupported', 'expected the package mujoco-js, to simulate with; it could not be loaded', {
      cause,
      hint: 'npm install mujoco-js',
    })
  }
  const compile = (mjcf: string): MujocoModel => {
    const path = '/model.xml'
    module.FS.writeFile(path, mjcf)
    try {
      told = ''
      const model = module.MjModel.loadFromXML(path)
      // a state that is not a number must be seen, not replaced by the start
      model.opt.disableflags |= module.mjtDisableBit.mjDSBL_AUTORESET.value
      return model
    } catch (cause) {
      throw new GuerdonError('invalid_input', `expected a model MuJoCo can compile; got one it refuses: ${told}`, {
        path: ['mjcf'],
        cause,
      })
    } finally {
      module.FS.unlink(path)
    }
  }
  return { version: module.mj_versionString(), module, compile }
}
