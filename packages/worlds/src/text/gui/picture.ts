import { circle, palette, picture, rectangle } from '../../world/svg.ts'
import { escaped, text } from '../card.ts'
import { guiReference } from './goals.ts'
import { elementsOf, type GuiState, textKey } from './screen.ts'
import { guiInstruction, screenSize } from './tasks.ts'

const scale = 20
const lineHeight = 18

/** The screen as it would look: elements with their names, the one to click next outlined, the last click as a dot. */
export function guiPicture(state: GuiState): string {
  const { screen, popup, pointer } = state
  const { bbox } = guiReference(state)
  const width = screenSize.width * scale
  const height = screenSize.height * scale
  const lines = guiInstruction(state.task).slice('task '.length).split(' then ')
  const top = lineHeight * (lines.length + 1) + 8
  const shapes = [
    ...lines.map((line, i) => text(8, lineHeight * (i + 1), line)),
    text(8, top - 8, popup ? 'popup' : screen.at === 'item' ? `${screen.app}, ${screen.item}` : screenTitle(state), {
      faint: true,
    }),
    rectangle(0, top, width, height, { fill: popup ? palette.faint : '#ffffff', stroke: palette.ink }),
  ]
  for (const { kind, name, box } of elementsOf(state)) {
    const [x1, y1, x2, y2] = box
    const wanted = bbox?.every((corner, i) => corner === box[i]) === true
    const paint = { fill: kind === 'field' ? '#ffffff' : palette.ground, width: wanted ? 3 : 1 }
    const stroke = wanted ? palette.goal : kind === 'field' && state.focused ? palette.agent : palette.faint
    shapes.push(rectangle(x1 * scale, top + y1 * scale, (x2 - x1) * scale, (y2 - y1) * scale, { ...paint, stroke }))
    const typed = kind === 'field' && screen.at === 'item' ? state.texts[textKey(screen.app, screen.item)] : undefined
    shapes.push(text(x1 * scale + 6, top + y1 * scale + 22, typed === undefined ? name : `${name}: ${typed}`))
  }
  if (pointer) shapes.push(circle(pointer[0] * scale, top + pointer[1] * scale, 5, { fill: palette.warm }))
  return picture(escaped(`gui: ${guiInstruction(state.task)}`), width, top + height, shapes)
}

function screenTitle({ screen }: GuiState): string {
  return screen.at === 'app' ? screen.app : 'home'
}
