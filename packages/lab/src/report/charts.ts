import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** One line of a chart, with the band the seeds span. */
export interface Series {
  readonly label: string
  readonly colour: string
  readonly dashed?: boolean
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly low?: readonly number[]
  readonly high?: readonly number[]
}

export interface LineChartOptions {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly width?: number
  readonly height?: number
}

/** Lines with bands as an SVG element, ready to stand in a page. */
export function lineChart(series: readonly Series[], options: LineChartOptions): string {
  const { title, xLabel, yLabel, width = 460, height = 260 } = options
  const marks: Plot.Markish[] = [Plot.gridY({ strokeOpacity: 0.12 })]
  for (const { colour, x, y, low, high, dashed } of series) {
    if (low && high) {
      const band = x.map((at, i) => ({ at, low: low[i], high: high[i] }))
      marks.push(Plot.areaY(band, { x: 'at', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.12 }))
    }
    const points = x.map((at, i) => ({ at, value: y[i] }))
    const style = dashed ? { strokeDasharray: '5 3' } : {}
    marks.push(Plot.lineY(points, { x: 'at', y: 'value', stroke: colour, strokeWidth: 1.8, ...style }))
  }
  return draw(title, { width, height, marginLeft: 48, x: { label: xLabel }, y: { label: yLabel, nice: true }, marks })
}

/** One row of an interval chart. */
export interface IntervalRow {
  readonly label: string
  readonly colour: string
  readonly value: number
  readonly low: number
  readonly high: number
  /** Single seeds, drawn as faint dots. */
  readonly points: readonly number[]
}

/** Point estimates with their intervals, one row a thing compared, single seeds behind them. */
export function intervalChart(
  rows: readonly IntervalRow[],
  options: { title: string; xLabel: string; width?: number },
): string {
  const points = rows.flatMap(({ label, colour, points }) => points.map(value => ({ label, colour, value })))
  return draw(options.title, {
    width: options.width ?? 460,
    height: 50 + 26 * rows.length,
    marginLeft: widthOf(rows.map(row => row.label)),
    x: { label: options.xLabel, nice: true },
    y: { label: null, domain: rows.map(row => row.label) },
    marks: [
      Plot.gridX({ strokeOpacity: 0.12 }),
      Plot.dot(points, { x: 'value', y: 'label', r: 2.5, fill: 'colour', fillOpacity: 0.35 }),
      Plot.ruleY(rows, { x1: 'low', x2: 'high', y: 'label', stroke: 'colour', strokeWidth: 2.5 }),
      Plot.dot(rows, { x: 'value', y: 'label', r: 4.5, fill: 'colour' }),
    ],
  })
}

/** Room for labels beside an axis, in pixels: letters of the axis are hardly wider than this. */
function widthOf(labels: readonly string[]): number {
  return Math.max(150, 20 + 6.5 * Math.max(...labels.map(label => label.length)))
}

function draw(title: string, options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>')
  const plot = Plot.plot({
    ...options,
    ariaLabel: title,
    document: document as unknown as Document,
    style: { background: 'none', fontSize: '11px' },
  })
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>${plot.outerHTML}</figure>`
}

/** Text made safe to stand in HTML: markup escaped, control characters shown as their names. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
    .replace(/[^\P{Cc}\t\n]/gu, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
