import { escapeControls } from '@guerdon/core'

/** A number in at most four significant digits; a dash for none. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value)
  const magnitude = Math.abs(value)
  return magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)))
}

/** 12,345 */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** 1 group, 2,000 groups */
export function formatItems(count: number, singular: string): string {
  return `${formatCount(count)} ${count === 1 ? singular : `${singular}s`}`
}

/** 97.3 %; a dash when there is nothing to have a share of. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–'
  const percent = (100 * part) / whole
  const text = percent.toFixed(1)
  // Nothing that is not all is shown as all.
  if (part < whole && text === '100.0') return '>99.9 %'
  if (part > 0 && text === '0.0') return '<0.1 %'
  return `${text.replace('.0', '')} %`
}

/** Text a model wrote, as one safe line of at most `width` characters. */
export function excerpt(text: string, width: number): string {
  const line = escapeControls(text.replace(/\s+/g, ' ').trim())
  return [...line].length > width ? `${[...line].slice(0, width - 1).join('')}…` : line
}

/** 0.8 ms, 1.2 s */
export function formatTime(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toPrecision(3)} s`
  return milliseconds >= 1 ? `${milliseconds.toPrecision(3)} ms` : `${(milliseconds * 1000).toPrecision(3)} µs`
}
