import { jsonLine } from '@guerdon/core'
import type { QueryResult } from '@guerdon/store'
import { excerpt, formatItems, formatNumber } from '../score/format.ts'
import { alignedTable } from '../table.ts'

const ROWS_SHOWN = 200
const CELL_WIDTH = 60

/** The rows of a query as an aligned table, the first 200 of them. */
export function resultTable({ columns, rows }: QueryResult): string {
  const shown = rows.slice(0, ROWS_SHOWN).map(row => columns.map(column => cellText(row[column])))
  const more =
    rows.length > shown.length ? `\n… ${formatItems(rows.length, 'row')} in all; --json and --csv give them` : ''
  if (rows.length === 0) return 'no rows\n'
  return `${alignedTable(
    columns.map(name => excerpt(name, CELL_WIDTH)),
    shown,
  )}${more}\n`
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number') return formatNumber(value)
  return excerpt(typeof value === 'string' ? value : JSON.stringify(value), CELL_WIDTH)
}

/** The rows as one list of JSON. */
export function resultJson({ rows }: QueryResult): string {
  return jsonLine(rows)
}

/**
 * The rows as CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front, as it may come from a
 * model.
 */
export function resultCsv({ columns, rows }: QueryResult): string {
  const lines = [columns, ...rows.map(row => columns.map(column => row[column]))]
  return lines.map(cells => `${cells.map(csvCell).join(',')}\r\n`).join('')
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replace(/"/g, '""')}"` : harmless
}
