import type { Emitter } from '../lower/emitter.ts'
import type { DType } from '../ndarray.ts'

/**
 * Chebyshev coefficients, in u = 2t − 1 with t = 2/(2 + x), of ln(erfc(x)·e^(x²)/t) for x ≥ 0, computed with forty
 * digits. Truncated here the error of erf is below 1e-16.
 */
const coefficients = [
  -1.3026537197817094, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632, -0.0009465953444820369,
  0.00036683949785276145, 0.00004252332480690777, -0.000020278578112534242, -0.0000016242900046470256,
  0.0000013036558355805232, 1.5626441722066142e-8, -8.523809591492654e-8, 6.5290544390988515e-9, 5.059343495551469e-9,
  -9.91364156493033e-10, -2.273651222931836e-10, 9.646791102015527e-11, 2.3940380830391146e-12, -6.886027526497553e-12,
  8.944879273090725e-13, 3.130921399342958e-13, -1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15,
  -1.5230282014571043e-15, -9.457494571291233e-17, 1.210237189224279e-16, -2.816663087747177e-17,
]

/** erf of one number. Below 0.5 by its Taylor series, which keeps relative precision; above by the Chebyshev fit. */
export function erfScalar(x: number): number {
  const magnitude = Math.abs(x)
  if (magnitude < 0.5) {
    let term = x
    let sum = x
    for (let n = 1; n < 20; n++) {
      term *= -(x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  const t = 2 / (2 + magnitude)
  const u = 4 * t - 2
  let previous = 0
  let current = 0
  for (let j = coefficients.length - 1; j > 0; j--) {
    const next = u * current - previous + coefficients[j]
    previous = current
    current = next
  }
  const exponent = 0.5 * (u * current + coefficients[0]) - previous
  return Math.sign(x) * (1 - t * Math.exp(exponent - magnitude * magnitude))
}

/** The same fit as ONNX nodes, for element types that ONNX Runtime has no Erf kernel for. */
export function erfLowered(x: string, dtype: DType, emit: Emitter): string {
  const scalar = (value: number) => emit.scalar(value, dtype)
  const mul = (a: string, b: string) => emit.one('Mul', [a, b])
  const add = (a: string, b: string) => emit.one('Add', [a, b])
  const magnitude = emit.one('Abs', [x])
  const t = emit.one('Div', [scalar(2), add(magnitude, scalar(2))])
  const u = emit.one('Sub', [mul(t, scalar(4)), scalar(2)])
  let previous = scalar(0)
  let current = scalar(coefficients[coefficients.length - 1])
  for (let j = coefficients.length - 2; j > 0; j--) {
    const next = add(emit.one('Sub', [mul(u, current), previous]), scalar(coefficients[j]))
    previous = current
    current = next
  }
  const half = mul(scalar(0.5), add(mul(u, current), scalar(coefficients[0])))
  const exponent = emit.one('Sub', [emit.one('Sub', [half, previous]), mul(magnitude, magnitude)])
  const complement = mul(t, emit.one('Exp', [exponent]))
  return mul(emit.one('Sign', [x]), emit.one('Sub', [scalar(1), complement]))
}
