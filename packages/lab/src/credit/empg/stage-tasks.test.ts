import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { drawStageTasks, leaningPolicy, playStages, stageState } from './stage-tasks.ts'

const size = { tasks: 2, stages: 3, actions: 4, horizon: 6 }

describe('tasks of stages', () => {
  const tasks = drawStageTasks(size, new Random(1))

  it('have another way out of confusion than the way on', () => {
    expect(tasks.right).toHaveLength(12)
    for (let state = 0; state < 12; state += 2) expect(tasks.right[state + 1]).not.toBe(tasks.right[state])
  })

  it('number clear and confused states in turn', () => {
    expect(stageState(tasks, { task: 1, stage: 2, confused: true })).toBe(11)
    expect(stageState(tasks, { task: 0, stage: 1, confused: false })).toBe(2)
  })

  it('start with a lead where it is clear: e^1.5 / (e^1.5 + 3)', () => {
    const policy = leaningPolicy(tasks, 1.5, 2)
    const { decisions } = playStages(tasks, 1, policy, { random: new Random(2), deviation: 0.7 })
    const [{ state, probabilities }] = decisions
    expect(state).toBe(6)
    expect(probabilities[tasks.right[6]]).toBeCloseTo(Math.exp(1.5) / (Math.exp(1.5) + 3), 12)
  })

  it('are done in as many steps as stages by a sure policy, and lead it through confusion otherwise', () => {
    const sure = leaningPolicy(tasks, 50, 0)
    const options = { random: new Random(3), deviation: 0 }
    expect(playStages(tasks, 0, sure, options)).toMatchObject({ solved: true, decisions: { length: 3 } })
    // wrong at the first stage for certain, and out of confusion for certain: to and fro until the time is over
    const [clear, confused] = [0, 1].map(state => tasks.right[state])
    sure.table[clear] = -50
    sure.table[4 + confused] = 50
    const lost = playStages(tasks, 0, sure, options)
    expect(lost.solved).toBe(false)
    expect(lost.decisions.map(({ state }) => state)).toEqual([0, 1, 0, 1, 0, 1])
  })
})
