import colours from 'picocolors'
import { formatCount, formatNumber } from './format.ts'

const BAR_WIDTH = 36

/** Bars of a histogram, a line each. */
export function histogramLines(bars: readonly { low: number; high: number; count: number }[]): string[] {
  const most = Math.max(...bars.map(bar => bar.count))
  const edges = bars.map(({ low, high }) => `${formatNumber(low)} … ${formatNumber(high)}`)
  const width = Math.max(...edges.map(edge => edge.length))
  return bars.map(({ count }, i) => {
    const length = (BAR_WIDTH * count) / most
    const bar = count > 0 && length < 1 ? '▏' : '█'.repeat(Math.round(length))
    return `  ${edges[i].padStart(width)}  ${colours.cyan(bar.padEnd(BAR_WIDTH))} ${formatCount(count)}`
  })
}
