/** The workloads in TensorFlow.js with its WASM backend. Arguments: workload, arrays file (safetensors), threads. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { readSafetensors } from '@guerdon/tensor'
import * as tf from '@tensorflow/tfjs'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { serve } from '../protocol.mjs'
import { adam, model } from '../workloads.mjs'

const [name, path, threads] = process.argv.slice(2)
const require = createRequire(import.meta.url)
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`)
setThreadsCount(Number(threads))
// The WASM backend has no kernel for the gradient of a convolution's filter; the library's other backend for Node does.
const backend = name === 'conv' ? 'cpu' : 'wasm'
await tf.setBackend(backend)
await tf.ready()

const { layers, heads, width } = model
const { tensors } = readSafetensors(readFileSync(path))
const p = {}
const data = {}
for (const [key, { shape, dtype, data: values }] of Object.entries(tensors)) {
  const tensor = tf.tensor(values, shape, dtype)
  if (key.startsWith('data.')) data[key.slice(5)] = tensor
  else p[key] = tf.variable(tensor)
}

function dense(name, x) {
  const weight = p[`${name}.weight`]
  const flat = x.rank === 2 ? x : x.reshape([-1, x.shape.at(-1)])
  return flat
    .matMul(weight)
    .add(p[`${name}.bias`])
    .reshape([...x.shape.slice(0, -1), weight.shape[1]])
}

function norm(name, x) {
  const centred = x.sub(x.mean(-1, true))
  const scale = centred.square().mean(-1, true).add(1e-5).rsqrt()
  return centred.mul(scale).mul(p[`${name}.scale`]).add(p[`${name}.shift`])
}

const gelu = x => x.mul(x.mul(Math.SQRT1_2).erf().add(1)).mul(0.5)

function block(i, x, past) {
  const [batch, length] = x.shape
  const parts = tf.split(dense(`layer${i}.qkv`, norm(`layer${i}.norm1`, x)), 3, -1)
  let [q, k, v] = parts.map(part => part.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]))
  if (past) {
    k = past.keys[i] = past.keys[i] ? tf.concat([past.keys[i], k], 2) : k
    v = past.values[i] = past.values[i] ? tf.concat([past.values[i], v], 2) : v
  }
  let scores = tf.matMul(q, k, false, true).mul(1 / Math.sqrt(width / heads))
  if (length > 1) {
    const future = tf.linalg
      .bandPart(tf.ones([length, length]), -1, 0)
      .sub(1)
      .mul(1e9)
    scores = scores.add(future)
  }
  const mixed = tf.matMul(tf.softmax(scores), v).transpose([0, 2, 1, 3]).reshape([batch, length, width])
  const attended = x.add(dense(`layer${i}.out`, mixed))
  return attended.add(dense(`layer${i}.down`, gelu(dense(`layer${i}.up`, norm(`layer${i}.norm2`, attended)))))
}

// A one-hot product: the gradient of gather has no kernel in the WASM backend.
const embed = tokens => tf.oneHot(tokens, model.vocabulary).cast('float32').reshape([-1, model.vocabulary])

function logits(tokens) {
  const [batch, length] = tokens.shape
  const embedded = embed(tokens).matMul(p['embed.token']).reshape([batch, length, width])
  let x = embedded.add(p['embed.position'].slice([0, 0], [length, width]))
  for (let i = 0; i < layers; i++) x = block(i, x)
  return dense('head', norm('final', x))
}

const critic = x => dense('dense2', dense('dense1', dense('dense0', x).tanh()).tanh()).squeeze([1])

const losses = {
  transformer() {
    const out = logits(data.tokens).reshape([-1, model.vocabulary])
    return tf.logSoftmax(out).mul(embed(data.targets)).sum().div(-data.targets.size)
  },
  mlp: () =>
    dense('dense2', dense('dense1', dense('dense0', data.x).tanh()).tanh())
      .sub(data.y)
      .square()
      .mean(),
  conv() {
    let x = data.x.transpose([0, 2, 3, 1])
    for (let i = 0; i < 2; i++) {
      const filter = p[`conv${i}.weight`].transpose([2, 3, 1, 0])
      x = tf.maxPool(tf.conv2d(x, filter, 1, 'same').add(p[`conv${i}.bias`]).relu(), 2, 2, 'valid')
    }
    const out = dense('dense0', x.transpose([0, 3, 1, 2]).reshape([x.shape[0], -1]))
    return tf.logSoftmax(out).mul(tf.oneHot(data.labels, 10)).sum().div(-x.shape[0])
  },
  penalty() {
    const slope = tf.grad(x => critic(x).sum())(data.mixed)
    const penalty = slope.square().sum(1).sqrt().sub(1).square().mean().mul(10)
    return critic(data.fake).mean().sub(critic(data.real).mean()).add(penalty)
  },
}

const optimiser = tf.train.adam(adam.rate, adam.beta1, adam.beta2, adam.epsilon)

function train(loss) {
  const value = optimiser.minimize(loss, true)
  const number = value.dataSync()[0]
  value.dispose()
  return number
}

const others = {
  call: () => {
    const sum = data.x.add(1)
    const value = sum.dataSync()[0]
    sum.dispose()
    return value
  },
  sampling: () =>
    tf.tidy(() => {
      const past = { keys: [], values: [] }
      const sampled = []
      let token = data.first
      for (let t = 0; t < data.gumbel.shape[0]; t++) {
        const position = p['embed.position'].slice([t, 0], [1, width])
        let x = tf.gather(p['embed.token'], token).add(position).expandDims(1)
        for (let i = 0; i < layers; i++) x = block(i, x, past)
        const noise = data.gumbel.slice([t, 0, 0], [1, -1, -1]).squeeze([0])
        token = dense('head', norm('final', x)).squeeze([1]).add(noise).argMax(-1)
        sampled.push(token)
      }
      return tf.stack(sampled, 1).sum().dataSync()[0]
    }),
  prefix: () =>
    tf.tidy(() => {
      let tokens = data.first.expandDims(1)
      const first = data.first.sum().dataSync()[0]
      for (let t = 0; t < data.gumbel.shape[0]; t++) {
        const noise = data.gumbel.slice([t, 0, 0], [1, -1, -1]).squeeze([0])
        const next = tf.tidy(() => {
          const last = logits(tokens).slice([0, t, 0], [-1, 1, -1]).squeeze([1])
          return last.add(noise).argMax(-1)
        })
        tokens = tf.concat([tokens, next.expandDims(1)], 1)
      }
      return tokens.sum().dataSync()[0] - first
    }),
}

const step = losses[name] ? () => train(losses[name]) : others[name]
await serve(`TensorFlow.js ${tf.version.tfjs}`, step, backend === 'cpu' ? 'plain JavaScript backend' : undefined)
