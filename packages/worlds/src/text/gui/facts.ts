import { boxIou, distanceToBox, insideBox } from '../boxes.ts'
import type { GuiAction } from './actions.ts'
import { type GuiReference, guiReference, subgoalsOf } from './goals.ts'
import type { GuiState } from './screen.ts'
import { screenSize } from './tasks.ts'

/** What rewards of single actions and of whole tasks may use. */
export function guiFacts(
  before: GuiState,
  after: GuiState,
  action: GuiAction | undefined,
): Record<string, number | boolean | string> {
  const expected = guiReference(before)
  const typeMatch = action?.action === expected.action
  return {
    wellFormed: action !== undefined,
    action: action?.action ?? 'none',
    expectedAction: expected.action,
    typeMatch,
    ...clickFacts(action, expected),
    parameterMatch: typeMatch && action !== undefined && parameterMatches(action, expected),
    reached: after.reached - before.reached,
    subgoals: after.reached,
    allSubgoals: subgoalsOf(before.task).length,
    changed: !after.unchanged,
    sideEffects: after.sideEffects,
  }
}

/** Point and box of a click against the element to click; far off when either is no click. */
function clickFacts(action: GuiAction | undefined, { bbox }: GuiReference): Record<string, number | boolean> {
  if (action?.action !== 'click' || bbox === undefined) return { inside: false, distance: 1, iou: 0 }
  const [x, y] = action.point
  return {
    inside: insideBox(x, y, bbox),
    distance: distanceToBox(x, y, bbox) / Math.hypot(screenSize.width, screenSize.height),
    iou: action.bbox ? boxIou(action.bbox, bbox) : 0,
  }
}

function parameterMatches(action: GuiAction, expected: GuiReference): boolean {
  if (action.action === 'click') return expected.bbox !== undefined && insideBox(...action.point, expected.bbox)
  if (action.action === 'type') return action.text === expected.text
  return action.action !== 'scroll' || action.direction === expected.direction
}
