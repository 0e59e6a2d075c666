import { Random } from '@guerdon/core'
import {
  adam,
  add,
  compile,
  crossEntropy,
  dense,
  denseParameters,
  embedding,
  embeddingParameters,
  layerNormLayer,
  layerNormParameters,
  ndarray,
  slice,
  trainingStep,
  transformerBlock,
  transformerBlockParameters,
} from '@guerdon/tensor'

const entries = 11
const width = 16
const [batchSize, length] = [4, 8]

/** Fresh parameters, the same at every call. */
export function transformerParameters() {
  const random = new Random(3)
  return {
    tokens: embeddingParameters(random, { entries, width, deviation: 0.2 }),
    positions: embeddingParameters(random, { entries: length, width, deviation: 0.2 }),
    blocks: [transformerBlockParameters(random, { width }), transformerBlockParameters(random, { width })],
    norm: layerNormParameters({ width }),
    head: denseParameters(random, { inputs: width, outputs: entries }),
  }
}

/** Cross entropy of the next token under a causal transformer of two blocks. */
export function transformerLoss(parameters, tokens, targets) {
  const positions = slice(parameters.positions.table, { starts: [0], ends: [length], axes: [0] })
  let x = add(embedding(parameters.tokens, tokens), positions)
  for (const block of parameters.blocks) x = transformerBlock(block, x, { heads: 2, causal: true })
  return crossEntropy(dense(parameters.head, layerNormLayer(parameters.norm, x)), targets)
}

/** Each token follows from the one before it, so that there is something to learn. */
export function sequences() {
  const random = new Random(4)
  const tokens = new Int32Array(batchSize * length)
  const targets = new Int32Array(batchSize * length)
  for (let i = 0; i < tokens.length; i++) {
    tokens[i] = i % length === 0 ? random.integer(entries) : targets[i - 1]
    targets[i] = (3 * tokens[i] + 1) % entries
  }
  const shape = [batchSize, length]
  return [ndarray(tokens, { shape }), ndarray(targets, { shape })]
}

/** Trains with Adam from the first parameters: the loss before each update, and the last parameters. */
export async function train(updates, options) {
  const optimiser = adam({ learningRate: 0.01, clipNorm: 1 })
  const batch = sequences()
  let parameters = transformerParameters()
  let state = optimiser.initial(parameters)
  const step = await compile(trainingStep(transformerLoss, optimiser), [parameters, state, ...batch], options)
  const losses = []
  for (let update = 0; update < updates; update++) {
    const result = await step.run(parameters, state, ...batch)
    parameters = result.parameters
    state = result.state
    losses.push(result.loss.data[0])
  }
  await step.dispose()
  return { losses, parameters }
}
