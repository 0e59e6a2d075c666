import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { findTextWorld, textWorlds } from './catalogue.ts'
import type { TextWorld } from './text-world.ts'
import { specialTokens } from './vocabulary.ts'

const seeds = 200
const levelsOf = (world: TextWorld): number[] => Array.from({ length: world.levels }, (_, level) => level)

/** Plays an episode to its end, showing every state before the action is taken. */
function play(
  world: TextWorld,
  task: { readonly id: string },
  policy: (state: unknown, turn: number) => Int32Array,
  see: (state: unknown, turn: number) => void = () => {},
) {
  let state = world.start(task)
  for (let turn = 1; ; turn++) {
    see(state, turn)
    const outcome = world.step(state, policy(state, turn))
    state = outcome.state
    if (outcome.terminated || outcome.truncated) return { outcome, turns: turn }
  }
}

describe('the catalogue of text worlds', () => {
  it('finds worlds by name and suggests the nearest', () => {
    expect(new Set(textWorlds.map(({ name }) => name)).size).toBe(textWorlds.length)
    for (const world of textWorlds) expect(findTextWorld(world.name)).toBe(world)
    expect(() => findTextWorld('arithmetics')).toThrow(expect.objectContaining({ hint: 'did you mean arithmetic?' }))
  })
})

describe.each(textWorlds.map(world => [world.name, world] as const))('%s', (_, world) => {
  it('has at least four levels and refuses others', () => {
    expect(world.levels).toBeGreaterThanOrEqual(4)
    for (const level of [-1, world.levels, 0.5, Number.NaN]) {
      expect(() => world.task(level, new Random(1))).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    }
  })

  it.each(levelsOf(world))('level %i: the expert solves every task, within the declared lengths', level => {
    const { maximumActionLength, maximumObservationLength, maximumTurns } = world
    for (let seed = 0; seed < seeds; seed++) {
      const random = new Random(1000 * level + seed)
      const task = world.task(level, random)
      let fits = true
      const { outcome, turns } = play(
        world,
        task,
        state => {
          const action = world.expert(state, random)
          fits &&= action[action.length - 1] === specialTokens.end && action.length <= maximumActionLength
          return action
        },
        state => {
          fits &&= world.observe(state).length <= maximumObservationLength
        },
      )
      const solved = outcome.correct === true && outcome.terminated && !outcome.truncated && turns <= maximumTurns
      if (!fits || !solved) throw new Error(`the expert failed: level ${level}, seed ${seed}, ${task.id}`)
    }
  })

  it('draws equal tasks from equal seeds, many different ones, and gives equal ids to equal tasks only', () => {
    for (const level of levelsOf(world)) {
      const byId = new Map<string, string>()
      for (let seed = 0; seed < 30; seed++) {
        const task = world.task(level, new Random(seed))
        expect(world.task(level, new Random(seed))).toEqual(task)
        const text = JSON.stringify(task)
        expect(byId.get(task.id) ?? text).toBe(text)
        byId.set(task.id, text)
      }
      expect(byId.size).toBeGreaterThan(10)
    }
  })

  it('is pure: stepping twice gives the same, changes nothing, and survives JSON', () => {
    for (const level of levelsOf(world)) {
      for (let seed = 0; seed < 3; seed++) {
        const random = new Random(seed)
        play(
          world,
          world.task(level, random),
          (state, turn) => {
            const choices = world.actions?.(state) ?? []
            return choices.length > 0 && turn % 3 !== 0 ? random.choice(choices) : world.expert(state, random)
          },
          (state, turn) => {
            if (turn > 12) return
            const before = JSON.stringify(state)
            const copy: unknown = JSON.parse(before)
            const action = world.expert(state, new Random(1))
            const outcome = world.step(state, action)
            expect(world.step(copy, action)).toEqual(outcome)
            expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome)
            expect(world.observe(copy)).toEqual(world.observe(state))
            expect(JSON.stringify(state)).toBe(before)
          },
        )
      }
    }
  })

  it('accepts every action it names, each once and not too long', () => {
    if (!world.actions) return
    for (const level of levelsOf(world)) {
      for (let seed = 0; seed < 3; seed++) {
        const random = new Random(seed)
        play(
          world,
          world.task(level, random),
          state => random.choice(world.actions?.(state) ?? []),
          (state, turn) => {
            if (turn > 12) return
            const actions = world.actions?.(state) ?? []
            expect(actions.length).toBeGreaterThan(0)
            expect(new Set(actions.map(action => action.join())).size).toBe(actions.length)
            for (const action of actions) {
              expect(action[action.length - 1]).toBe(specialTokens.end)
              expect(action.length).toBeLessThanOrEqual(world.maximumActionLength)
              const { facts, reward } = world.step(state, action)
              expect(Number.isFinite(reward)).toBe(true)
              if ('wellFormed' in facts) expect(facts['wellFormed']).toBe(true)
            }
          },
        )
      }
    }
  })

  it('never fails on random tokens, and they solve nothing', () => {
    let solved = 0
    for (let seed = 0; seed < 100; seed++) {
      const random = new Random(seed)
      const { outcome } = play(
        world,
        world.task(seed % world.levels, random),
        () =>
          Int32Array.from({ length: random.integer(world.maximumActionLength + 1) }, () =>
            random.integer(world.vocabulary.size),
          ),
        state => {
          expect(world.observe(state).length).toBeLessThanOrEqual(world.maximumObservationLength)
        },
      )
      if (outcome.correct) solved++
      expect(outcome.correct).toBeDefined()
    }
    expect(solved).toBe(0)
  })

  it('names the same facts in every turn, whatever the action', () => {
    const names = (action: (state: unknown) => Int32Array, state: unknown): string =>
      Object.keys(world.step(state, action(state)).facts).join()
    const state = world.start(world.task(0, new Random(1)))
    const known = names(now => world.expert(now, new Random(1)), state)
    expect(known).not.toBe('')
    expect(names(() => new Int32Array(0), state)).toBe(known)
    expect(names(() => Int32Array.of(specialTokens.pad), state)).toBe(known)
  })

  it('refuses tokens outside its vocabulary and steps after the end', () => {
    const start = world.start(world.task(0, new Random(1)))
    expect(() => world.step(start, [3, world.vocabulary.size])).toThrow(
      expect.objectContaining({ code: 'invalid_input', path: ['action', 1] }),
    )
    const { outcome } = play(world, world.task(0, new Random(1)), state => world.expert(state, new Random(1)))
    expect(() => world.step(outcome.state, [specialTokens.end])).toThrow(expect.objectContaining({ code: 'state' }))
  })

  it('shows states to people: text without special tokens, a picture that is one SVG document', () => {
    const random = new Random(2)
    const look = (state: unknown): void => {
      expect(world.text(state)).not.toMatch(/<|undefined|NaN/)
      const svg = world.svg(state)
      expect(svg).toMatch(/^<svg [^>]*xmlns=.*<\/svg>$/s)
      expect(svg).not.toMatch(/undefined|NaN/)
    }
    const { outcome } = play(world, world.task(world.levels - 1, random), state => world.expert(state, random), look)
    look(outcome.state)
  })

  it('knows the answer where there is one', () => {
    if (!world.goldAnswer) return
    for (let seed = 0; seed < 20; seed++) {
      const task = world.task(seed % world.levels, new Random(seed))
      expect(world.step(world.start(task), world.goldAnswer(task))).toMatchObject({ terminated: true, correct: true })
    }
  })
})
