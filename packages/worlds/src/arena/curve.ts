/** Points of a curve, x ascending. */
export type Curve = readonly (readonly [x: number, y: number])[]

/** The value of a curve that is straight between its points and level beyond the last; x is not below the first. */
export function valueAt(curve: Curve, x: number): number {
  for (let i = 1; i < curve.length; i++) {
    const after = curve[i]
    if (x > after[0]) continue
    const before = curve[i - 1]
    return before[1] + ((x - before[0]) / (after[0] - before[0])) * (after[1] - before[1])
  }
  return curve[curve.length - 1][1]
}
