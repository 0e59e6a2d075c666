import { Random } from '@guerdon/core'
import type { Dense, Tensor } from '@guerdon/tensor'
import { adam, compile, mean, mlp, mlpParameters, ndarray, square, sub, tanh, trainingStep } from '@guerdon/tensor'

const loss = (layers: Dense[], x: Tensor, y: Tensor) => mean(square(sub(mlp(layers, x, { activation: tanh }), y)))

let parameters = mlpParameters(new Random(7), [1, 16, 1])
const optimiser = adam({ learningRate: 0.02, clipNorm: 1 })
let state = optimiser.initial(parameters)

const inputs = Float64Array.from({ length: 64 }, (_, i) => i / 32 - 1)
const x = ndarray(inputs, { shape: [64, 1] })
const y = ndarray(
  inputs.map(value => Math.sin(3 * value)),
  { shape: [64, 1] },
)

const step = await compile(trainingStep(loss, optimiser), [parameters, state, x, y])
let last = Number.POSITIVE_INFINITY
for (let update = 0; update < 400; update++) {
  const result = await step.run(parameters, state, x, y)
  parameters = result.parameters
  state = result.state
  last = result.loss.data[0]
}
console.log(`loss ${last.toFixed(4)}`)
