/** The workloads in @guerdon/tensor. Arguments: workload, arrays file (safetensors), threads, `wasm`? See protocol.mjs. */
import { readFileSync } from 'node:fs'
import * as t from '@guerdon/tensor'
import { serve } from './protocol.mjs'
import { adam, model } from './workloads.mjs'

const [name, path, threads, runtime] = process.argv.slice(2)
const { tensors } = t.readSafetensors(readFileSync(path))
const options = { threads: Number(threads), backend: runtime === 'wasm' ? t.webBackend : t.nodeBackend }
const { heads } = model

const dense = key => ({ weight: tensors[`${key}.weight`], bias: tensors[`${key}.bias`] })
const norm = key => ({ scale: tensors[`${key}.scale`], bias: tensors[`${key}.shift`] })
const data = key => tensors[`data.${key}`]

const transformerParameters = () => ({
  token: { table: tensors['embed.token'] },
  position: tensors['embed.position'],
  blocks: Array.from({ length: model.layers }, (_, i) => ({
    attentionNorm: norm(`layer${i}.norm1`),
    attention: { projection: dense(`layer${i}.qkv`), output: dense(`layer${i}.out`) },
    hiddenNorm: norm(`layer${i}.norm2`),
    expand: dense(`layer${i}.up`),
    contract: dense(`layer${i}.down`),
  })),
  final: norm('final'),
  head: dense('head'),
})

const denseParameters = () => [0, 1, 2].filter(i => `dense${i}.weight` in tensors).map(i => dense(`dense${i}`))

function logits(p, tokens) {
  const position = t.slice(p.position, { starts: [0], ends: [tokens.shape[1]] })
  const embedded = t.add(t.embedding(p.token, tokens), position)
  const mixed = p.blocks.reduce((x, block) => t.transformerBlock(block, x, { heads, causal: true }), embedded)
  return t.dense(p.head, t.layerNormLayer(p.final, mixed))
}

const critic = (p, x) => t.mlp(p, x, { activation: t.tanh })

/** Loss, initial parameters and batch of each training workload. */
const trainings = {
  transformer: () => ({
    loss: (p, tokens, targets) => t.crossEntropy(logits(p, tokens), targets),
    parameters: transformerParameters(),
    batch: [data('tokens'), data('targets')],
  }),
  mlp: () => ({
    loss: (p, x, y) => t.mean(t.square(t.sub(critic(p, x), y))),
    parameters: denseParameters(),
    batch: [data('x'), data('y')],
  }),
  conv: () => ({
    loss(p, x, labels) {
      const convolved = p.layers.reduce((image, { weight, bias }) => {
        const filtered = t.add(t.conv2d(image, weight, { padding: 1 }), t.reshape(bias, [-1, 1, 1]))
        return t.maxPool2d(t.relu(filtered), { kernel: 2 })
      }, x)
      return t.crossEntropy(t.dense(p.head, t.reshape(convolved, [x.shape[0], -1])), labels)
    },
    parameters: { layers: [dense('conv0'), dense('conv1')], head: dense('dense0') },
    batch: [data('x'), data('labels')],
  }),
  penalty: () => ({
    loss(p, real, fake, mixed) {
      const slope = t.grad(x => t.sum(critic(p, x)))(mixed)
      const penalty = t.mean(t.square(t.sub(t.norm(slope, { axis: 1 }), 1)))
      return t.add(t.sub(t.mean(critic(p, fake)), t.mean(critic(p, real))), t.mul(10, penalty))
    },
    parameters: denseParameters(),
    batch: [data('real'), data('fake'), data('mixed')],
  }),
}

async function training({ loss, parameters, batch }) {
  const { rate, beta1, beta2, epsilon } = adam
  const optimiser = t.adam({ learningRate: rate, beta1, beta2, epsilon })
  let state = optimiser.initial(parameters)
  let current = parameters
  const step = await t.compile(t.trainingStep(loss, optimiser), [current, state, ...batch], options)
  return async () => {
    const next = await step.run(current, state, ...batch)
    current = next.parameters
    state = next.state
    return next.loss.data[0]
  }
}

/** The arrays along the first axis, without copying. */
function rows({ shape: [count, ...shape], data }) {
  const size = data.length / count
  return Array.from({ length: count }, (_, i) => t.ndarray(data.subarray(i * size, (i + 1) * size), { shape }))
}

/** The next token of every sequence, drawn by Gumbel noise, with the cache's new entries. */
function sampleNext(p, token, caches, position, noise) {
  let x = t.expandDims(t.add(t.embedding(p.token, token), t.gather(p.position, position)), { axis: 1 })
  const entries = caches.map((cache, i) => {
    const step = t.transformerBlockStep(p.blocks[i], x, cache, position, { heads })
    x = step.output
    return step.entry
  })
  const scores = t.squeeze(t.dense(p.head, t.layerNormLayer(p.final, x)), { axis: 1 })
  const next = t.argMax(t.add(scores, noise))
  return { token: next, entries, sum: t.sum(next) }
}

const others = {
  async call() {
    const compiled = await t.compile(x => t.add(x, 1), [data('x')], options)
    return async () => (await compiled.run(data('x'))).data[0]
  },
  async sampling() {
    const parameters = transformerParameters()
    const [length, batch] = data('gumbel').shape
    const caches = parameters.blocks.map(() => t.attentionCache({ batch, heads, length, width: model.width }))
    const noise = rows(data('gumbel'))
    const at = i => t.ndarray(i, { dtype: 'int32' })
    const step = await t.compile(sampleNext, [parameters, data('first'), caches, at(0), noise[0]], options)
    return async () => {
      let [token, sum] = [data('first'), 0]
      for (let i = 0; i < length; i++) {
        const next = await step.run(parameters, token, caches, at(i), noise[i])
        for (const [layer, entry] of next.entries.entries()) t.extendCache(caches[layer], entry, i)
        token = next.token
        sum += next.sum.data[0]
      }
      return sum
    }
  },
  async prefix() {
    const parameters = transformerParameters()
    const [length, batch] = data('gumbel').shape
    const noise = rows(data('gumbel'))
    const step = t.jit((p, tokens, noise) => {
      const all = logits(p, tokens)
      const last = t.slice(all, { starts: [-1], ends: [tokens.shape[1]], axes: [1] })
      const token = t.argMax(t.add(t.squeeze(last, { axis: 1 }), noise))
      return { tokens: t.concat([tokens, t.expandDims(token, { axis: 1 })], { axis: 1 }), sum: t.sum(token) }
    }, options)
    return async () => {
      let [tokens, sum] = [t.ndarray(data('first').data, { shape: [batch, 1] }), 0]
      for (let i = 0; i < length; i++) {
        const next = await step(parameters, tokens, noise[i])
        tokens = next.tokens
        sum += next.sum.data[0]
      }
      return sum
    }
  },
}

const step = trainings[name] ? await training(trainings[name]()) : await others[name]()
const { version } = JSON.parse(readFileSync(new URL('../../packages/tensor/package.json', import.meta.url), 'utf8'))
await serve(`Guerdon ${version}`, step)
