import { Random } from '@guerdon/core'
import { describe, expect, it } from 'vitest'
import { boxIou, distanceToBox, insideBox } from './boxes.ts'
import { demonstrations } from './data.ts'
import { type GuiState, type GuiTask, guiReference, guiVocabulary, guiWorld, readGuiAction } from './gui.ts'
import { writeAction } from './turns.ts'

const task: GuiTask = {
  id: 'by hand',
  level: 3,
  apps: ['mail', 'maps', 'music'],
  items: ['alpha', 'beta', 'gamma', 'delta', 'zeta'],
  buttons: ['save', 'delete'],
  offset: [0, 0],
  goals: [{ app: 'maps', item: 'zeta', text: 'gold', button: 'save' }],
  popups: [],
  turns: 12,
}
const start = guiWorld.start(task)
const act = (state: GuiState, text: string) => guiWorld.step(state, writeAction(guiVocabulary, text))
const play = (actions: readonly string[], from = start) => {
  let outcome = act(from, actions[0])
  for (const action of actions.slice(1)) outcome = act(outcome.state, action)
  return outcome
}
const seen = (state: GuiState): string => guiVocabulary.decode(guiWorld.observe(state))

describe('boxes', () => {
  it('overlap, contain and stand apart', () => {
    // 2×2 and 2×2 shifted by one: 1 shared of 7.
    expect(boxIou([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7, 12)
    expect(boxIou([0, 0, 2, 2], [0, 0, 2, 2])).toBe(1)
    expect(boxIou([0, 0, 1, 1], [1, 0, 2, 1])).toBe(0)
    expect(boxIou([1, 1, 1, 1], [1, 1, 1, 1])).toBe(0)
    expect(insideBox(2, 0, [0, 0, 2, 2])).toBe(true)
    expect(distanceToBox(5, 6, [0, 0, 2, 2])).toBe(5)
    expect(distanceToBox(1, 1, [0, 0, 2, 2])).toBe(0)
  })
})

describe('gui', () => {
  it('shows the task once, then what is on the screen', () => {
    expect(seen(start)).toBe(
      'task open maps item zeta type gold press save screen home button mail 1 2 6 6 button maps 9 2 14 6 button music 1 8 6 12',
    )
    expect(seen(play(['click 10 4']).state)).toBe(
      'screen app maps row alpha 1 2 14 5 row beta 1 7 14 10 row gamma 1 12 14 15 row delta 1 17 14 20 down',
    )
    expect(seen(play(['click 10 4', 'scroll down', 'click 3 4', 'click 3 4', 'type gold']).state)).toBe(
      'screen app maps item zeta field title 1 3 14 6 value gold focus button save 1 9 6 12 button delete 9 9 14 12',
    )
  })

  it('pays for reaching everything without side effects, and only at finish', () => {
    const way = ['click 10 4', 'scroll down', 'click 3 4', 'click 3 4', 'type gold', 'click 2 10']
    const pressed = play(way)
    expect(pressed).toMatchObject({ reward: 0, terminated: false, facts: { reached: 1, subgoals: 4, allSubgoals: 4 } })
    expect(pressed.correct).toBeUndefined()
    expect(play([...way, 'finish'])).toMatchObject({ reward: 1, terminated: true, correct: true })
    expect(play([...way, 'click 10 10', 'finish'])).toMatchObject({
      reward: 0,
      correct: false,
      facts: { sideEffects: 1 },
    })
    expect(play(['finish'])).toMatchObject({ reward: 0, terminated: true, correct: false })
  })

  it('does not count a press after the text was changed again, and goes on when it is put right', () => {
    const ready = play(['click 10 4', 'scroll down', 'click 3 4', 'click 3 4', 'type gold', 'type red'])
    expect(ready.facts).toMatchObject({ subgoals: 3, expectedAction: 'click' })
    expect(guiReference(ready.state)).toEqual({ action: 'type', text: 'gold' })
    expect(act(ready.state, 'click 2 10').facts).toMatchObject({ sideEffects: 1, subgoals: 3 })
    expect(play(['type gold', 'click 2 10', 'finish'], ready.state)).toMatchObject({ correct: true })
  })

  it('does not count a press before the text is right', () => {
    const early = play(['click 10 4', 'scroll down', 'click 3 4', 'click 2 10'])
    expect(early.facts).toMatchObject({ sideEffects: 1, subgoals: 2 })
    const wrong = play(['click 3 4', 'type red', 'click 2 10'], play(['click 10 4', 'scroll down', 'click 3 4']).state)
    expect(wrong.facts).toMatchObject({ sideEffects: 1, subgoals: 2 })
  })

  // The way on from the home screen is the button of maps, box 9 2 14 6; the diagonal is √(16² + 24²).
  it.each([
    ['click 9 2', { wellFormed: true, typeMatch: true, inside: true, distance: 0, parameterMatch: true, reached: 1 }],
    [
      'click 5 6',
      { typeMatch: true, inside: false, distance: 4 / Math.hypot(16, 24), parameterMatch: false, reached: 0 },
    ],
    ['click 9 2 14 6', { inside: true, iou: 1, reached: 1 }],
    ['click 9 2 14 4', { inside: true, iou: 0.5, changed: true }],
    ['click 0 0', { changed: false, reached: 0 }],
    ['scroll down', { wellFormed: true, action: 'scroll', expectedAction: 'click', typeMatch: false, distance: 1 }],
    ['type gold', { wellFormed: true, typeMatch: false, changed: false }],
    ['click 9', { wellFormed: false, action: 'none', changed: false }],
    ['click 17 2', { wellFormed: false }],
    ['click 9 6 14 2', { wellFormed: false }],
    ['type save', { wellFormed: false }],
    ['finish finish', { wellFormed: false }],
    ['', { wellFormed: false }],
  ])('knows the facts of "%s"', (action, facts) => {
    expect(act(start, action).facts).toMatchObject(facts)
  })

  it('reads no action without its end', () => {
    expect(readGuiAction({ words: ['back'], complete: false })).toBeUndefined()
    expect(guiWorld.step(start, guiVocabulary.encode('click 9 2')).facts).toMatchObject({ wellFormed: false })
  })

  it('tells what leads back from a wrong screen', () => {
    const lost = play(['click 2 3', 'click 2 3']).state
    expect(lost.screen).toEqual({ at: 'item', app: 'mail', item: 'alpha' })
    expect(guiReference(lost)).toEqual({ action: 'back' })
    const below = play(['click 10 4', 'scroll down']).state
    expect(guiReference(below)).toEqual({ action: 'click', bbox: [1, 2, 14, 5] })
    const above = { ...below, task: { ...task, goals: [{ ...task.goals[0], item: 'beta' }] } }
    expect(guiReference(above)).toEqual({ action: 'scroll', direction: 'up' })
  })

  it('hides the screen behind what pops up until it is closed', () => {
    const state = guiWorld.start({ ...task, popups: [{ turn: 1, x: 4, y: 8 }] })
    const hidden = play(['click 10 4'], state)
    expect(seen(hidden.state)).toBe('screen popup button close 4 8 7 10')
    expect(act(hidden.state, 'back').facts).toMatchObject({ changed: false, expectedAction: 'click' })
    expect(seen(act(hidden.state, 'click 3 4').state)).toBe('unchanged screen popup button close 4 8 7 10')
    expect(act(hidden.state, 'click 5 9').state.screen).toEqual({ at: 'app', app: 'maps', first: 0 })
  })

  it('truncates for want of turns', () => {
    const outcome = play(Array.from({ length: 12 }, () => 'back'))
    expect(outcome).toMatchObject({ terminated: false, truncated: true, correct: false, reward: 0 })
    expect(seen(outcome.state)).toBe('')
  })

  it('lets careless demonstrators recover, except from wrong buttons', () => {
    const shown = demonstrations(guiWorld, { count: 60, random: new Random(1), levels: [2, 3], mistakes: 0.2 })
    expect(shown.flatMap(({ turns }) => turns).some(({ expert }) => !expert)).toBe(true)
    const solved = shown.filter(({ correct }) => correct)
    expect(solved.some(({ turns }) => turns.some(({ expert }) => !expert))).toBe(true)
    expect(solved.length).toBeLessThan(shown.length)
    expect(JSON.parse(JSON.stringify(shown))).toEqual(shown)
  })

  it('draws the screen with the element to click outlined', () => {
    const svg = guiWorld.svg(play(['click 10 4']).state)
    expect(svg).toContain('<title>gui: task open maps item zeta type gold press save</title>')
    expect(svg.match(/stroke-width="3"/g)).toBeNull()
    expect(guiWorld.svg(start).match(/stroke-width="3"/g)).toHaveLength(1)
  })
})
