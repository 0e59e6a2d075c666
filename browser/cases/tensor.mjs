import { GuerdonError, Random, sha256 } from '@guerdon/core'
import {
  add,
  compile,
  exportOnnx,
  grad,
  interpret,
  isNdArray,
  jit,
  mean,
  mlp,
  mlpParameters,
  mul,
  ndarray,
  nestNames,
  norm,
  readSafetensors,
  safetensorsParts,
  square,
  sub,
  sum,
  tanh,
  treePaths,
  valueAndGrad,
  webBackend,
  writeSafetensors,
} from '@guerdon/tensor'
import { sequences, train, transformerLoss, transformerParameters } from './transformer.mjs'

/** The gradient, in the parameters, of the critic's value plus a penalty on the slope of its value in the input. */
const penaltyGradient = grad((layers, x) => {
  const value = input => sum(mlp(layers, input, { activation: tanh }))
  const slope = grad(value)(x)
  return add(mean(square(sub(norm(slope, { axis: 1 }), 1))), mul(value(x), 0.1))
})

const numbersOf = tree => treePaths(tree, isNdArray).map(({ path, leaf }) => [path, [...leaf.data]])

export const cases = [
  {
    // The first to need ONNX Runtime in the page, so that three compilations start it at once.
    name: 'functions compile and run in parallel',
    async run() {
      const squares = jit(x => sum(square(x)))
      const cubes = jit(x => sum(mul(x, square(x))))
      const first = await Promise.all([squares(ndarray([1, 2])), cubes(ndarray([1, 2])), squares(ndarray([1, 2, 3]))])
      const later = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? squares : cubes)(ndarray([i, 1]))),
      )
      return [...first, ...later].map(({ data }) => data[0])
    },
    verify(values, expect) {
      const later = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? i ** 2 : i ** 3) + 1)
      expect(values).toEqual([5, 9, 14, ...later])
    },
  },
  {
    name: 'the interpreter gives loss and gradient of a transformer',
    tolerance: 1e-12,
    run() {
      const { value, gradient } = interpret(valueAndGrad(transformerLoss))(transformerParameters(), ...sequences())
      return { loss: value.data[0], gradient: numbersOf(gradient) }
    },
    verify({ loss, gradient }, expect) {
      expect(loss).toBeGreaterThan(1)
      expect(gradient.flatMap(([, values]) => values).every(Number.isFinite)).toBe(true)
    },
  },
  {
    name: 'a transformer trains on the WebAssembly backend with the losses of the native one',
    tolerance: 1e-5,
    async run() {
      const { losses } = await train(12)
      return losses
    },
    verify(losses, expect) {
      expect(losses.length).toBe(12)
      expect(losses[11]).toBeLessThan(0.7 * losses[0])
    },
  },
  {
    name: 'the WebAssembly backend trains as it does in Node',
    tolerance: 1e-6,
    async run() {
      const { losses } = await train(4, { backend: webBackend })
      return losses
    },
  },
  {
    name: 'it trains in float64 with the losses of the native one',
    tolerance: 1e-10,
    async run() {
      const { losses } = await train(3, { dtype: 'float64' })
      return losses
    },
  },
  {
    name: 'the gradient of a gradient is 6x for the sum of x³',
    async run() {
      const cubes = x => sum(mul(x, square(x)))
      const second = grad(x => sum(grad(cubes)(x)))
      const x = ndarray([-2, -0.5, 0, 1, 3])
      const compiled = await jit(second)(x)
      return { compiled: [...compiled.data], interpreted: [...interpret(second)(x).data] }
    },
    verify({ compiled, interpreted }, expect) {
      expect(compiled.map(value => value + 0)).toEqual([-12, -3, 0, 6, 18])
      expect(interpreted.map(value => value + 0)).toEqual([-12, -3, 0, 6, 18])
    },
  },
  {
    name: 'the gradient of a gradient penalty is that of the interpreter',
    tolerance: 1e-10,
    async run() {
      const random = new Random(8)
      const layers = mlpParameters(random, [3, 16, 16, 1])
      const x = ndarray(random.normals(12), { shape: [4, 3] })
      const compiled = numbersOf(await jit(penaltyGradient, { dtype: 'float64' })(layers, x))
      const interpreted = numbersOf(interpret(penaltyGradient)(layers, x))
      return { compiled, interpreted }
    },
    verify({ compiled, interpreted }, expect) {
      const flat = named => named.flatMap(([, values]) => values)
      expect(flat(interpreted).some(value => Math.abs(value) > 0.01)).toBe(true)
      const differences = flat(compiled).map((value, i) => Math.abs(value - flat(interpreted)[i]))
      expect(Math.max(...differences)).toBeLessThan(1e-12)
    },
  },
  {
    name: 'a checkpoint goes through a Blob and comes back bit for bit',
    async run() {
      const { parameters } = await train(2)
      const metadata = { updates: '2', about: 'ünïcode' }
      const bytes = writeSafetensors(parameters, { metadata })
      const blob = new Blob(safetensorsParts(parameters, { metadata }), { type: 'application/octet-stream' })
      const read = readSafetensors(await blob.arrayBuffer())
      const before = JSON.stringify(numbersOf(parameters))
      return {
        same: JSON.stringify(numbersOf(nestNames(read.tensors))) === before,
        sameBytes: sha256([...new Uint8Array(await blob.arrayBuffer())].join()) === sha256([...bytes].join()),
        size: bytes.length,
        metadata: read.metadata,
      }
    },
    verify({ same, sameBytes, metadata }, expect) {
      expect({ same, sameBytes }).toEqual({ same: true, sameBytes: true })
      expect(metadata).toEqual({ updates: '2', about: 'ünïcode' })
    },
  },
  {
    name: 'an exported model has the bytes that Node writes',
    run() {
      const layers = mlpParameters(new Random(1), [2, 4, 1], { gain: 1 })
      const f = (parameters, x) => mlp(parameters, x, { activation: tanh })
      return sha256([...exportOnnx(f, [layers, ndarray([0, 1], { shape: [1, 2] })])].join())
    },
  },
  {
    name: 'a wrong shape is refused by name',
    async run() {
      const step = await compile(x => sum(x), [ndarray([1, 2, 3])])
      return step.run(ndarray([1, 2])).catch(error => ({
        guerdon: error instanceof GuerdonError,
        code: error.code,
        message: error.message,
      }))
    },
    verify(result, expect) {
      expect(result).toMatchObject({ guerdon: true, code: 'shape_mismatch' })
    },
  },
]
