/** Numbers with at most two decimals, so that pictures of equal states are equal texts. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100 + 0)
}

/** How a shape is painted. */
export interface Paint {
  /** Default none. */
  readonly fill?: string
  /** Default none. */
  readonly stroke?: string
  /** Width of the stroke. Default 1. */
  readonly width?: number
}

/** Colours of all pictures. */
export const palette = {
  ground: '#f6f5f1',
  ink: '#2b2b33',
  faint: '#c9c6bd',
  agent: '#2f6fb2',
  goal: '#3f9a5a',
  warm: '#c7622d',
  gold: '#d9a520',
} as const

function painted({ fill = 'none', stroke = 'none', width = 1 }: Paint): string {
  return `fill="${fill}" stroke="${stroke}" stroke-width="${short(width)}" stroke-linecap="round"`
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, paint: Paint): string {
  return `<line x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}" ${painted(paint)}/>`
}

/** A rectangle from its upper left corner. */
export function rectangle(x: number, y: number, width: number, height: number, paint: Paint): string {
  return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" ${painted(paint)}/>`
}

/** A circle. */
export function circle(x: number, y: number, radius: number, paint: Paint): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" ${painted(paint)}/>`
}

/** Joined points: a curve, or (with a fill) a polygon. */
export function polyline(points: readonly (readonly [number, number])[], paint: Paint): string {
  return `<polyline points="${points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')}" ${painted(paint)}/>`
}

/** A whole picture of this size with its origin in the upper left corner. */
export function picture(title: string, width: number, height: number, shapes: readonly string[]): string {
  const size = `width="${short(width)}" height="${short(height)}" viewBox="0 0 ${short(width)} ${short(height)}"`
  const ground = rectangle(0, 0, width, height, { fill: palette.ground })
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><title>${title}</title>${ground}${shapes.join('')}</svg>`
}

/** `name value` pairs in one line, for worlds that have no drawing in characters. */
export function values(world: string, names: readonly string[], state: Float64Array): string {
  return `${world}: ${names.map((name, i) => `${name} ${state[i].toFixed(3)}`).join(', ')}`
}
