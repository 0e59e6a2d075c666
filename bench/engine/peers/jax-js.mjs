/** The workloads in jax-js with its WASM backend. Arguments: workload, arrays file (safetensors), threads (ignored). */
import './iterator-helpers.mjs'
import { readFileSync } from 'node:fs'
import { readSafetensors } from '@guerdon/tensor'
import { missing, serve } from '../protocol.mjs'
import { adam, model } from '../workloads.mjs'

const { defaultDevice, init, jit, lax, nn, numpy: np, tree, valueAndGrad } = await import('@jax-js/jax')
const [name, path] = process.argv.slice(2)
await init('wasm')
defaultDevice('wasm')

const { layers, heads, width, vocabulary } = model
const { tensors } = readSafetensors(readFileSync(path))
const initial = {}
const data = {}
for (const [key, { shape, dtype, data: values }] of Object.entries(tensors)) {
  const array = np.array(values, { shape, dtype: dtype === 'int32' ? np.int32 : np.float32 })
  if (key.startsWith('data.')) data[key.slice(5)] = array
  else initial[key] = array
}

// Every use of an array consumes a reference; `.ref` adds one.
function dense(p, name, x) {
  const lead = x.shape.slice(0, -1)
  const flat = x.reshape([-1, x.shape.at(-1)])
  const out = np.matmul(flat, p[`${name}.weight`].ref).add(p[`${name}.bias`].ref)
  return out.reshape([...lead, out.shape[1]])
}

function norm(p, name, x) {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }))
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true })
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(p[`${name}.scale`].ref)
    .add(p[`${name}.shift`].ref)
}

function heading(x, batch, length) {
  return x.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3])
}

function block(p, i, x, mask, past) {
  const [batch, length] = x.shape
  const qkv = dense(p, `layer${i}.qkv`, norm(p, `layer${i}.norm1`, x.ref))
  let [q, k, v] = np.split(qkv, 3, -1).map(part => heading(part, batch, length))
  if (past) {
    // A cache of fixed length, so that one compiled step serves all positions; `here` is one-hot over positions.
    const here = past.here.reshape([1, 1, -1, 1])
    k = past.keys[i] = past.keys[i].mul(np.subtract(1, here.ref)).add(k.mul(here.ref))
    v = past.values[i] = past.values[i].mul(np.subtract(1, here.ref)).add(v.mul(here))
    k = k.ref
    v = v.ref
  }
  const scores = np
    .matmul(q, k.transpose([0, 1, 3, 2]))
    .mul(1 / Math.sqrt(width / heads))
    .add(mask)
  const mixed = np.matmul(nn.softmax(scores, -1), v).transpose([0, 2, 1, 3]).reshape([batch, length, width])
  const attended = x.add(dense(p, `layer${i}.out`, mixed))
  const hidden = nn.gelu(dense(p, `layer${i}.up`, norm(p, `layer${i}.norm2`, attended.ref)), { approximate: false })
  return attended.add(dense(p, `layer${i}.down`, hidden))
}

const embed = tokens => nn.oneHot(tokens, vocabulary)

function logits(p, tokens) {
  const length = tokens.shape[1]
  const position = np.arange(length)
  const future = np.where(np.lessEqual(position.ref.reshape([1, -1]), position.reshape([-1, 1])), 0, -1e9)
  let x = np.matmul(embed(tokens), p['embed.token'].ref).add(p['embed.position'].ref.slice([0, length]))
  for (let i = 0; i < layers; i++) x = block(p, i, x, future.ref)
  future.dispose()
  return dense(p, 'head', norm(p, 'final', x))
}

const mlp = (p, x) => dense(p, 'dense2', np.tanh(dense(p, 'dense1', np.tanh(dense(p, 'dense0', x)))))

const losses = {
  transformer(p, { tokens, targets }) {
    const count = targets.shape[0] * targets.shape[1]
    return nn
      .logSoftmax(logits(p, tokens), -1)
      .mul(embed(targets))
      .sum()
      .mul(-1 / count)
  },
  mlp: (p, { x, y }) => np.mean(np.square(mlp(p, x).sub(y))),
  conv(p, { x, labels }) {
    const batch = x.shape[0]
    let out = x
    for (let i = 0; i < 2; i++) {
      const bias = p[`conv${i}.bias`].ref.reshape([1, -1, 1, 1])
      out = nn.relu(lax.conv(out, p[`conv${i}.weight`].ref, [1, 1], 'SAME').add(bias))
      const [n, channels, height] = out.shape
      out = np.max(out.reshape([n, channels, height / 2, 2, height / 2, 2]), [3, 5])
    }
    const scores = dense(p, 'dense0', out.reshape([batch, -1]))
    return nn
      .logSoftmax(scores, -1)
      .mul(nn.oneHot(labels, 10))
      .sum()
      .mul(-1 / batch)
  },
  penalty(p, { real, fake, mixed }) {
    const [value, slope] = valueAndGrad(x => mlp(p, x).sum())(mixed)
    value.dispose()
    const penalty = np.mean(np.square(np.sqrt(np.square(slope).sum(1)).sub(1))).mul(10)
    return np
      .mean(mlp(p, fake))
      .sub(np.mean(mlp(p, real)))
      .add(penalty)
  },
}

function training(loss) {
  const update = jit((p, first, second, correction, inputs) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(p), inputs)
    const next = { p: {}, first: {}, second: {} }
    for (const key of Object.keys(p)) {
      const gradient = gradients[key]
      const mean = first[key].mul(adam.beta1).add(gradient.ref.mul(1 - adam.beta1))
      const square = second[key].mul(adam.beta2).add(np.square(gradient).mul(1 - adam.beta2))
      const [rate, scale] = [correction.ref.slice(0), correction.ref.slice(1)]
      const direction = mean.ref.div(np.sqrt(square.ref.mul(scale)).add(adam.epsilon))
      next.p[key] = p[key].sub(direction.mul(rate))
      next.first[key] = mean
      next.second[key] = square
    }
    correction.dispose()
    return [value, next]
  })
  let state = {
    p: initial,
    first: tree.map(each => np.zerosLike(each.ref), initial),
    second: tree.map(each => np.zerosLike(each.ref), initial),
  }
  let count = 0
  return async () => {
    count++
    const correction = np.array([adam.rate / (1 - adam.beta1 ** count), 1 / (1 - adam.beta2 ** count)])
    const [value, next] = update(state.p, state.first, state.second, correction, tree.ref(data))
    state = next
    return (await value.data())[0]
  }
}

const sampleStep = jit((p, token, noise, here, keys, values) => {
  const past = { keys, values, here: here.ref }
  const mask = np.where(np.equal(np.cumsum(here.ref).sub(here.ref), 0), 0, -1e9)
  let x = np.matmul(embed(token), p['embed.token'].ref).add(np.matmul(here.reshape([1, -1]), p['embed.position'].ref))
  x = x.reshape([x.shape[0], 1, width])
  for (let i = 0; i < layers; i++) x = block(p, i, x, mask.ref, { ...past, here: past.here.ref })
  mask.dispose()
  past.here.dispose()
  const scores = dense(p, 'head', norm(p, 'final', x))
    .reshape([-1, vocabulary])
    .add(noise)
  tree.dispose(p)
  return [np.argmax(scores, -1), past.keys, past.values]
})

const others = {
  async call() {
    return (await data.x.ref.add(1).data())[0]
  },
  async sampling() {
    const [length, batch] = data.gumbel.shape
    const empty = () => Array.from({ length: layers }, () => np.zeros([batch, heads, length, width / heads]))
    let [keys, values, token, total] = [empty(), empty(), data.first.ref, 0]
    for (let t = 0; t < length; t++) {
      const here = np.array(Float32Array.from({ length }, (_, i) => (i === t ? 1 : 0)))
      const result = sampleStep(tree.ref(initial), token, data.gumbel.ref.slice(t), here, keys, values)
      ;[token, keys, values] = result
      for (const each of await token.ref.data()) total += each
    }
    tree.dispose([token, keys, values])
    return total
  },
}

if (name === 'prefix') missing('left out: compiles anew for each of 48 lengths')
const step = losses[name] ? training(losses[name]) : others[name]
const { version } = JSON.parse(
  readFileSync(new URL('../node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'),
)
await serve(`jax-js ${version}`, step)
