/**
 * The work that every engine does, as numbers: sizes, initial parameters, data. All engines start from these same
 * arrays and report their losses, so that equal work is checked and not claimed.
 */

/** A small seeded generator (mulberry32), enough for benchmark data. */
function generator(seed) {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  const fill = (shape, value) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value)
    return { dtype: 'float32', shape, data }
  }
  return {
    normal: (shape, scale = 1) => fill(shape, () => scale * normal()),
    weight: (fanIn, fanOut) => fill([fanIn, fanOut], () => normal() / Math.sqrt(fanIn)),
    full: (shape, value) => fill(shape, () => value),
    gumbel: shape => fill(shape, () => -Math.log(-Math.log(uniform() * (1 - 2e-7) + 1e-7))),
    whole: (shape, below) => ({
      dtype: 'int32',
      shape,
      data: Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.floor(uniform() * below)),
    }),
  }
}

/** Sizes of the language model. */
export const model = { layers: 2, heads: 4, width: 64, hidden: 256, vocabulary: 64 }

function transformerParameters(random, length) {
  const { layers, width, hidden, vocabulary } = model
  const arrays = {
    'embed.token': random.normal([vocabulary, width], 0.5),
    'embed.position': random.normal([length, width], 0.1),
    'final.scale': random.full([width], 1),
    'final.shift': random.full([width], 0),
    'head.weight': random.weight(width, vocabulary),
    'head.bias': random.full([vocabulary], 0),
  }
  for (let i = 0; i < layers; i++) {
    Object.assign(arrays, {
      [`layer${i}.norm1.scale`]: random.full([width], 1),
      [`layer${i}.norm1.shift`]: random.full([width], 0),
      [`layer${i}.qkv.weight`]: random.weight(width, 3 * width),
      [`layer${i}.qkv.bias`]: random.full([3 * width], 0),
      [`layer${i}.out.weight`]: random.weight(width, width),
      [`layer${i}.out.bias`]: random.full([width], 0),
      [`layer${i}.norm2.scale`]: random.full([width], 1),
      [`layer${i}.norm2.shift`]: random.full([width], 0),
      [`layer${i}.up.weight`]: random.weight(width, hidden),
      [`layer${i}.up.bias`]: random.full([hidden], 0),
      [`layer${i}.down.weight`]: random.weight(hidden, width),
      [`layer${i}.down.bias`]: random.full([width], 0),
    })
  }
  return arrays
}

function denseParameters(random, sizes) {
  const arrays = {}
  for (let i = 0; i + 1 < sizes.length; i++) {
    arrays[`dense${i}.weight`] = random.weight(sizes[i], sizes[i + 1])
    arrays[`dense${i}.bias`] = random.full([sizes[i + 1]], 0)
  }
  return arrays
}

/** Adam as every training workload uses it. */
export const adam = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }

/**
 * Name, one-line description, and the arrays: names starting with `data.` are inputs, the others are parameters.
 * A round is the number of calls timed between changes of engine.
 */
export const workloads = {
  transformer: {
    title: 'Transformer training step (2 layers, d 64, 4 heads, B 32, T 32, Adam)',
    round: 10,
    arrays() {
      const random = generator(1)
      return {
        ...transformerParameters(random, 32),
        'data.tokens': random.whole([32, 32], model.vocabulary),
        'data.targets': random.whole([32, 32], model.vocabulary),
      }
    },
  },
  mlp: {
    title: 'MLP training step (8-64-64-4, tanh, batch 256, Adam)',
    round: 200,
    arrays() {
      const random = generator(2)
      return {
        ...denseParameters(random, [8, 64, 64, 4]),
        'data.x': random.normal([256, 8]),
        'data.y': random.normal([256, 4]),
      }
    },
  },
  conv: {
    title: 'Convolutional training step (28×28, 16 and 32 filters 3×3, pooling, batch 64, Adam)',
    round: 10,
    arrays() {
      const random = generator(3)
      return {
        'conv0.weight': random.normal([16, 1, 3, 3], 1 / 3),
        'conv0.bias': random.full([16], 0),
        'conv1.weight': random.normal([32, 16, 3, 3], 1 / 12),
        'conv1.bias': random.full([32], 0),
        ...denseParameters(random, [32 * 7 * 7, 10]),
        'data.x': random.normal([64, 1, 28, 28]),
        'data.labels': random.whole([64], 10),
      }
    },
  },
  penalty: {
    title: 'Gradient-penalty step (second order; critic 16-64-64-1, tanh, batch 256, Adam)',
    round: 100,
    arrays() {
      const random = generator(4)
      return {
        ...denseParameters(random, [16, 64, 64, 1]),
        'data.real': random.normal([256, 16]),
        'data.fake': random.normal([256, 16], 2),
        'data.mixed': random.normal([256, 16], 1.5),
      }
    },
  },
  sampling: {
    title: 'Sampling 128 × 48 tokens with a key/value cache (2 layers, d 64, 4 heads)',
    round: 2,
    arrays() {
      const random = generator(5)
      return {
        ...transformerParameters(random, 48),
        'data.first': random.whole([128], model.vocabulary),
        'data.gumbel': random.gumbel([48, 128, model.vocabulary]),
      }
    },
  },
  prefix: {
    title: 'The same 128 × 48 tokens, recomputing the prefix',
    round: 1,
    arrays: () => workloads.sampling.arrays(),
  },
  call: {
    title: 'Smallest call (add 1 to one number)',
    round: 500,
    arrays: () => ({ 'data.x': { dtype: 'float32', shape: [1], data: Float32Array.of(1) } }),
  },
}
