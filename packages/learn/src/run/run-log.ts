import { describeValue, GuerdonError } from '@guerdon/core'
import type { CurvePoint } from './learner.ts'
import type { StateOwner } from './learner-state.ts'

/** A point with the update it belongs to, counted from 1. */
export interface LoggedPoint {
  readonly update: number
  readonly point: CurvePoint
}

/** What a run's log says. */
export interface RunLog extends StateOwner {
  readonly points: readonly LoggedPoint[]
}

const version = 1

/** The first line of a log. */
export function runHeader({ name, settings }: StateOwner): string {
  return `${JSON.stringify({ run: name, version, settings })}\n`
}

/** The line of one point. Holds no clock, so the same run always writes the same bytes. */
export function pointLine(update: number, point: CurvePoint): string {
  for (const [name, value] of Object.entries(point)) {
    if (value === null || Number.isFinite(value)) continue
    throw new GuerdonError('not_finite', `expected finite measurements; got ${value} — ${name} of update ${update}`, {
      path: [name],
      hint: 'training has diverged: lower the learning rate or go back to an earlier checkpoint',
    })
  }
  return `${JSON.stringify({ update, ...point })}\n`
}

/**
 * Reads a run's log, JSON lines: first `{"run", "version", "settings"}`, then a point an update, `{"update": 1, …}`. A
 * last line without its end, left by a process that was killed, is passed over.
 *
 * @returns null when not even the first line is whole
 * @throws parse naming the line, version
 */
export function parseRunLog(text: string, file?: string): RunLog | null {
  const where = file === undefined ? {} : { file }
  const lines = text.split('\n').slice(0, -1)
  if (lines.length === 0) return null
  const records = lines.map((line, i) => parseLine(line, { ...where, line: i + 1 }))
  const header = records[0]
  if (typeof header['run'] !== 'string' || typeof header['settings'] !== 'object') {
    throw new GuerdonError('parse', `expected the log of a run; its first line is ${describeValue(lines[0])}`, {
      ...where,
      line: 1,
    })
  }
  if (header['version'] !== version) {
    throw new GuerdonError('version', `expected a log of version ${version}; got version ${header['version']}`, where)
  }
  const points = records.slice(1).map((record, i) => {
    const { update, ...point } = record
    if (update === i + 1) return { update, point: point as CurvePoint }
    throw new GuerdonError('parse', `expected the point of update ${i + 1}; got update ${describeValue(update)}`, {
      ...where,
      line: i + 2,
    })
  })
  return { name: header['run'], settings: header['settings'] as RunLog['settings'], points }
}

function parseLine(line: string, where: { file?: string; line: number }): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // told below
  }
  throw new GuerdonError('parse', `expected a JSON object a line; got ${describeValue(line)}`, where)
}
