import { assertInteger, assertOneOf, GuerdonError } from '@guerdon/core'
import type { WorldDefinition } from '../world/definition.ts'
import { type Bound, box, type Observations } from '../world/space.ts'
import { type ArenaGame, arenaFactory, type RapierEngine, unit } from './bodies.ts'
import { type Controls, drive, shorten } from './driving.ts'
import { collectBoost, countDemolitions, countGoal, countTouches, hasBall, onTarget } from './events.ts'
import { boostPads, field, type Team, tickRate } from './field.ts'
import { arenaLayout, entry, eventNames, playerEntry } from './layout.ts'
import { arenaPicture } from './picture.ts'
import { type ArenaState, readArena } from './read.ts'
import { type ArenaStart, arenaStarts, startArena } from './starts.ts'
import { meetingSpeed, strike } from './strike.ts'

/** Choices of the arena. */
export interface ArenaOptions {
  /** Players who shoot at the goal at +y: 1 or 2. Default 1. */
  readonly blue?: number
  /** Players who shoot at the goal at −y: 0 to 2. Default 1. */
  readonly orange?: number
  /** Ticks of 1/120 s for one action. Default 8. */
  readonly ticks?: number
  /** Seconds after which an episode is truncated. Default 30. */
  readonly seconds?: number
  /** `kick-off`: the places of the game; `random`: ball and cars anywhere on the floor. Default `kick-off`. */
  readonly start?: ArenaStart
}

/** A world of cars and a ball. */
export interface ArenaWorld extends WorldDefinition {
  readonly teams: readonly Team[]
  /** The state in unreal units, player by player. */
  read(state: Float64Array): ArenaState
  facts(state: Float64Array): Readonly<Record<string, number>>
}

/** Numbers of an observation for the ball and for each player. */
const seenBall = 9
const seenPlayer = 18

/**
 * Cars that play a ball into goals, for rewards made of physical quantities: the standard arena of Rocket League in its
 * own measures, simulated by Rapier at 120 ticks a second. One joint action for all players, blue first, four numbers
 * each: throttle and steering in [−1, 1], jump and boost (held when > 0). Ends with a goal, which pays 1 (blue's) or −1;
 * who is paid what beyond that is for reward functions over `read(state)` or the facts.
 *
 * Observation: ball (place, velocity, spin), each player (place, nose, up, velocity, spin, boost, on wheels, away), and
 * which pads are full, all roughly in [−1, 1]. Facts: `ballX` … and, for each player, `blue1.x`, `blue1.touched`,
 * `blue1.goal` and so on: counters of goal, teamGoal, concede, touch, shot, save, demo, demoed.
 *
 * Simpler than the game: cars drive on the floor only, have no double jump or flip, and corners and
 * walls have no curves. An action is played in an arena made anew from the same bytes, so that it depends on
 * the state alone; contacts are therefore warm-started within an action, not across actions.
 */
export function arenaWorld(engine: RapierEngine, options: ArenaOptions = {}): ArenaWorld {
  const { blue = 1, orange = 1, ticks = 8, seconds = 30, start = 'kick-off' } = options
  assertInteger(blue, 'blue', 1)
  assertInteger(orange, 'orange')
  assertInteger(ticks, 'ticks', 1)
  if (blue > 2 || orange > 2)
    throw new GuerdonError('invalid_option', `expected at most 2 players a side; got ${blue} and ${orange}`)
  if (!(seconds > 0 && Number.isFinite(seconds)))
    throw new GuerdonError('invalid_option', `expected seconds > 0; got ${seconds}`, { path: ['seconds'] })
  assertOneOf(start, 'start', arenaStarts)
  const layout = arenaLayout(blue, orange)
  const { teams, stateSize, pads } = layout
  /** How fast each car and the ball met, noted before a tick. */
  const speeds = new Float64Array(teams.length)
  const factory = arenaFactory(engine, layout)
  const name = `arena-${blue}v${orange}`

  /** Slows what is faster than the game allows. */
  function limit(states: Float64Array, at: number, game: ArenaGame): void {
    const ball = at + entry.ball
    const fast = shorten(states, ball + 3, field.ballMaxSpeed / unit)
    if (shorten(states, ball + 6, field.ballMaxSpin) || fast) game.pushBall()
    for (let p = 0; p < teams.length; p++) {
      const player = at + layout.player(p)
      const rushed = shorten(states, player + playerEntry.velocity, field.carMaxSpeed / unit)
      if (shorten(states, player + playerEntry.spin, field.carMaxSpin) || rushed) game.push(p, false)
    }
  }

  const controls: { -readonly [K in keyof Controls]: Controls[K] } = {
    throttle: 0,
    steer: 0,
    jump: false,
    boost: false,
  }
  return {
    name,
    teams,
    actionSpace: box(Array.from({ length: 4 * teams.length }, () => [-1, 1] as const)),
    observationSpace: box(
      Array.from({ length: seenBall + seenPlayer * teams.length + boostPads.length }, (): readonly [Bound, Bound] => [
        null,
        null,
      ]),
    ),
    stateSize,
    horizon: Math.max(1, Math.round((seconds * tickRate) / ticks)),
    stochastic: false,
    start: (states, at, random) => startArena(states, at, layout, { random, start }),
    advance: (states, at, actions, actionAt, outcome) => {
      const game = factory.play(states, at)
      for (let p = 0; p < teams.length; p++) states[at + layout.player(p) + playerEntry.touched] = 0
      let scored = 0
      for (let tick = 0; tick < ticks && scored === 0; tick++) {
        for (let p = 0; p < teams.length; p++) {
          const player = at + layout.player(p)
          if (states[player + playerEntry.away] > 0) continue
          const from = actionAt + 4 * p
          controls.throttle = actions[from]
          controls.steer = actions[from + 1]
          controls.jump = actions[from + 2] > 0
          controls.boost = actions[from + 3] > 0
          const pause = states[player + playerEntry.jump]
          drive(states, player, controls)
          // only a jump can turn a car at once
          game.push(p, states[player + playerEntry.jump] > pause)
        }
        const aim = onTarget(states, at + entry.ball)
        for (let p = 0; p < teams.length; p++) speeds[p] = meetingSpeed(states, at + layout.player(p), at + entry.ball)
        game.tick()
        for (let p = 0; p < teams.length; p++) {
          const player = at + layout.player(p)
          if (states[player + playerEntry.contact] === 1 || !hasBall(states, player, at + entry.ball)) continue
          strike(states, player, at + entry.ball, speeds[p])
          game.pushBall()
        }
        limit(states, at, game)
        states[at + entry.ticks]++
        countTouches(aim, states, at, layout)
        countDemolitions(states, at, layout, game.moved)
        collectBoost(states, at, layout)
        scored = countGoal(states, at, layout)
      }
      game.end()
      outcome.reward = scored
      outcome.terminated = scored !== 0
    },
    observe: (states, at, observations, to) => {
      look(states, at + entry.ball, observations, to, field.ballMaxSpeed)
      for (let k = 0; k < 3; k++) observations[to + 6 + k] = states[at + entry.ball + 6 + k] / field.ballMaxSpin
      teams.forEach((_, p) => {
        const player = at + layout.player(p)
        const out = to + seenBall + seenPlayer * p
        look(states, player, observations, out, field.carMaxSpeed, playerEntry.velocity)
        const [x, y, z, w] = states.subarray(player + playerEntry.turn, player + playerEntry.turn + 4)
        observations[out + 6] = 1 - 2 * (y * y + z * z)
        observations[out + 7] = 2 * (x * y + w * z)
        observations[out + 8] = 2 * (x * z - w * y)
        observations[out + 9] = 2 * (x * z + w * y)
        observations[out + 10] = 2 * (y * z - w * x)
        observations[out + 11] = 1 - 2 * (x * x + y * y)
        for (let k = 0; k < 3; k++)
          observations[out + 12 + k] = states[player + playerEntry.spin + k] / field.carMaxSpin
        observations[out + 15] = states[player + playerEntry.boost] / 100
        observations[out + 16] = states[player + playerEntry.grounded]
        observations[out + 17] = states[player + playerEntry.away] > 0 ? 1 : 0
      })
      const shown = to + seenBall + seenPlayer * teams.length
      for (let i = 0; i < boostPads.length; i++) observations[shown + i] = states[at + pads + i] === 0 ? 1 : 0
    },
    svg: state => arenaPicture(name, readArena(state, layout)),
    text: state => {
      const { seconds: time, ball, players } = readArena(state, layout)
      const round = (vector: readonly number[]) => vector.map(length => Math.round(length)).join(' ')
      const cars = players.map(({ team, position, boost }) => `${team} ${round(position)} boost ${Math.round(boost)}`)
      return [`${name} ${time.toFixed(2)} s: ball ${round(ball.position)}`, ...cars].join('; ')
    },
    facts: state => {
      const { ball, players, scored } = readArena(state, layout)
      const facts: Record<string, number> = {
        scored: scored === null ? 0 : scored === 'blue' ? 1 : -1,
        ballX: ball.position[0],
        ballY: ball.position[1],
        ballZ: ball.position[2],
        ballSpeed: Math.hypot(...ball.velocity),
      }
      players.forEach(({ team, position, velocity, boost, touched, demolished, events }, p) => {
        const self = `${team}${teams.slice(0, p + 1).filter(other => other === team).length}`
        facts[`${self}.x`] = position[0]
        facts[`${self}.y`] = position[1]
        facts[`${self}.z`] = position[2]
        facts[`${self}.speed`] = Math.hypot(...velocity)
        facts[`${self}.boost`] = boost
        facts[`${self}.touched`] = touched ? 1 : 0
        facts[`${self}.demolished`] = demolished ? 1 : 0
        for (const event of eventNames) facts[`${self}.${event}`] = events[event]
      })
      return facts
    },
    read: state => readArena(state, layout),
  }
}

/** Writes a place and a velocity of a state, scaled to about [−1, 1]. */
function look(
  states: Float64Array,
  body: number,
  observations: Observations,
  to: number,
  fastest: number,
  velocity = 3,
): void {
  observations[to] = (states[body] * unit) / field.sideWall
  observations[to + 1] = (states[body + 1] * unit) / field.backOfNet
  observations[to + 2] = (states[body + 2] * unit) / field.ceiling
  for (let k = 0; k < 3; k++) observations[to + 3 + k] = (states[body + velocity + k] * unit) / fastest
}
