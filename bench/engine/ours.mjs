/** The workloads in @guerdon/tensor. Arguments: workload, arrays file (safetensors), threads. See protocol.mjs. */
import { readFileSync } from 'node:fs'
import * as t from '@guerdon/tensor'
import { serve } from './protocol.mjs'
import { adam, model } from './workloads.mjs'

const [name, path, threads] = process.argv.slice(2)
const { layers, heads, width, vocabulary } = model
const { tensors } = t.readSafetensors(readFileSync(path))
const parameters = Object.fromEntries(Object.entries(tensors).filter(([key]) => !key.startsWith('data.')))
const data = Object.fromEntries(
  Object.entries(tensors).flatMap(([key, array]) => (key.startsWith('data.') ? [[key.slice(5), array]] : [])),
)
const options = { threads: Number(threads) }

const dense = (p, name, x) => t.add(t.matmul(x, p[`${name}.weight`]), p[`${name}.bias`])
const norm = (p, name, x) => t.layerNorm(x, { scale: p[`${name}.scale`], bias: p[`${name}.shift`] })

/** One layer; `past` holds the keys and values of earlier positions, which are extended. */
function block(p, i, x, past) {
  const [batch, length] = x.shape
  const split = part => t.transpose(t.reshape(part, [batch, length, heads, width / heads]), [0, 2, 1, 3])
  let [query, key, value] = t
    .split(dense(p, `layer${i}.qkv`, norm(p, `layer${i}.norm1`, x)), 3, { axis: -1 })
    .map(split)
  if (past !== undefined) {
    key = past.keys[i] = past.keys[i] ? t.concat([past.keys[i], key], { axis: 2 }) : key
    value = past.values[i] = past.values[i] ? t.concat([past.values[i], value], { axis: 2 }) : value
  }
  let scores = t.mul(t.matmul(query, key, { transposeB: true }), 1 / Math.sqrt(width / heads))
  if (length > 1) scores = t.where(t.causalMask(length), scores, Number.NEGATIVE_INFINITY)
  const mixed = t.reshape(t.transpose(t.matmul(t.softmax(scores), value), [0, 2, 1, 3]), [batch, length, width])
  const attended = t.add(x, dense(p, `layer${i}.out`, mixed))
  const hidden = t.gelu(dense(p, `layer${i}.up`, norm(p, `layer${i}.norm2`, attended)))
  return t.add(attended, dense(p, `layer${i}.down`, hidden))
}

function logits(p, tokens) {
  const length = tokens.shape[1]
  const position = t.slice(p['embed.position'], { starts: [0], ends: [length] })
  let x = t.add(t.gather(p['embed.token'], tokens), position)
  for (let i = 0; i < layers; i++) x = block(p, i, x)
  return dense(p, 'head', norm(p, 'final', x))
}

const mlp = (p, x) => dense(p, 'dense2', t.tanh(dense(p, 'dense1', t.tanh(dense(p, 'dense0', x)))))

const losses = {
  transformer: (p, { tokens, targets }) => t.crossEntropy(logits(p, tokens), targets),
  mlp: (p, { x, y }) => t.mean(t.square(t.sub(mlp(p, x), y))),
  conv(p, { x, labels }) {
    let out = x
    for (let i = 0; i < 2; i++) {
      const bias = t.reshape(p[`conv${i}.bias`], [-1, 1, 1])
      out = t.maxPool2d(t.relu(t.add(t.conv2d(out, p[`conv${i}.weight`], { padding: 1 }), bias)), { kernel: 2 })
    }
    return t.crossEntropy(dense(p, 'dense0', t.reshape(out, [x.shape[0], -1])), labels)
  },
  penalty(p, { real, fake, mixed }) {
    const slope = t.grad(x => t.sum(mlp(p, x)))(mixed)
    const penalty = t.mean(t.square(t.sub(t.norm(slope, { axis: 1 }), 1)))
    return t.add(t.sub(t.mean(mlp(p, fake)), t.mean(mlp(p, real))), t.mul(10, penalty))
  },
}

async function training(loss) {
  const update = (p, first, second, count, inputs) => {
    const { value, gradient } = t.valueAndGrad(loss)(p, inputs)
    const rate = t.div(adam.rate, t.sub(1, t.pow(adam.beta1, count)))
    const scale = t.div(1, t.sub(1, t.pow(adam.beta2, count)))
    const next = { p: {}, first: {}, second: {} }
    for (const key of Object.keys(p)) {
      const g = gradient[key]
      const mean = t.add(t.mul(adam.beta1, first[key]), t.mul(1 - adam.beta1, g))
      const square = t.add(t.mul(adam.beta2, second[key]), t.mul(1 - adam.beta2, t.square(g)))
      const direction = t.div(mean, t.add(t.sqrt(t.mul(square, scale)), adam.epsilon))
      next.p[key] = t.sub(p[key], t.mul(direction, rate))
      next.first[key] = mean
      next.second[key] = square
    }
    return { value, next }
  }
  const zeros = () => {
    return Object.fromEntries(
      Object.entries(parameters).map(([key, { dtype, shape, data }]) => [
        key,
        { dtype, shape, data: data.map(() => 0) },
      ]),
    )
  }
  let state = { p: parameters, first: zeros(), second: zeros() }
  let count = 0
  const compiled = await t.compile(update, [state.p, state.first, state.second, 1, data], options)
  return async () => {
    count++
    const { value, next } = await compiled.run(state.p, state.first, state.second, count, data)
    state = next
    return value.data[0]
  }
}

const others = {
  async call() {
    const compiled = await t.compile(x => t.add(x, 1), [data.x], options)
    return async () => (await compiled.run(data.x)).data[0]
  },
}

const step = losses[name] ? await training(losses[name]) : await others[name]()
const { version } = JSON.parse(readFileSync(new URL('../../packages/tensor/package.json', import.meta.url), 'utf8'))
await serve(`Guerdon ${version}`, step)
