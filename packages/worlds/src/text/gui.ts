import type { Random } from '@guerdon/core'
import { effectOf, type GuiAction, guiActionWords, readGuiAction } from './gui/actions.ts'
import { guiFacts } from './gui/facts.ts'
import { type GuiReference, guiReference, reachedBy, subgoalsOf } from './gui/goals.ts'
import { guiPicture } from './gui/picture.ts'
import { elementsOf, type GuiState, screenWords } from './gui/screen.ts'
import {
  type GuiTask,
  guiInstruction,
  guiLevels,
  guiTask,
  guiVocabulary,
  maximumGuiTurns,
  typedWords,
} from './gui/tasks.ts'
import type { TextStep, TextWorld } from './text-world.ts'
import { assertLevel, assertRunning, readAction, writeAction } from './turns.ts'

export { type GuiAction, readGuiAction } from './gui/actions.ts'
export { type GuiReference, guiReference } from './gui/goals.ts'
export { elementsOf, type GuiElement, type GuiState, type Screen } from './gui/screen.ts'
export { type GuiGoal, type GuiTask, guiVocabulary, screenSize } from './gui/tasks.ts'

/**
 * A phone in words: screens of boxes, actions `click X Y`, `type WORD`, `scroll down`, `back`, `finish`. Level 0 opens an
 * app, 1 an item in it, 2 presses a button there, 3 scrolls, types and presses, 4 has two goals and things that pop up.
 * Wrong screens can be left by `back`; a wrong button pressed cannot be undone.
 *
 * The reward is 1 for a `finish` with every subgoal reached and no side effect, else 0; facts compare each action with the
 * one that leads on (`guiReference`): type, point inside the element, distance as a share of the screen's diagonal,
 * intersection over union when a box is clicked, parameters, subgoals. An action that cannot be read changes nothing.
 */
export const guiWorld: TextWorld<GuiTask, GuiState> & {
  actions(state: GuiState): readonly Int32Array[]
} = {
  name: 'gui',
  about: 'Use a phone: open apps and items, type and press, on screens of named boxes.',
  vocabulary: guiVocabulary,
  levels: guiLevels,
  maximumTurns: maximumGuiTurns,
  maximumActionLength: 6,
  maximumObservationLength: 72,
  task(level, random) {
    assertLevel(level, guiLevels)
    return guiTask(level, random)
  },
  start: task => ({
    task,
    screen: { at: 'home' },
    popup: null,
    focused: false,
    texts: {},
    reached: 0,
    sideEffects: 0,
    unchanged: false,
    pointer: null,
    turn: 0,
    over: false,
  }),
  observe: state => guiVocabulary.encode(state.over ? '' : screenWords(state)),
  step: stepGui,
  expert: (state, random) => writeAction(guiVocabulary, guiActionWords(performed(guiReference(state), random))),
  actions(state) {
    const clicks = elementsOf(state).map(({ box: [x1, y1, x2, y2] }) => {
      return `click ${Math.floor((x1 + x2) / 2)} ${Math.floor((y1 + y2) / 2)}`
    })
    const typing = state.focused ? typedWords.map(word => `type ${word}`) : []
    const others = [...clicks, ...typing, 'scroll up', 'scroll down', 'back', 'finish']
    return others.map(action => writeAction(guiVocabulary, action))
  },
  text(state) {
    const done = `${state.reached} of ${subgoalsOf(state.task).length} subgoals, ${state.sideEffects} side effects`
    return `${guiInstruction(state.task)}\n${state.over ? 'over' : screenWords({ ...state, turn: 1 })}\n${done}`
  },
  svg: guiPicture,
}

function stepGui(state: GuiState, tokens: ArrayLike<number>): TextStep<GuiState> {
  assertRunning(state.over, 'gui')
  const { task } = state
  const action = readGuiAction(readAction(guiVocabulary, tokens))
  const effect = action ? effectOf(state, action) : {}
  const turn = state.turn + 1
  const moved = { ...state, ...effect, turn, unchanged: Object.keys(effect).length === 0 }
  const popup = task.popups.find(candidate => candidate.turn === turn)
  const finished = action?.action === 'finish'
  const truncated = !finished && turn >= task.turns
  const next: GuiState = {
    ...moved,
    reached: reachedBy(moved),
    pointer: action?.action === 'click' ? action.point : null,
    popup: popup ? [popup.x, popup.y] : moved.popup,
    over: finished || truncated,
  }
  const correct = finished && next.reached === subgoalsOf(task).length && next.sideEffects === 0
  return {
    state: next,
    reward: correct ? 1 : 0,
    terminated: finished,
    truncated,
    ...(next.over && { correct }),
    facts: guiFacts(state, next, action),
  }
}

/** The reference as an action: clicks go to a point drawn in the element. */
function performed(reference: GuiReference, random: Random): GuiAction {
  const { action, bbox, text, direction } = reference
  if (action === 'type' && text !== undefined) return { action, text }
  if (action === 'scroll' && direction !== undefined) return { action, direction }
  if (bbox === undefined) return { action: action === 'finish' ? 'finish' : 'back' }
  const [x1, y1, x2, y2] = bbox
  return { action: 'click', point: [x1 + random.integer(x2 - x1 + 1), y1 + random.integer(y2 - y1 + 1)] }
}
