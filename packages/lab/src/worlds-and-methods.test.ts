import { Random } from '@guerdon/core'
import { gameStatistics, goalHolds, goalRewards } from '@guerdon/methods/control/xland'
import { tiltedGaussianMixture } from '@guerdon/methods/diffusion/fk-steering'
import { renderTransitionPrompt, subgoalRewards } from '@guerdon/methods/generated/calm'
import { countCoefficients, normaliseCaption, retrievalRewards } from '@guerdon/methods/generated/oni'
import { valueIteration } from '@guerdon/methods/shared/tabular'
import {
  dungeonActions,
  dungeonLegend,
  dungeonWorld,
  mixtureLogDensity,
  objectRooms,
  ringMixture,
  xlandWorld,
} from '@guerdon/worlds'
import { describe, expect, it } from 'vitest'

// Worlds know nothing of methods; what they hand over has to fit all the same.

describe('goals of grid universes', () => {
  it.each([1, 2, 3, 4])('of level %i hold where the definition says so', level => {
    const world = xlandWorld({ level, players: 2, coPlayers: 'greedy' })
    const state = new Float64Array(world.stateSize)
    const outcome = { reward: 0, terminated: false }
    let held = 0
    for (let seed = 0; seed < 5; seed++) {
      const random = new Random(seed)
      world.start(state, 0, random)
      const truths: Record<string, boolean>[] = []
      let paid = 0
      for (let t = 0; t < 30; t++) {
        world.advance(state, 0, Float64Array.of(world.expert(state)), 0, outcome, random)
        truths.push({ ...world.predicates(state) })
        paid += outcome.reward
        const rewards = [0, 1].map(player => (goalHolds(world.goal(state, player), truths[t]) ? 1 : 0))
        expect([...world.rewards(state)]).toEqual(rewards)
        held += rewards[1]
      }
      expect(goalRewards(world.goal(state), truths).return).toBe(paid)
      const statistics = gameStatistics(
        [world.goal(state, 0), world.goal(state, 1)],
        Object.keys(world.predicates(state)),
      )
      // none asks for a thing and its contrary
      expect(Math.max(...statistics.explorationDifficulty)).toBeLessThan(1)
      expect(Math.min(...statistics.explorationDifficulty)).toBeGreaterThan(0)
    }
    expect(held).toBeGreaterThan(0)
  })
})

describe('captions of dungeons', () => {
  const world = dungeonWorld({ layout: 'key-room' })

  function episode() {
    const state = new Float64Array(world.stateSize)
    const outcome = { reward: 0, terminated: false }
    world.start(state, 0, new Random(4))
    const captions: string[] = []
    const views = [world.viewText(state)]
    const actions: number[] = []
    for (let t = 0; t < 60 && !outcome.terminated; t++) {
      actions.push(world.expert(state))
      world.advance(state, 0, Float64Array.of(actions[t]), 0, outcome, new Random(0))
      captions.push(world.messages(state).join(' '))
      views.push(world.viewText(state))
    }
    return { captions, views, actions }
  }

  it('can be labelled and looked up', () => {
    const { captions } = episode()
    const labels = { 'You pick up a key.': 1, 'You escape from the dungeon.': 1, '': 0 }
    const { rewards, unseen } = retrievalRewards(captions, labels)
    expect(rewards.reduce((sum, reward) => sum + reward, 0)).toBe(2)
    expect(unseen).toContain('You unlock the door. The key breaks in the lock.')
    expect(countCoefficients(captions.filter(caption => caption !== '')).every(c => c === 1)).toBe(true)
    expect(normaliseCaption('You collect 17 gold pieces.')).toBe(normaliseCaption('You collect 5 gold pieces.'))
  })

  it('pay subgoals where a judge sees them, and can be shown to one', () => {
    const { captions, views, actions } = episode()
    const achieved = captions.map(
      caption =>
        new Set([
          ...(caption.includes('pick up a key') ? ['key'] : []),
          ...(caption.includes('unlock') ? ['door'] : []),
        ]),
    )
    const { bonuses } = subgoalRewards(new Float64Array(captions.length), achieved, { subgoals: ['key', 'door'] })
    expect(bonuses.reduce((sum, bonus) => sum + bonus, 0)).toBe(2)
    const t = captions.findIndex(caption => caption.includes('unlock'))
    const prompt = renderTransitionPrompt({
      task: 'Leave the dungeon by its stairs.',
      subgoals: ['pick up the key', 'open the door'],
      legend: dungeonLegend,
      steps: [
        { time: 0, observation: views[t], nextAction: dungeonActions[actions[t]] },
        { time: 1, observation: views[t + 1], message: captions[t], lastAction: dungeonActions[actions[t]] },
      ],
    })
    expect(prompt).toContain('Message: You unlock the door.')
    expect(prompt).toContain('Next action: apply')
    expect(prompt).toContain(views[t])
  })
})

it('mixtures can be tilted in closed form', () => {
  const mixture = ringMixture({ weights: [1, 2, 3, 4, 5, 6, 7, 8] })
  const [lambda, centre, variance] = [2, [1, 1], 3]
  const tilted = tiltedGaussianMixture(mixture, { lambda, centre, variance })
  const points = [0, 0, 2, 0, -1, 1.5, 0.3, -2]
  const before = mixtureLogDensity(mixture, points)
  const after = mixtureLogDensity(tilted, points)
  before.forEach((log, n) => {
    const distance = (points[2 * n] - centre[0]) ** 2 + (points[2 * n + 1] - centre[1]) ** 2
    expect(after[n]).toBeCloseTo(log - (lambda * distance) / (2 * variance) - tilted.logNormalizer, 10)
  })
})

it('object rooms are solved as they stand', () => {
  const world = objectRooms({ slip: 0, stepReward: 0, goalReward: 1, discount: 0.9, objects: [[2, 0]] })
  // ten steps, one to pick the object up; dropping it pays
  expect(valueIteration(world).v[0]).toBeCloseTo(0.9 ** 11, 10)
})
