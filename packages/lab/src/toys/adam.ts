/**
 * Adam for one array, ascending: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ + rate·m̂/(√v̂ + 10⁻⁸), β = (0.9, 0.999). For
 * tables of a few numbers, where a compiled training step would be all overhead.
 */
export function adamAscent(values: Float64Array, learningRate: number): (gradient: ArrayLike<number>) => void {
  const first = new Float64Array(values.length)
  const second = new Float64Array(values.length)
  let updates = 0
  return gradient => {
    updates++
    const firstScale = 1 - 0.9 ** updates
    const secondScale = 1 - 0.999 ** updates
    for (let i = 0; i < values.length; i++) {
      first[i] = 0.9 * first[i] + 0.1 * gradient[i]
      second[i] = 0.999 * second[i] + 0.001 * gradient[i] ** 2
      values[i] += (learningRate * (first[i] / firstScale)) / (Math.sqrt(second[i] / secondScale) + 1e-8)
    }
  }
}
