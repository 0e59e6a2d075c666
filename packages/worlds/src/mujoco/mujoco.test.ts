import { readFileSync } from 'node:fs'
import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { antReward, halfCheetahReward, reacherReward } from '../control/mujoco-rewards.ts'
import { sizeOf, vectorWorld } from '../index.ts'
import { antV5 } from './ant.ts'
import { loadMujoco } from './engine.ts'
import { halfCheetahV5 } from './half-cheetah.ts'
import { hopperV5 } from './hopper.ts'
import { reacherV5 } from './reacher.ts'
import { simulation } from './simulation.ts'
import type { MujocoWorld } from './world.ts'
import { mujocoWorlds } from './worlds.ts'

const mujoco = await loadMujoco()
const all = mujocoWorlds(mujoco)
const options = { copies: 1, seed: 0, autoreset: 'disabled' } as const
const unused = new Random(0)

/** One action from a state: the reward, the end, the new state and its facts. */
function act(world: MujocoWorld, state: Float64Array, action: readonly number[]) {
  const next = state.slice()
  const outcome = { reward: 0, terminated: false }
  world.advance(next, 0, Float64Array.from(action), 0, outcome, unused)
  return { ...outcome, state: next, facts: world.facts(next) }
}

describe('beside the C library', () => {
  interface Recording {
    readonly version: string
    readonly traces: readonly {
      readonly world: string
      readonly start: number[]
      readonly actions: number[]
      readonly states: number[][]
    }[]
  }
  const recorded = JSON.parse(readFileSync(new URL('./native.golden.json', import.meta.url), 'utf8')) as Recording

  it('is a newer MuJoCo than the one recorded, and every world is recorded', () => {
    expect(recorded.version).toBe('2.2.2')
    expect(mujoco.version).toMatch(/^3\./)
    expect(recorded.traces.map(({ world }) => world)).toEqual(all.map(({ name }) => name))
  })

  // contacts are chaotic: what differs in the last bit grows tenfold every few actions, so 20 actions are compared
  it.each(recorded.traces.map(trace => [trace.world, trace] as const))(
    '%s moves alike for 20 actions',
    (name, trace) => {
      const world = all.find(one => one.name === name)!
      const { nq, nu } = world.simulation.model
      const state = world.stateFrom(trace.start.slice(0, nq), trace.start.slice(nq))
      const outcome = { reward: 0, terminated: false }
      const actions = Float64Array.from(trace.actions)
      trace.states.forEach((expected, t) => {
        world.advance(state, 0, actions, t * nu, outcome, unused)
        expected.forEach((value, i) => {
          expect(Math.abs(state[1 + i] - value)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(value)))
        })
      })
      expect(trace.states).toHaveLength(20)
    },
  )
})

describe('models', () => {
  it('weigh what capsules and spheres of their sizes do', () => {
    // π r² (2h + 4r/3) · density for a capsule, 4/3 π r³ · density for a sphere
    const capsule = (radius: number, half: number, density = 1000) =>
      density * Math.PI * radius ** 2 * (2 * half + (4 / 3) * radius)
    const masses = (world: MujocoWorld) => [
      ...(world.simulation.model as unknown as { body_mass: Float64Array }).body_mass,
    ]
    const hopper = masses(all[1])
    ;[0, capsule(0.05, 0.2), capsule(0.05, 0.225), capsule(0.04, 0.25), capsule(0.06, 0.195)].forEach((mass, i) => {
      expect(hopper[i]).toBeCloseTo(mass, 12)
    })
    expect(masses(all[2]).reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(14, 12)
    const ant = masses(all[3])
    expect(ant[1]).toBeCloseTo((4 / 3) * Math.PI * 0.25 ** 3 * 5, 12)
    expect(ant[2]).toBeCloseTo(capsule(0.08, Math.SQRT1_2 * 0.2, 5), 12)
    expect(ant).toHaveLength(14)
  })

  it('fall as everything falls', () => {
    const ant = all[3]
    const angle = Math.PI / 3.6
    const pose = [0, 0, 5, 1, 0, 0, 0, 0, angle, 0, -angle, 0, -angle, 0, angle]
    const { facts } = act(ant, ant.stateFrom(pose, new Float64Array(14)), new Array(8).fill(0))
    expect(facts.height).toBeCloseTo(5 - 0.5 * 9.81 * 0.05 ** 2, 9)
    expect(facts.time).toBeCloseTo(0.05, 12)
  })

  it('keep the energy of a swinging pendulum with nothing that brakes it', () => {
    const swing = simulation(
      mujoco,
      `<mujoco><option timestep="0.005" integrator="RK4"/><worldbody><body>
         <joint axis="0 1 0"/><inertial pos="0 0 -1" mass="1" diaginertia="1e-9 1e-9 1e-9"/></body></worldbody></mujoco>`,
    )
    swing.begin([1], [0])
    const energy = () => 0.5 * swing.views().qvel[0] ** 2 - 9.81 * Math.cos(swing.views().qpos[0])
    const before = energy()
    for (let t = 0; t < 400; t++) swing.run(new Float64Array(0), 0, 1)
    expect(Math.abs(energy() - before)).toBeLessThan(1e-6)
    expect(Math.abs(swing.views().qvel[0])).toBeGreaterThan(0.01)
  })

  it('that are none are refused with what is wrong', () => {
    expect(() => mujoco.compile('<mujoco><wheel/></mujoco>')).toThrow(/model MuJoCo can compile/)
  })
})

describe('one workspace for all copies', () => {
  it('gives what a workspace for each copy gives, bit for bit', () => {
    const ant = antV5(mujoco)
    const others = [antV5(mujoco), antV5(mujoco)]
    const together = vectorWorld(ant, { copies: 2, seed: 5, autoreset: 'next-step' })
    const apart = others.map((world, firstCopy) =>
      vectorWorld(world, { copies: 1, seed: 5, autoreset: 'next-step', firstCopy }),
    )
    const random = new Random(1)
    for (let t = 0; t < 40; t++) {
      const actions = Float64Array.from({ length: 16 }, () => random.uniform(-1, 1))
      together.step(actions)
      apart.forEach((world, copy) => {
        world.step(actions.subarray(8 * copy, 8 * copy + 8))
      })
    }
    const size = ant.stateSize
    apart.forEach((world, copy) => {
      expect([...world.states]).toEqual([...together.states.subarray(copy * size, (copy + 1) * size)])
    })
  })
})

describe('rewards', () => {
  it('of the reacher are those of the formula, before the step in v4', () => {
    for (const version of ['v5', 'v4'] as const) {
      const world = reacherV5(mujoco, { version })
      // a straight arm, the target 0.05 beside the fingertip
      const start = world.stateFrom([0, 0, 0.21, 0.05], [0, 0, 0, 0])
      const { reward, facts } = act(world, start, [0.5, -1])
      const before = reacherReward([0.21, 0], [0.21, 0.05], [0.5, -1])
      const after = reacherReward([facts.offsetX, facts.offsetY], [0, 0], [0.5, -1])
      expect(before).toBeCloseTo(-0.05 - 1.25, 12)
      expect(reward).toBeCloseTo(version === 'v4' ? before : after, 12)
      expect(Math.abs(after - before)).toBeGreaterThan(1e-4)
      expect(facts.rewardDistance + facts.rewardControl).toBe(reward)
      expect(sizeOf(world.observationSpace)).toBe(version === 'v4' ? 11 : 10)
    }
  })

  it('of the hopper end with the healthy reward in v4 only', () => {
    for (const version of ['v5', 'v4'] as const) {
      const world = hopperV5(mujoco, { version })
      const fallen = world.stateFrom([0, 0.6, 0, 0, 0, 0], new Float64Array(6))
      const { reward, terminated, facts } = act(world, fallen, [1, -1, 0.5])
      expect(terminated).toBe(true)
      expect(facts).toMatchObject({ healthy: 0, rewardHealthy: version === 'v4' ? 1 : 0 })
      expect(facts.rewardControl).toBeCloseTo(-0.001 * 2.25, 15)
      expect(reward).toBeCloseTo(facts.x / 0.008 + facts.rewardHealthy - 0.00225, 12)
      expect(act(hopperV5(mujoco, { version, terminateWhenUnhealthy: false }), fallen, [0, 0, 0])).toMatchObject({
        terminated: false,
        facts: { rewardHealthy: 0 },
      })
    }
    const standing = all[1].stateFrom([0, 1.25, 0, 0, 0, 0], new Float64Array(6))
    expect(act(all[1], standing, [0, 0, 0])).toMatchObject({ terminated: false, facts: { healthy: 1 } })
    const leaning = act(all[1], all[1].stateFrom([0, 1.25, 0.3, 0, 0, 0], new Float64Array(6)), [0, 0, 0])
    expect(leaning.terminated).toBe(true)
  })

  it('of the half-cheetah are those of the formula', () => {
    const world = halfCheetahV5(mujoco)
    const start = world.stateFrom(new Float64Array(9), Float64Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0))
    const action = [1, -0.5, 0.25, 0, 0, 1]
    const { reward, facts, terminated } = act(world, start, action)
    expect(reward).toBeCloseTo(halfCheetahReward(facts.x / 0.05, action), 12)
    expect(facts.velocity).toBeGreaterThan(1)
    expect(terminated).toBe(false)
  })

  it('of the ant charge for contacts where they are shown', () => {
    const pose = [0, 0, 0.75, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    const action = [1, -1, 0.5, 0, 0, 0, 0, 0]
    const expected = { v5: 105, v4: 27, 'v4 with forces': 111 }
    let charged = 0
    for (const [name, size] of Object.entries(expected)) {
      const version = name.startsWith('v4') ? 'v4' : 'v5'
      const world = antV5(mujoco, { version, ...(name.endsWith('forces') && { contactForces: true }) })
      expect(sizeOf(world.observationSpace)).toBe(size)
      let state = world.stateFrom(pose, new Float64Array(14))
      const seen = new Float32Array(size)
      for (let t = 0; t < 12; t++) {
        const { reward, facts, state: next } = act(world, state, action)
        state = next
        world.observe(state, 0, seen, 0)
        const shown = size === 27 ? [] : [...world.simulation.views().bodyForces]
        const formula = antReward(facts.velocity, action, shown, facts.height, [...world.positionsOf(state)])
        expect(reward).toBeCloseTo(formula.reward, 12)
        expect(facts.rewardForward + facts.rewardHealthy + facts.rewardControl + facts.rewardContact).toBeCloseTo(
          reward,
          12,
        )
        charged += facts.rewardContact
        for (const force of seen.subarray(27)) expect(Math.abs(force)).toBeLessThanOrEqual(1)
      }
      if (size === 111) expect([...seen.subarray(27, 33)]).toEqual([0, 0, 0, 0, 0, 0])
    }
    expect(charged).toBeLessThan(-0.01)
    const high = act(
      all[3],
      all[3].stateFrom([0, 0, 1.5, ...pose.slice(3)], new Float64Array(14)),
      new Array(8).fill(0),
    )
    expect(high).toMatchObject({ terminated: true, facts: { healthy: 0, rewardHealthy: 0 } })
  })
})

describe('starts and observations', () => {
  it('are drawn as widely as Gymnasium draws them', () => {
    const draws = (world: MujocoWorld, count = 400) => {
      const random = new Random(2)
      return Array.from({ length: count }, () => {
        const state = new Float64Array(world.stateSize)
        world.start(state, 0, random)
        return state
      })
    }
    const spread = (numbers: readonly number[]) => [Math.min(...numbers), Math.max(...numbers)]
    const hopper = draws(all[1])
    const [lowest, highest] = spread(hopper.map(state => state[2]))
    expect(lowest).toBeGreaterThanOrEqual(1.245)
    expect(highest).toBeLessThanOrEqual(1.255)
    expect(highest - lowest).toBeGreaterThan(0.009)
    const cheetah = draws(all[2]).map(state => all[2].velocitiesOf(state)[4])
    const variance = cheetah.reduce((sum, speed) => sum + speed * speed, 0) / cheetah.length
    // standard error of a variance estimate: 0.01·√(2/400)
    expect(Math.abs(variance - 0.01)).toBeLessThan(4 * 0.01 * Math.sqrt(2 / 400))
    for (const state of draws(all[0])) {
      expect(Math.hypot(state[3], state[4])).toBeLessThan(0.2)
      expect([state[7], state[8]]).toEqual([0, 0])
    }
  })

  it('clip the speeds the hopper sees, not those it has', () => {
    const state = all[1].stateFrom([3, 1.25, 0, 0, 0, 0], [0, 0, 0, 50, -50, 1])
    const seen = new Float32Array(11)
    all[1].observe(state, 0, seen, 0)
    expect([...seen]).toEqual([1.25, 0, 0, 0, 0, 0, 0, 0, 10, -10, 1])
    expect([...all[1].velocitiesOf(state)]).toEqual([0, 0, 0, 50, -50, 1])
  })
})

describe('bad input', () => {
  it('is refused: actions out of range, states that are no numbers, wrong lengths, unknown versions', () => {
    const world = vectorWorld(all[1], { ...options, copies: 2 })
    expect(() => world.step([0, 0, 0, 0, 2, 0])).toThrow(
      /entry 1 of an action in \[-1, 1\] for hopper-v5; got 2 — copy 1/,
    )
    world.states[all[1].stateSize + 2] = Number.NaN
    expect(() => world.step([0, 0, 0, 0, 0, 0])).toThrow(/hopper-v5; got NaN — copy 1/)
    expect(() => all[1].stateFrom([0], [0])).toThrow(/6 positions of hopper-v5; got 1/)
    expect(() => hopperV5(mujoco, { version: 'v6' as 'v5' })).toThrow(/version/)
    expect(() => antV5(mujoco, { resetNoise: -1 })).toThrow(/resetNoise ≥ 0/)
    expect(() => all[1].simulation.body('tail')).toThrow(/body of the model; got tail/)
  })

  it('and unclipped actions are charged for as they are, and clipped by the motors', () => {
    const world = vectorWorld(all[2], { ...options, copies: 2, outOfRange: 'dynamics' })
    world.reset({
      states: [
        ...all[2].stateFrom(new Float64Array(9), new Float64Array(9)),
        ...all[2].stateFrom(new Float64Array(9), new Float64Array(9)),
      ],
    })
    world.step([3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    expect(world.facts(0).rewardControl).toBeCloseTo(-0.9, 12)
    expect(world.facts(1).rewardControl).toBeCloseTo(-0.1, 12)
    expect(world.facts(0).velocity).toBe(world.facts(1).velocity)
  })
})
