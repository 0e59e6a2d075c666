/**
 * The same formulas as array libraries compute them: padded to [B, T], one new array for each operation. A stand-in for the
 * peers where Python is not at hand; it says nothing about their speed.
 */

const add = (a, b) => a.map((value, i) => value + b[i])
const multiply = (a, b) => a.map((value, i) => value * b[i])
const plus = (a, number) => a.map(value => value + number)
const times = (a, number) => a.map(value => value * number)
const total = a => a.reduce((sum, value) => sum + value, 0)
const mean = a => total(a) / a.length
const deviation = a => Math.sqrt(total(plus(a, -mean(a)).map(x => x * x)) / (a.length - 1))

/** Flat padded [B, T] arrays of a ragged batch. */
function padded({ offsets, rewards, values, mask, length }) {
  const pad = flat => {
    const rows = new Float32Array((offsets.length - 1) * length)
    for (let r = 0; r + 1 < offsets.length; r++) rows.set(flat.subarray(offsets[r], offsets[r + 1]), r * length)
    return rows
  }
  return { rewards: pad(rewards), values: pad(values), mask: pad(mask) }
}

function column(matrix, t, length) {
  return Float32Array.from({ length: matrix.length / length }, (_, r) => matrix[r * length + t])
}

function fromColumns(columns) {
  const length = columns.length
  const matrix = new Float32Array(columns[0].length * length)
  for (let t = 0; t < length; t++)
    columns[t].forEach((value, r) => {
      matrix[r * length + t] = value
    })
  return matrix
}

function whiten(values, mask) {
  const count = total(mask)
  const centred = plus(values, -total(multiply(values, mask)) / count)
  const variance = total(multiply(multiply(centred, centred), mask)) / (count - 1)
  return multiply(times(centred, 1 / Math.sqrt(variance + 1e-8)), mask)
}

const perGroup = advantagesOf => data => {
  const { rewards, mask } = padded(data)
  const { length, groupSize } = data
  return () => {
    const scores = Array.from({ length: rewards.length / length }, (_, r) =>
      total(rewards.slice(r * length, (r + 1) * length)),
    )
    const advantages = scores.flatMap((_, r) =>
      r % groupSize === 0 ? advantagesOf(scores.slice(r, r + groupSize)) : [],
    )
    const spread = rewards.map((_, i) => advantages[Math.floor(i / length)])
    return multiply(spread, mask)
  }
}

const onTokens = ({ turns, tokensPerTurn, spans }, rows) =>
  rows.map(row => {
    const tokens = new Float64Array(turns * tokensPerTurn)
    spans.forEach(([start, end], t) => {
      tokens.set(new Float64Array(end - start).fill(row[t]), start)
    })
    return tokens
  })

const centred = a => plus(a, -mean(a))
const normalised = a => (new Set(a).size === 1 ? a.map(() => 0) : times(centred(a), 1 / (deviation(a) + 1e-6)))
const groupsOf = (rows, size) => rows.flatMap((_, r) => (r % size === 0 ? [rows.slice(r, r + size)] : []))

/** Replaces the values of a flat list by a function of the list of values that share a key. */
function byKey(values, keys, change) {
  const members = grouped(keys)
  const result = [...values]
  for (const indices of members.values()) {
    const changed = change(indices.map(i => values[i]))
    indices.forEach((i, k) => {
      result[i] = changed[k]
    })
  }
  return result
}

function grouped(keys) {
  const members = new Map()
  keys.forEach((key, i) => {
    const list = members.get(key)
    if (list) list.push(i)
    else members.set(key, [i])
  })
  return members
}

/** Work by method, as in `ours`. */
export const restated = {
  grpo: perGroup(normalised),
  rloo: perGroup(scores => times(centred(scores), scores.length / (scores.length - 1))),
  reinforcePlusPlus: data => {
    const { rewards, mask } = padded(data)
    return () => {
      const columns = []
      let running = new Float32Array(rewards.length / data.length)
      for (let t = data.length - 1; t >= 0; t--) {
        running = add(column(rewards, t, data.length), times(running, 0.99))
        columns[t] = running
        running = multiply(running, column(mask, t, data.length))
      }
      return whiten(fromColumns(columns), mask)
    }
  },
  gae: data => {
    const { rewards, values, mask } = padded(data)
    return () => {
      const columns = []
      let next = new Float32Array(rewards.length / data.length)
      let last = next
      for (let t = data.length - 1; t >= 0; t--) {
        const policy = column(mask, t, data.length)
        const environment = plus(times(policy, -1), 1)
        const value = column(values, t, data.length)
        const error = add(add(column(rewards, t, data.length), times(next, 0.99)), times(value, -1))
        last = add(multiply(add(error, times(last, 0.99 * 0.95)), policy), multiply(environment, last))
        next = add(multiply(value, policy), multiply(environment, next))
        columns[t] = last
      }
      return whiten(fromColumns(columns), mask)
    }
  },
  gigpo: data => () => {
    const episodes = groupsOf(data.outcomes, data.groupSize).flatMap(centred)
    const returns = data.rewards.map(row => {
      const result = [...row]
      for (let t = row.length - 2; t >= 0; t--) result[t] += 0.95 * result[t + 1]
      return result
    })
    const keys = data.states.flatMap((row, r) => row.map(state => `${Math.floor(r / data.groupSize)} ${state}`))
    const steps = byKey(returns.flat(), keys, values => (values.length > 1 ? centred(values) : [0]))
    const rows = data.outcomes.map((_, r) => plus(steps.slice(r * data.turns, (r + 1) * data.turns), episodes[r]))
    return onTokens(data, rows)
  },
  salt: data => () => {
    const base = groupsOf(data.outcomes, data.groupSize).flatMap(normalised)
    const keys = data.states.flatMap((row, r) =>
      row.map((state, t) => `${Math.floor(r / data.groupSize)} ${state} ${data.actions[r][t]} ${row[t + 1] ?? ''}`),
    )
    const steps = byKey(
      keys.map((_, s) => base[Math.floor(s / data.turns)]),
      keys,
      values => values.map(() => mean(values)),
    )
    return onTokens(
      data,
      base.map((_, r) => steps.slice(r * data.turns, (r + 1) * data.turns)),
    )
  },
  portool: data => () => {
    const nodes = data.nodes.flat()
    const rollout = nodes.map((_, s) => Math.floor(s / data.turns))
    const depth = nodes.map((_, s) => s % data.turns)
    const decayed = nodes.map((_, s) => 0.95 ** (data.turns - depth[s] - 1) * data.outcomes[rollout[s]])
    const rewards = byKey(decayed, nodes, values => values.map(() => mean(values)))
    const rewardOf = new Map(nodes.map((node, s) => [node, rewards[s]]))
    const parentOf = new Map(
      nodes.map((node, s) => [node, depth[s] === 0 ? `root ${Math.floor(rollout[s] / data.groupSize)}` : nodes[s - 1]]),
    )
    const unique = [...rewardOf.keys()]
    const fork = byKey(
      unique.map(node => rewardOf.get(node)),
      unique.map(node => parentOf.get(node)),
      normalisedOrZero,
    )
    const forkOf = new Map(unique.map((node, i) => [node, fork[i]]))
    const scores = data.outcomes.map((_, r) => mean(rewards.slice(r * data.turns, (r + 1) * data.turns)))
    const compared = groupsOf(scores, data.groupSize).flatMap(normalised)
    return onTokens(
      data,
      data.nodes.map((row, r) => row.map(node => compared[r] + forkOf.get(node))),
    )
  },
  empg: data => () => {
    const length = data.turns * data.tokensPerTurn
    const advantages = groupsOf(data.outcomes, data.groupSize).flatMap(normalised)
    const entropies = data.outcomes.flatMap((_, r) =>
      data.spans.map(([start, end]) => mean(data.entropies.slice(r * length + start, r * length + end))),
    )
    const low = entropies.reduce((a, b) => Math.min(a, b))
    const high = entropies.reduce((a, b) => Math.max(a, b))
    const scaled = times(plus(entropies, -low), 1 / (high - low + 1e-8))
    const damping = scaled.map(h => Math.exp(-h))
    const gradient = times(damping, 1 / (mean(damping) + 1e-8))
    const own = gradient.map((g, s) => g * advantages[Math.floor(s / data.turns)])
    const bonus = damping.map((_, s) => ((s + 1) % data.turns === 0 ? 0 : 0.05 * damping[s + 1]))
    const steps = centred(add(own, bonus))
    return onTokens(
      data,
      data.outcomes.map((_, r) => steps.slice(r * data.turns, (r + 1) * data.turns)),
    )
  },
  igpo: data => () => {
    const rewards = data.gains.map((row, r) => [...row, data.outcomes[r]])
    const groups = groupsOf(rewards, data.groupSize).flatMap(rows => {
      const pool = rows.flat()
      const spread = Math.sqrt(mean(centred(pool).map(x => x * x)) + 1e-8) + 1e-6
      return rows.map(row => times(plus(row, -mean(pool)), 1 / spread))
    })
    const advantages = groups.map(row => {
      const result = [...row]
      for (let t = row.length - 2; t >= 0; t--) result[t] += 0.99 * result[t + 1]
      return result
    })
    return onTokens(data, advantages)
  },
  repetition: ({ ids, length }) => {
    const rows = Array.from({ length: ids.length / length }, (_, r) =>
      Array.from(ids.slice(r * length, (r + 1) * length)),
    )
    return () => rows.map(row => repetitionStart(row))
  },
}

function normalisedOrZero(values) {
  return values.length > 1 ? normalised(values) : [0]
}

/** The scan with n-grams as text keys; rows here have 200 tokens or more. */
function repetitionStart(tokens) {
  const close = new Map()
  for (let i = tokens.length - 4; i >= 0; i--) {
    const gram = tokens.slice(i, i + 4)
    if (new Set(gram).size === 1) continue
    const key = gram.join(' ')
    const positions = [...(close.get(key) ?? []), i]
    close.set(key, positions)
    const near = positions.some((p, k) => k > 0 && positions[k - 1] - p < Math.floor(tokens.length / 3))
    if (positions.length >= 3 && near) return i
  }
  const seen = new Set()
  for (let i = tokens.length - 8; i >= 0; i--) {
    const key = tokens.slice(i, i + 8).join(' ')
    if (seen.has(key)) return i
    seen.add(key)
  }
  return tokens.length
}
