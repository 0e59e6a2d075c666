import { GuerdonError } from '@guerdon/core'
import type { Tensor } from '../graph.ts'
import { add, clip, minimum, mul, pow } from '../operators/binary.ts'
import { less, where } from '../operators/compare.ts'
import type { Operand } from '../operators/source.ts'
import { cos, floor } from '../operators/unary.ts'

/** A learning rate as a function of the number of updates made before, a float scalar counting from 0. */
export type Schedule = (update: Tensor) => Operand

/** The same rate always. */
export function constantSchedule(rate: number): Schedule {
  return () => rate
}

function fraction(update: Tensor, updates: number): Tensor {
  if (!(updates > 0)) {
    throw new GuerdonError('invalid_option', `expected updates > 0 in a schedule; got ${updates}`, {
      path: ['updates'],
    })
  }
  return clip(mul(update, 1 / updates), { minimum: 0, maximum: 1 })
}

/** From `start` to `end` along a straight line over `updates` updates, then `end`. */
export function linearSchedule(options: { start: number; end: number; updates: number }): Schedule {
  const { start, end, updates } = options
  return update => add(start, mul(end - start, fraction(update, updates)))
}

/** end + (start − end)·(1 + cos(π·u))/2 with u from 0 to 1 over `updates` updates, then `end` (default 0). */
export function cosineSchedule(options: { start: number; end?: number; updates: number }): Schedule {
  const { start, end = 0, updates } = options
  return update => add(end, mul((start - end) / 2, add(1, cos(mul(Math.PI, fraction(update, updates))))))
}

/** start·decay^u after u updates; with `every`, decay^⌊u/every⌋. */
export function exponentialSchedule(options: { start: number; decay: number; every?: number }): Schedule {
  const { start, decay, every } = options
  return update => mul(start, pow(decay, every === undefined ? update : floor(mul(add(update, 0.5), 1 / every))))
}

/** Grows in a straight line from 0 over the first `updates` updates (the first uses 1/updates), then follows `next`, counted from there. */
export function warmup(next: Schedule, options: { updates: number }): Schedule {
  const { updates } = options
  return update => {
    const rising = mul(next(mul(update, 0)), minimum(mul(add(update, 1), 1 / updates), 1))
    return where(less(update, updates), rising, next(add(update, -updates)))
  }
}
