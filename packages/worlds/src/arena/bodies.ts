import type * as Rapier from '@dimforge/rapier3d-compat'
import { GuerdonError } from '@guerdon/core'
import { field, tickRate } from './field.ts'
import { type ArenaLayout, entry, playerEntry } from './layout.ts'

/** The physics engine, once loaded. */
export type RapierEngine = typeof Rapier

let loading: Promise<RapierEngine> | undefined

/**
 * Loads Rapier (WebAssembly, package `@dimforge/rapier3d-compat`), once for all who ask.
 *
 * @throws unsupported where the package is not installed
 */
export function loadRapier(): Promise<RapierEngine> {
  loading ??= load().catch((cause: unknown) => {
    loading = undefined
    throw new GuerdonError('unsupported', 'expected the package @dimforge/rapier3d-compat; it could not be loaded', {
      cause,
      hint: 'npm install @dimforge/rapier3d-compat',
    })
  })
  return loading
}

async function load(): Promise<RapierEngine> {
  const engine = await import('@dimforge/rapier3d-compat')
  await engine.init()
  return engine
}

/** Unreal units in one of the engine's metres. */
export const unit = 100

/** A running game, whose bodies follow a state and are followed by it. */
export interface ArenaGame {
  /** Gives the cars what the state holds: velocity and spin, and where `turned` also the way they look. */
  push(p: number, turned: boolean): void
  /** Gives the ball the velocity and spin of the state. */
  pushBall(): void
  /** Takes a car off the field or puts it back where the state says it is. */
  moved(p: number): void
  /** Plays one tick and writes where everything is to the state. */
  tick(): void
  /** Gives the game's memory back. */
  end(): void
}

/** Makes games: every action is played in a world made anew from the same bytes, so that it depends on its state alone. */
export interface ArenaFactory {
  /** A game in the state at `states[at …]`, which it goes on writing to. */
  play(states: Float64Array, at: number): ArenaGame
}

/** Builds the arena once and keeps it as bytes. */
export function arenaFactory(engine: RapierEngine, layout: ArenaLayout): ArenaFactory {
  const world = new engine.World({ x: 0, y: 0, z: -field.gravity / unit })
  world.timestep = 1 / tickRate
  build(engine, world)
  const radius = field.ballRadius / unit
  const ballBody = world.createRigidBody(engine.RigidBodyDesc.dynamic().setCanSleep(false).setLinearDamping(0.03))
  world.createCollider(engine.ColliderDesc.ball(radius).setRestitution(0.6).setFriction(0.35).setMass(30), ballBody)
  const [length, width, height] = field.car.map(half => half / unit)
  const carHandles = layout.teams.map(() => {
    const car = world.createRigidBody(engine.RigidBodyDesc.dynamic().setCanSleep(false))
    // wheels are not simulated: a car slides without friction and is steered by its velocity
    const shape = engine.ColliderDesc.cuboid(length, width, height).setRestitution(0.2).setFriction(0).setMass(180)
    shape.setFrictionCombineRule(engine.CoefficientCombineRule.Min)
    world.createCollider(shape, car)
    return car.handle
  })
  const ballHandle = ballBody.handle
  const bytes = world.takeSnapshot()
  world.free()

  // the engine's vectors are read into these
  const vector = { x: 0, y: 0, z: 0 }
  const quaternion = { x: 0, y: 0, z: 0, w: 1 }

  function vectorAt(states: Float64Array, at: number): typeof vector {
    vector.x = states[at]
    vector.y = states[at + 1]
    vector.z = states[at + 2]
    return vector
  }

  function quaternionAt(states: Float64Array, at: number): typeof quaternion {
    quaternion.x = states[at]
    quaternion.y = states[at + 1]
    quaternion.z = states[at + 2]
    quaternion.w = states[at + 3]
    return quaternion
  }

  function write(states: Float64Array, at: number, { x, y, z }: Rapier.Vector): void {
    states[at] = x
    states[at + 1] = y
    states[at + 2] = z
  }

  function play(states: Float64Array, at: number): ArenaGame {
    const played = engine.World.restoreSnapshot(bytes)
    const ball = played.getRigidBody(ballHandle)
    const cars = carHandles.map(handle => played.getRigidBody(handle))
    const ballAt = at + entry.ball

    function pushBall(): void {
      ball.setLinvel(vectorAt(states, ballAt + 3), true)
      ball.setAngvel(vectorAt(states, ballAt + 6), true)
    }

    function push(p: number, turned: boolean): void {
      const player = at + layout.player(p)
      if (turned) cars[p].setRotation(quaternionAt(states, player + playerEntry.turn), true)
      cars[p].setLinvel(vectorAt(states, player + playerEntry.velocity), true)
      cars[p].setAngvel(vectorAt(states, player + playerEntry.spin), true)
    }

    function moved(p: number): void {
      const player = at + layout.player(p)
      cars[p].setTranslation(vectorAt(states, player), true)
      push(p, true)
      cars[p].setEnabled(states[player + playerEntry.away] === 0)
    }

    ball.setTranslation(vectorAt(states, ballAt), true)
    pushBall()
    for (let p = 0; p < cars.length; p++) moved(p)

    return {
      push,
      pushBall,
      moved,
      tick: () => {
        played.step()
        write(states, ballAt, ball.translation(vector))
        write(states, ballAt + 3, ball.linvel(vector))
        write(states, ballAt + 6, ball.angvel(vector))
        for (let p = 0; p < cars.length; p++) {
          const player = at + layout.player(p)
          const car = cars[p]
          write(states, player, car.translation(vector))
          const turn = car.rotation(quaternion)
          write(states, player + playerEntry.turn, turn)
          states[player + playerEntry.turn + 3] = turn.w
          write(states, player + playerEntry.velocity, car.linvel(vector))
          write(states, player + playerEntry.spin, car.angvel(vector))
        }
      },
      end: () => played.free(),
    }
  }

  return { play }
}

/** Floor, ceiling, walls, corners, and two goals with nets. */
function build(engine: RapierEngine, world: Rapier.World): void {
  const wall = (normal: readonly [number, number, number], place: readonly [number, number, number]) => {
    const [x, y, z] = normal
    const [a, b, c] = place
    const shape = new engine.ColliderDesc(new engine.HalfSpace({ x, y, z }))
    world.createCollider(
      shape
        .setTranslation(a / unit, b / unit, c / unit)
        .setRestitution(0.6)
        .setFriction(0.35),
    )
  }
  wall([0, 0, 1], [0, 0, 0])
  wall([0, 0, -1], [0, 0, field.ceiling])
  for (const x of [-1, 1]) {
    wall([-x, 0, 0], [x * field.sideWall, 0, 0])
    wall([0, -x, 0], [0, x * field.backOfNet, 0])
    for (const y of [-1, 1])
      wall([-x * Math.SQRT1_2, -y * Math.SQRT1_2, 0], [(x * field.corner) / 2, (y * field.corner) / 2, 0])
  }
  const block = (place: readonly [number, number, number], half: readonly [number, number, number]) => {
    const [x, y, z] = place.map(length => length / unit)
    const [a, b, c] = half.map(length => length / unit)
    world.createCollider(
      engine.ColliderDesc.cuboid(a, b, c).setTranslation(x, y, z).setRestitution(0.6).setFriction(0.35),
    )
  }
  const depth = (field.backOfNet - field.backWall) / 2 + 60
  const beside = (field.sideWall - field.goalHalfWidth) / 2
  const above = (field.ceiling - field.goalHeight) / 2
  for (const y of [-1, 1]) {
    const middle = y * (field.backWall + depth)
    for (const x of [-1, 1])
      block([x * (field.goalHalfWidth + beside), middle, field.ceiling / 2], [beside, depth, field.ceiling / 2])
    block([0, middle, field.goalHeight + above], [field.goalHalfWidth, depth, above])
  }
}
