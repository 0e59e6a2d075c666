/**
 * The float32 statistics of PyTorch on a CPU with 8-wide vectors, whose rounding residues the released trainers turn into
 * advantages. Good to groups of 512; longer sums are cascaded there.
 */

const width = 8
const unrolled = 4

/** Σ in float32 in PyTorch's order: four interleaved accumulators of 8 lanes, the tail, then the lanes. */
export function float32Sum(values: readonly number[]): number {
  const f = Math.fround
  const vectors = Math.floor(values.length / width)
  const blocks = Math.floor(vectors / unrolled)
  const lanes = new Float32Array(unrolled * width)
  for (let v = 0; v < vectors; v++) {
    const accumulator = v < blocks * unrolled ? v % unrolled : 0
    for (let j = 0; j < width; j++) lanes[accumulator * width + j] += f(values[v * width + j])
  }
  for (let k = 1; k < unrolled; k++) for (let j = 0; j < width; j++) lanes[j] += lanes[k * width + j]
  let total = 0
  for (let i = vectors * width; i < values.length; i++) total = f(total + f(values[i]))
  for (let j = 0; j < width; j++) total = f(total + lanes[j])
  return total
}

/** Mean in float32. */
export function float32Mean(values: readonly number[]): number {
  return Math.fround(float32Sum(values) / values.length)
}

/** Sample standard deviation about the float32 mean, squares summed in float64, result in float32; 0 for one value. */
export function float32SampleStd(values: readonly number[]): number {
  if (values.length < 2) return 0
  const mean = float32Mean(values)
  let squares = 0
  for (const value of values) squares += (Math.fround(value) - mean) ** 2
  return Math.fround(Math.sqrt(squares / (values.length - 1)))
}

/** √((E[x²] − E[x]²)·n/(n−1)) in float32 with sequential sums; a negative difference and one value alone give 0. */
export function float32SecondMomentStd(values: readonly number[]): number {
  const f = Math.fround
  const n = values.length
  if (n < 2) return 0
  let sum = 0
  let squares = 0
  for (const value of values) {
    sum = f(sum + f(value))
    squares = f(squares + f(f(value) * f(value)))
  }
  const mean = f(sum / n)
  const variance = f(f(f(squares / n) - f(mean * mean)) * f(n / (n - 1)))
  return variance > 0 ? f(Math.sqrt(variance)) : 0
}
