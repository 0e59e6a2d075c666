import { Random } from '@guerdon/core'
import { expertEpisodes } from '@guerdon/learn'
import { toolUseWorld } from '@guerdon/worlds/text/tool-use'
import { describe, expect, it } from 'vitest'
import { turnReward } from './trained.ts'
import { sameCalls, toolTurnWorld } from './turn-world.ts'

describe('single turns of tool use', () => {
  it('are turns of expert episodes, each answered by the calls needed there', () => {
    const random = new Random(1)
    const tasks = Array.from({ length: 60 }, () => toolTurnWorld.task(1, random))
    // a look-up, a calculation, the answer: all three kinds of turn come up
    expect(new Set(tasks.map(({ state }) => toolUseWorld.goldCalls(state)[0].name)).size).toBe(3)
    for (const task of tasks) {
      const state = toolTurnWorld.start(task)
      const observed = toolTurnWorld.observe(state)
      expect(observed.length).toBeLessThanOrEqual(toolTurnWorld.maximumObservationLength)
      const step = toolTurnWorld.step(state, toolTurnWorld.expert(state, random))
      expect(step).toMatchObject({ reward: 1, correct: true, terminated: true, truncated: false })
    }
  })

  it('compare calls in any order', () => {
    const look = { name: 'lookup', parameters: { who: 'mira', what: 'age' } }
    const search = { name: 'search', parameters: { role: 'baker' } }
    expect(sameCalls([look, search], [search, look])).toBe(true)
    expect(sameCalls([look], [look, search])).toBe(false)
    expect(sameCalls([look], [{ ...look, parameters: { who: 'mira', what: 'floor' } }])).toBe(false)
  })
})

describe("ToolRL's reward of a turn", () => {
  it('is 4 for the right calls, by field in between, −3 for what cannot be read', () => {
    const random = new Random(3)
    const tasks = Array.from({ length: 40 }, () => toolTurnWorld.task(0, random))
    const task = tasks.find(({ state }) => toolUseWorld.goldCalls(state)[0].name === 'lookup')!
    const [expert] = expertEpisodes(toolTurnWorld, [{ task }], random, { maximumLength: 144 })
    expect(turnReward(expert)).toBe(4)
    const [turn] = expert.turns
    const cut = { ...expert, turns: [{ ...turn, actionEnd: turn.actionEnd - 1 }] }
    expect(turnReward(cut)).toBe(-3)
    const goldOf = (one: typeof task) => toolUseWorld.goldCalls(one.state)
    const others = Array.from({ length: 40 }, () => toolTurnWorld.task(0, random))
    const other = others.find(one => goldOf(one)[0].name === 'lookup' && !sameCalls(goldOf(one), goldOf(task)))!
    const elsewhere = { ...expert, turns: [{ ...turn, state: toolTurnWorld.start(other) }] }
    // the tool is right and something of the parameters is not
    expect(turnReward(elsewhere)).toBeGreaterThan(-2)
    expect(turnReward(elsewhere)).toBeLessThan(4)
    expect(turnReward(elsewhere, 'all')).toBe(-2)
  })
})
