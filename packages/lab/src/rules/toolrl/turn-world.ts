import type { Random } from '@guerdon/core'
import type { TextWorld } from '@guerdon/worlds/text/text-world'
import { type ToolCall, type ToolState, toolUseWorld } from '@guerdon/worlds/text/tool-use'
import { callKey } from '@guerdon/worlds/text/tool-use/calls'

/** One turn of a tool-use episode: what was said so far, and the state to answer in. */
export interface TurnTask {
  readonly id: string
  /** Question, calls and results so far, as the policy reads them. */
  readonly read: readonly number[]
  readonly state: ToolState
}

/** A turn that was answered, or not yet. */
export interface TurnState {
  readonly task: TurnTask
  readonly over: boolean
}

/** Whether two lists ask the same calls, in any order. */
export function sameCalls(first: readonly ToolCall[], second: readonly ToolCall[]): boolean {
  const keys = (calls: readonly ToolCall[]): string => calls.map(callKey).sort().join('\n')
  return keys(first) === keys(second)
}

/**
 * Single turns of tool use: a task is a turn of an expert's episode, and the one action is right when it makes exactly the
 * calls needed there. ToolRL learns from such turns, each with its own ground truth.
 */
export const toolTurnWorld: TextWorld<TurnTask, TurnState> = {
  vocabulary: toolUseWorld.vocabulary,
  levels: toolUseWorld.levels,
  maximumActionLength: toolUseWorld.maximumActionLength,
  name: 'tool-turn',
  about: 'Make the calls that are needed next.',
  maximumTurns: 1,
  maximumObservationLength: 96,
  task(level, random) {
    const turns = expertTurns(level, random)
    return turns[random.integer(turns.length)]
  },
  start: task => ({ task, over: false }),
  observe: ({ task }) => Int32Array.from(task.read),
  step({ task }, action) {
    const calls = toolUseWorld.calls(action)
    const correct = calls !== undefined && sameCalls(calls, toolUseWorld.goldCalls(task.state))
    return {
      state: { task, over: true },
      reward: correct ? 1 : 0,
      terminated: true,
      truncated: false,
      correct,
      facts: { wellFormed: calls !== undefined },
    }
  },
  expert: ({ task }, random) => toolUseWorld.expert(task.state, random),
  actions: ({ task }) => toolUseWorld.actions(task.state),
  text: ({ task }) => toolUseWorld.text(task.state),
  svg: ({ task }) => toolUseWorld.svg(task.state),
}

/** Every turn of one expert episode that fits into the observation. */
function expertTurns(level: number, random: Random): TurnTask[] {
  const task = toolUseWorld.task(level, random)
  const turns: TurnTask[] = []
  const read: number[] = []
  let state = toolUseWorld.start(task)
  for (let turn = 0; ; turn++) {
    read.push(...toolUseWorld.observe(state))
    if (read.length <= toolTurnWorld.maximumObservationLength) {
      turns.push({ id: `${task.id}/${turn}`, read: [...read], state })
    }
    const action = toolUseWorld.expert(state, random)
    read.push(...action)
    const step = toolUseWorld.step(state, action)
    if (step.terminated || step.truncated) return turns
    state = step.state
  }
}
