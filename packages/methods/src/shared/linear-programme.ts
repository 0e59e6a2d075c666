import { GuerdonError } from '@guerdon/core'

/** One row Σⱼ aⱼ·xⱼ, between `lower` and `upper` (either may be infinite; equal for an equality). */
export interface LinearRow {
  /** [n] */
  readonly coefficients: ArrayLike<number>
  readonly lower?: number
  readonly upper?: number
}

/** minimise cᵀx subject to the rows and to lowerⱼ ≤ xⱼ ≤ upperⱼ. */
export interface LinearProgramme {
  /** [n] */
  readonly cost: ArrayLike<number>
  readonly rows: readonly LinearRow[]
  /**
   * [n] lower and upper bounds of the variables; each variable needs a finite bound on the side its cost pulls it to.
   */
  readonly lower: ArrayLike<number>
  readonly upper: ArrayLike<number>
}

export type LinearProgrammeResult =
  | { readonly status: 'optimal'; readonly x: Float64Array; readonly objective: number }
  | { readonly status: 'infeasible' }

const FEASIBLE = 1e-9
const PIVOT = 1e-9

/**
 * Exact optimum of a linear programme by the bounded dual simplex method on a dense tableau.
 *
 * Every variable has a finite bound on the side its cost pulls it to, so the all-slack basis is dual feasible at once
 * and no first phase is needed; an unmendable row proves infeasibility. Ties are broken by size and, after a stall, by
 * index (Bland), so it ends. The tableau is rebuilt from the basis before the result is trusted. Suited to hundreds of
 * variables and rows.
 *
 * @throws invalid_option when a variable's bounds leave the problem unbounded or cross
 */
export function solveLinearProgramme(programme: LinearProgramme): LinearProgrammeResult {
  const tableau = new Tableau(programme)
  for (let round = 0; round < 4; round++) {
    if (!tableau.iterate()) return { status: 'infeasible' }
    tableau.rebuild()
    if (tableau.mostViolatedRow(false) < 0) break
  }
  const x = tableau.solution()
  let objective = 0
  for (let j = 0; j < x.length; j++) objective += programme.cost[j] * x[j]
  return { status: 'optimal', x, objective }
}

/** Rows are basic variables, columns non-basic ones: x_B = Σⱼ entry·x_N. Variables n … n+m−1 are the row activities. */
class Tableau {
  readonly #n: number
  readonly #m: number
  readonly #programme: LinearProgramme
  readonly #lower: Float64Array
  readonly #upper: Float64Array
  /** [m·n] */
  #entries: Float64Array
  /** [n] reduced costs. */
  #reduced: Float64Array
  readonly #basic: Int32Array
  readonly #nonBasic: Int32Array
  /** Current value of every variable. */
  readonly #value: Float64Array

  constructor(programme: LinearProgramme) {
    const n = programme.cost.length
    const m = programme.rows.length
    this.#n = n
    this.#m = m
    this.#programme = programme
    this.#lower = new Float64Array(n + m)
    this.#upper = new Float64Array(n + m)
    this.#value = new Float64Array(n + m)
    this.#basic = Int32Array.from({ length: m }, (_, i) => n + i)
    this.#nonBasic = Int32Array.from({ length: n }, (_, j) => j)
    for (let j = 0; j < n; j++) {
      this.#lower[j] = programme.lower[j]
      this.#upper[j] = programme.upper[j]
      const cost = programme.cost[j]
      if (this.#lower[j] > this.#upper[j]) throw boundError(j, 'a lower bound not above its upper bound')
      const start = cost < 0 || (cost === 0 && !Number.isFinite(this.#lower[j])) ? this.#upper[j] : this.#lower[j]
      if (!Number.isFinite(start)) throw boundError(j, 'a finite bound on the side its cost pulls it to')
      this.#value[j] = start
    }
    for (let i = 0; i < m; i++) {
      this.#lower[n + i] = programme.rows[i].lower ?? Number.NEGATIVE_INFINITY
      this.#upper[n + i] = programme.rows[i].upper ?? Number.POSITIVE_INFINITY
    }
    this.#entries = this.#initialEntries()
    this.#reduced = Float64Array.from(programme.cost)
    this.#refreshBasicValues()
  }

  #initialEntries(): Float64Array {
    const entries = new Float64Array(this.#m * this.#n)
    for (let i = 0; i < this.#m; i++) entries.set(this.#programme.rows[i].coefficients, i * this.#n)
    return entries
  }

  #refreshBasicValues(): void {
    for (let i = 0; i < this.#m; i++) {
      let value = 0
      for (let j = 0; j < this.#n; j++) value += this.#entries[i * this.#n + j] * this.#value[this.#nonBasic[j]]
      this.#value[this.#basic[i]] = value
    }
  }

  /**
   * Row whose basic variable lies furthest outside its bounds (lowest variable under Bland's rule); −1 when none does.
   */
  mostViolatedRow(bland: boolean): number {
    let chosen = -1
    let worst = FEASIBLE
    for (let i = 0; i < this.#m; i++) {
      const variable = this.#basic[i]
      const scale = 1 + Math.abs(this.#value[variable])
      const violation =
        Math.max(this.#lower[variable] - this.#value[variable], this.#value[variable] - this.#upper[variable]) / scale
      if (violation <= FEASIBLE) continue
      if (bland ? chosen < 0 || variable < this.#basic[chosen] : violation > worst) {
        chosen = i
        worst = violation
      }
    }
    return chosen
  }

  /** Dual simplex steps until primal feasible; false when a row cannot be mended. */
  iterate(): boolean {
    const limit = 50 * (this.#n + this.#m) + 1000
    for (let step = 0; ; step++) {
      if (step > limit) throw new GuerdonError('internal', `the dual simplex method did not end within ${limit} steps`)
      const bland = step > limit / 2
      const row = this.mostViolatedRow(bland)
      if (row < 0) return true
      const leaving = this.#basic[row]
      const below = this.#value[leaving] < this.#lower[leaving]
      const column = this.#enteringColumn(row, below, bland)
      if (column < 0) return false
      this.#pivot(row, column, below ? this.#lower[leaving] : this.#upper[leaving])
    }
  }

  /** Dual ratio test: the column that keeps all reduced costs on their side. */
  #enteringColumn(row: number, below: boolean, bland: boolean): number {
    const sign = below ? 1 : -1
    let chosen = -1
    let bestRatio = Number.POSITIVE_INFINITY
    for (let j = 0; j < this.#n; j++) {
      const variable = this.#nonBasic[j]
      if (this.#lower[variable] === this.#upper[variable]) continue
      const entry = sign * this.#entries[row * this.#n + j]
      if (Math.abs(entry) < PIVOT) continue
      // a variable at its lower bound may only rise, one at its upper bound only fall
      const atUpper = this.#value[variable] === this.#upper[variable]
      if (atUpper ? entry > 0 : entry < 0) continue
      const ratio = Math.abs(this.#reduced[j] / entry)
      const better = ratio < bestRatio - 1e-12
      const tie = Math.abs(ratio - bestRatio) <= 1e-12
      const wins = bland
        ? variable < this.#nonBasic[chosen]
        : Math.abs(entry) > Math.abs(this.#entries[row * this.#n + chosen])
      if (better || (tie && wins)) {
        chosen = j
        bestRatio = Math.min(bestRatio, ratio)
      }
    }
    return chosen
  }

  /** Exchanges the basic variable of `row` (set to `target`) with the non-basic one of `column`. */
  #pivot(row: number, column: number, target: number): void {
    const n = this.#n
    const entries = this.#entries
    const leaving = this.#basic[row]
    const entering = this.#nonBasic[column]
    const pivot = entries[row * n + column]
    const step = (target - this.#value[leaving]) / pivot
    for (let i = 0; i < this.#m; i++) this.#value[this.#basic[i]] += entries[i * n + column] * step
    this.#value[entering] += step
    this.#value[leaving] = target
    this.#exchange(row, column)
  }

  #exchange(row: number, column: number): void {
    const n = this.#n
    const entries = this.#entries
    const inverse = 1 / entries[row * n + column]
    const base = row * n
    for (let j = 0; j < n; j++) entries[base + j] *= -inverse
    entries[base + column] = inverse
    for (let i = 0; i < this.#m; i++) {
      if (i === row) continue
      const factor = entries[i * n + column]
      if (factor === 0) continue
      entries[i * n + column] = 0
      for (let j = 0; j < n; j++) entries[i * n + j] += factor * entries[base + j]
    }
    const factor = this.#reduced[column]
    this.#reduced[column] = 0
    if (factor !== 0) for (let j = 0; j < n; j++) this.#reduced[j] += factor * entries[base + j]
    const leaving = this.#basic[row]
    this.#basic[row] = this.#nonBasic[column]
    this.#nonBasic[column] = leaving
  }

  /** Recomputes entries and values from the basis, so that rounding of many pivots does not stay. */
  rebuild(): void {
    const n = this.#n
    const entering = Array.from(this.#basic).filter(variable => variable < n)
    const leaving = new Set(Array.from(this.#nonBasic).filter(variable => variable >= n))
    for (let i = 0; i < this.#m; i++) this.#basic[i] = n + i
    for (let j = 0; j < n; j++) this.#nonBasic[j] = j
    this.#entries = this.#initialEntries()
    this.#reduced = Float64Array.from(this.#programme.cost)
    for (const column of entering) {
      let row = -1
      for (let i = 0; i < this.#m; i++) {
        if (!leaving.has(this.#basic[i])) continue
        if (row < 0 || Math.abs(this.#entries[i * n + column]) > Math.abs(this.#entries[row * n + column])) row = i
      }
      leaving.delete(this.#basic[row])
      this.#exchange(row, column)
    }
    this.#refreshBasicValues()
  }

  solution(): Float64Array {
    return this.#value.slice(0, this.#n)
  }
}

function boundError(variable: number, wanted: string): GuerdonError {
  return new GuerdonError('invalid_option', `expected variable ${variable} to have ${wanted}`, {
    path: ['lower', variable],
  })
}
