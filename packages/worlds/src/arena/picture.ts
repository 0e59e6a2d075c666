import { circle, line, palette, picture, rectangle } from '../world/svg.ts'
import { boostPads, field } from './field.ts'
import type { ArenaState } from './read.ts'

const scale = 1 / 32
const width = 2 * field.sideWall * scale + 20
const height = 2 * field.backOfNet * scale + 20

function place(x: number, y: number): readonly [number, number] {
  return [width / 2 + x * scale, height / 2 - y * scale]
}

/** The arena from above, blue shooting upwards: what is higher is drawn larger. */
export function arenaPicture(title: string, { ball, players, pads }: ArenaState): string {
  const [left, top] = place(-field.sideWall, field.backWall)
  const goals = [-1, 1].map(side => {
    const [x, y] = place(-field.goalHalfWidth, side > 0 ? field.backOfNet : -field.backWall)
    const depth = (field.backOfNet - field.backWall) * scale
    return rectangle(x, y, 2 * field.goalHalfWidth * scale, depth, { fill: side > 0 ? palette.warm : palette.agent })
  })
  return picture(title, width, height, [
    rectangle(left, top, 2 * field.sideWall * scale, 2 * field.backWall * scale, { stroke: palette.ink, width: 2 }),
    line(...place(-field.sideWall, 0), ...place(field.sideWall, 0), { stroke: palette.faint }),
    ...goals,
    ...boostPads.map(({ x, y, radius }, i) =>
      circle(...place(x, y), (radius * scale) / 2, { fill: pads[i] ? palette.gold : palette.faint }),
    ),
    ...players
      .filter(({ demolished }) => !demolished)
      .map(({ team, position, forward }) => {
        const [x, y] = position
        const [tailX, tailY] = place(x - 110 * forward[0], y - 110 * forward[1])
        const [noseX, noseY] = place(x + 110 * forward[0], y + 110 * forward[1])
        const stroke = team === 'blue' ? palette.agent : palette.warm
        return line(tailX, tailY, noseX, noseY, { stroke, width: 5 + position[2] / 200 })
      }),
    circle(...place(ball.position[0], ball.position[1]), 4 + ball.position[2] / 300, { fill: palette.ink }),
  ])
}
