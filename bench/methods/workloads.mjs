/**
 * What is timed: token-level estimators on ragged rows, turn-level methods on agents' rollouts, the repetition penalty on
 * token ids. Data comes from a seeded generator, the same for every engine.
 */

const groupSize = 8

const tokenRow = (method, title, bytesPerToken) =>
  [
    [1024, 1024],
    [4096, 256],
  ].map(([rollouts, length]) => ({
    id: `${method}-${rollouts}x${length}`,
    method,
    kind: 'tokens',
    title: `${title}, ${rollouts} × ${length}`,
    shape: { rollouts, length },
    bytesPerToken,
  }))

const turnRow = (method, title, bytesPerToken) => ({
  id: method,
  method,
  kind: 'turns',
  title: `${title}, 1024 × 20 turns × 50`,
  shape: { rollouts: 1024, turns: 20, tokensPerTurn: 50 },
  bytesPerToken,
})

/**
 * `bytesPerToken` is what has to be read and written at least: rewards 4, values 4, mask 1, an output 4 (float32) or 8. The
 * turn-level methods write 8 and EMPG reads 8 more.
 */
export const rows = [
  ...tokenRow('grpo', 'GRPO', 9),
  ...tokenRow('rloo', 'RLOO', 9),
  ...tokenRow('reinforcePlusPlus', 'REINFORCE++', 21),
  ...tokenRow('gae', 'GAE, whitened', 17),
  turnRow('gigpo', 'GiGPO', 8),
  turnRow('salt', 'SALT', 8),
  turnRow('portool', 'PORTool', 8),
  turnRow('empg', 'EMPG', 16),
  turnRow('igpo', 'IGPO', 8),
  {
    id: 'repetition-256x1000',
    method: 'repetition',
    kind: 'ids',
    title: 'Repetition penalty, 256 × 1000',
    shape: { rollouts: 256, length: 1000 },
    bytesPerToken: 4,
  },
]

/** A row with a quarter of its rollouts, or of the turns of each. */
export function smaller(row, what) {
  return { ...row, id: `${row.id}-quarter-${what}`, shape: { ...row.shape, [what]: row.shape[what] / 4 } }
}

/** mulberry32, enough for benchmark data. */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The data of a row. */
export function dataOf({ kind, shape }) {
  const uniform = generator(7)
  if (kind === 'tokens') return tokenData(shape, uniform)
  return kind === 'turns' ? turnData(shape, uniform) : idData(shape, uniform)
}

/** Rows between 0.9·length and length long, an eighth of the tokens written by tools (mask 0). */
function tokenData({ rollouts, length }, uniform) {
  const offsets = new Int32Array(rollouts + 1)
  for (let r = 0; r < rollouts; r++) offsets[r + 1] = offsets[r] + Math.ceil(length * (1 - 0.1 * uniform()))
  const count = offsets[rollouts]
  const rewards = new Float32Array(count)
  const values = new Float32Array(count)
  const mask = new Uint8Array(count)
  for (let r = 0; r < rollouts; r++) {
    for (let t = offsets[r]; t < offsets[r + 1]; t++) {
      mask[t] = (t - offsets[r]) % 64 < 56 || t === offsets[r + 1] - 1 ? 1 : 0
      rewards[t] = mask[t] * 0.01 * (uniform() - 0.5)
      values[t] = uniform() - 0.5
    }
    rewards[offsets[r + 1] - 1] += Math.round(uniform())
  }
  return { length, offsets, rewards, values, mask, groupSize, tokens: count }
}

function turnData({ rollouts, turns, tokensPerTurn }, uniform) {
  const data = {
    groupSize,
    turns,
    tokensPerTurn,
    outcomes: [],
    states: [],
    actions: [],
    rewards: [],
    gains: [],
    nodes: [],
  }
  const tokensOfRollout = turns * tokensPerTurn
  for (let r = 0; r < rollouts; r++) {
    const group = Math.floor(r / groupSize)
    const steps = Array.from({ length: turns }, (_, t) => t)
    data.outcomes.push(Math.round(uniform()))
    data.states.push(steps.map(t => `room ${t} ${Math.floor(4 * uniform())}`))
    data.actions.push(steps.map(() => `go ${Math.floor(4 * uniform())}`))
    data.rewards.push(steps.map(() => Math.round(uniform())))
    data.gains.push(steps.slice(1).map(() => uniform() - 0.3))
    const shared = Math.round(turns / 4)
    data.nodes.push(steps.map(t => (t < shared ? `${group}.${(r % groupSize) >> 1}.${t}` : `${r}.${t}`)))
  }
  data.spans = Array.from({ length: turns }, (_, t) => [t * tokensPerTurn, (t + 1) * tokensPerTurn - tokensPerTurn / 5])
  data.entropies = Float64Array.from({ length: rollouts * tokensOfRollout }, () => 2 * uniform())
  return { ...data, tokens: rollouts * tokensOfRollout }
}

/** Half of the rows end in a loop. */
function idData({ rollouts, length }, uniform) {
  const ids = new Int32Array(rollouts * length)
  for (let r = 0; r < rollouts; r++) {
    const loopFrom = r % 2 === 0 ? length : length - 60 - Math.floor(100 * uniform())
    for (let t = 0; t < length; t++) {
      const at = r * length + t
      ids[at] = t < loopFrom + 12 ? Math.floor(5000 * uniform() ** 2) : ids[at - 12]
    }
  }
  return { length, ids, tokens: ids.length }
}

/** One number that depends on all of a result, to compare engines: Σ |value|. */
export function checksum(values) {
  let total = 0
  for (const entry of values) total += typeof entry === 'number' ? Math.abs(entry) : checksum(entry)
  return total
}
