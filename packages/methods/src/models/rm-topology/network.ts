import { assertInRange, assertInteger, GuerdonError, sigmoid, softmax } from '@guerdon/core'
import { solveLinearSystem } from '../../shared/linear-algebra.ts'

/** An edge of an induced Bayesian network: a comparison, or the similarity of two responses. */
export interface NetworkEdge {
  readonly u: number
  readonly v: number
  /** Variance of the reward difference it observes, > 0. Parallel edges add conductances. */
  readonly variance: number
}

/** Responses 0 … nodes − 1 and the edges between them. */
export interface ResponseNetwork {
  readonly nodes: number
  readonly edges: readonly NetworkEdge[]
}

/** How uncertain a reward difference stays; null between responses that nothing connects. */
export interface InferenceDistance {
  /** The paper's form: least sum of variances over a path (inference along the best path). */
  readonly shortestPath: number | null
  /**
   * Exact under Gaussian observations and a flat prior: the posterior variance, which is the effective resistance with
   * conductances 1/variance. At most the shortest path, equal on trees.
   */
  readonly effectiveResistance: number | null
}

/** Inference distances of the given pairs of responses. The paper's path form is an upper bound of the exact one. */
export function inferenceDistances(
  network: ResponseNetwork,
  pairs: readonly (readonly [number, number])[],
): InferenceDistance[] {
  checkNetwork(network)
  const matrix = allDistances(network)
  return pairs.map(([u, v]) => {
    assertNode(u, network.nodes)
    assertNode(v, network.nodes)
    return matrix(u, v)
  })
}

/**
 * Mean over all unordered pairs of responses: the measure of reward generalisation. Null when a pair is disconnected (its
 * distance is infinite) or there is none.
 */
export function meanInferenceDistance(network: ResponseNetwork): InferenceDistance {
  checkNetwork(network)
  const matrix = allDistances(network)
  let path: number | null = 0
  let resistance: number | null = 0
  const count = (network.nodes * (network.nodes - 1)) / 2
  for (let u = 0; u < network.nodes; u++) {
    for (let v = 0; v < u; v++) {
      const distance = matrix(u, v)
      path = path === null || distance.shortestPath === null ? null : path + distance.shortestPath / count
      resistance =
        resistance === null || distance.effectiveResistance === null
          ? null
          : resistance + distance.effectiveResistance / count
    }
  }
  return count === 0
    ? { shortestPath: null, effectiveResistance: null }
    : { shortestPath: path, effectiveResistance: resistance }
}

/** A noisy comparison: `difference` observes r_u − r_v with the edge's variance. */
export interface RewardObservation extends NetworkEdge {
  readonly difference: number
}

/** Gaussian posterior over the rewards of n items. */
export interface RewardPosterior {
  /** [n] */
  readonly mean: Float64Array
  /** [n][n] */
  readonly covariance: Float64Array[]
}

/**
 * Posterior of the rewards under a prior N(0, τ²) on each: precision H = AᵀWA + I/τ², mean H⁻¹AᵀW·observations, covariance
 * H⁻¹.
 */
export function rewardPosterior(
  nodes: number,
  observations: readonly RewardObservation[],
  options: { readonly priorVariance: number },
): RewardPosterior {
  const { priorVariance } = options
  assertInRange(priorVariance, 'priorVariance', Number.MIN_VALUE, Number.MAX_VALUE)
  checkNetwork({ nodes, edges: observations })
  const precision = new Float64Array(nodes * nodes)
  const right = new Float64Array(nodes * (nodes + 1))
  for (let i = 0; i < nodes; i++) {
    precision[i * nodes + i] = 1 / priorVariance
    right[i * (nodes + 1) + 1 + i] = 1
  }
  for (const { u, v, variance, difference } of observations) {
    addConductance(precision, nodes, u, v, 1 / variance)
    right[u * (nodes + 1)] += difference / variance
    right[v * (nodes + 1)] -= difference / variance
  }
  const solved = solveLinearSystem(precision, right, nodes + 1)
  return {
    mean: Float64Array.from({ length: nodes }, (_, i) => solved[i * (nodes + 1)]),
    covariance: Array.from({ length: nodes }, (_, i) => solved.slice(i * (nodes + 1) + 1, (i + 1) * (nodes + 1))),
  }
}

/** P(a ≻ b) = σ(β·(r_a − r_b)). */
export function preferenceProbability(rewardDifference: number, options: { readonly beta: number }): number {
  return sigmoid(options.beta * rewardDifference)
}

/** Variance of one human comparison in reward units: π²/(3β²), that of a logistic with scale 1/β. */
export function comparisonVariance(options: { readonly beta: number }): number {
  assertInRange(options.beta, 'beta', Number.MIN_VALUE, Number.MAX_VALUE)
  return Math.PI ** 2 / (3 * options.beta ** 2)
}

/** p(y) = exp(β·r(y))/Σ exp(β·r): the policy that human preference stands for. */
export function idealDistribution(rewards: ArrayLike<number>, options: { readonly beta: number }): Float64Array {
  return softmax(Float64Array.from(rewards, reward => options.beta * reward))
}

/**
 * Structural function F(M): the least average within-cluster distance over balanced partitions of the responses into M
 * clusters (sizes differ by at most one), by exhaustive search. How fast it falls with M measures how alike responses are.
 *
 * @param distances [n][n] inference distances over similarity edges only, n ≤ 12
 */
export function structuralFunction(distances: readonly ArrayLike<number>[], clusters: number): number {
  const nodes = distances.length
  assertInteger(clusters, 'clusters', 1)
  if (nodes > 12 || clusters > nodes) {
    throw new GuerdonError(
      'unsupported',
      `expected clusters ≤ nodes ≤ 12 for an exhaustive search; got ${clusters} and ${nodes}`,
      {
        path: ['distances'],
        hint: 'sample responses',
      },
    )
  }
  const smaller = Math.floor(nodes / clusters)
  const larger = nodes - smaller * clusters
  const members: number[][] = []
  let best = Number.POSITIVE_INFINITY
  const place = (node: number, total: number, pairs: number, full: number): void => {
    if (node === nodes) {
      if (members.length === clusters && members.every(own => own.length >= smaller)) {
        best = Math.min(best, pairs === 0 ? 0 : total / pairs)
      }
      return
    }
    for (const own of members) {
      const grown = own.length === smaller ? 1 : 0
      if (own.length > smaller || full + grown > larger) continue
      const added = own.reduce((sum, other) => sum + distances[node][other], 0)
      own.push(node)
      place(node + 1, total + added, pairs + own.length - 1, full + grown)
      own.pop()
    }
    if (members.length === clusters) return
    members.push([node])
    place(node + 1, total, pairs, full)
    members.pop()
  }
  place(0, 0, 0, 0)
  return best
}

function allDistances(network: ResponseNetwork): (u: number, v: number) => InferenceDistance {
  const paths = shortestPaths(network)
  const resistance = resistances(network, paths)
  return (u, v) => {
    const path = paths[u][v]
    if (!Number.isFinite(path)) return { shortestPath: null, effectiveResistance: null }
    return { shortestPath: path, effectiveResistance: u === v ? 0 : resistance(u, v) }
  }
}

/** Floyd–Warshall with variances as lengths; Infinity between components. */
function shortestPaths({ nodes, edges }: ResponseNetwork): Float64Array[] {
  const lengths = Array.from({ length: nodes }, (_, u) => {
    const row = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY)
    row[u] = 0
    return row
  })
  for (const { u, v, variance } of edges) {
    lengths[u][v] = Math.min(lengths[u][v], variance)
    lengths[v][u] = lengths[u][v]
  }
  for (let k = 0; k < nodes; k++) {
    for (let i = 0; i < nodes; i++) {
      for (let j = 0; j < nodes; j++) lengths[i][j] = Math.min(lengths[i][j], lengths[i][k] + lengths[k][j])
    }
  }
  return lengths
}

/** Grounding one node of each component makes the Laplacian regular: R(u, v) = G_uu + G_vv − 2·G_uv. */
function resistances(
  { nodes, edges }: ResponseNetwork,
  paths: readonly Float64Array[],
): (u: number, v: number) => number {
  const laplacian = new Float64Array(nodes * nodes)
  for (const { u, v, variance } of edges) if (u !== v) addConductance(laplacian, nodes, u, v, 1 / variance)
  for (let u = 0; u < nodes; u++) {
    const grounded = paths[u].findIndex(Number.isFinite)
    if (grounded === u) laplacian[u * nodes + u] += 1
  }
  const identity = new Float64Array(nodes * nodes)
  for (let i = 0; i < nodes; i++) identity[i * nodes + i] = 1
  const green = nodes === 0 ? identity : solveLinearSystem(laplacian, identity, nodes)
  return (u, v) => green[u * nodes + u] + green[v * nodes + v] - green[u * nodes + v] - green[v * nodes + u]
}

function addConductance(matrix: Float64Array, nodes: number, u: number, v: number, conductance: number): void {
  matrix[u * nodes + u] += conductance
  matrix[v * nodes + v] += conductance
  matrix[u * nodes + v] -= conductance
  matrix[v * nodes + u] -= conductance
}

function checkNetwork({ nodes, edges }: ResponseNetwork): void {
  assertInteger(nodes, 'nodes', 0)
  edges.forEach(({ u, v, variance }, i) => {
    assertNode(u, nodes)
    assertNode(v, nodes)
    if (Number.isFinite(variance) && variance > 0) return
    throw new GuerdonError('invalid_input', `expected edge variances above 0; edge ${i} has ${variance}`, {
      path: ['edges', i],
      hint: 'merge responses that are the same instead of joining them by an edge without variance',
    })
  })
}

function assertNode(node: number, nodes: number): void {
  if (Number.isInteger(node) && node >= 0 && node < nodes) return
  throw new GuerdonError('invalid_input', `expected responses 0 … ${nodes - 1}; got ${node}`, { path: ['nodes'] })
}
