import type { Random } from '@guerdon/core'

/** A random graph of layers: each action leads from a node to a node of the next layer. */
export interface LayeredGraph {
  readonly depth: number
  readonly width: number
  readonly actions: number
  /** [depth·width·actions] node of the next layer. */
  readonly next: Int32Array
}

/** A graph whose every action leads to a random node of the next layer. */
export function drawGraph(size: Pick<LayeredGraph, 'depth' | 'width' | 'actions'>, random: Random): LayeredGraph {
  const { depth, width, actions } = size
  return { ...size, next: Int32Array.from({ length: depth * width * actions }, () => random.integer(width)) }
}

/** Number of a state: node `node` of layer `layer`. */
export function stateOf({ width }: LayeredGraph, layer: number, node: number): number {
  return layer * width + node
}

/**
 * A^π(s, a) by backward induction, where the outcome is 1 when the last layer's node is 0.
 *
 * @param policy [depth·width·actions] probabilities
 * @returns [depth·width·actions]
 */
export function exactAdvantages(graph: LayeredGraph, policy: Float64Array): Float64Array {
  const { depth, width, actions, next } = graph
  const advantages = new Float64Array(next.length)
  let values = Float64Array.from({ length: width }, (_, node) => (node === 0 ? 1 : 0))
  for (let layer = depth - 1; layer >= 0; layer--) {
    const here = new Float64Array(width)
    for (let node = 0; node < width; node++) {
      const row = stateOf(graph, layer, node) * actions
      for (let a = 0; a < actions; a++) here[node] += policy[row + a] * values[next[row + a]]
      for (let a = 0; a < actions; a++) advantages[row + a] = values[next[row + a]] - here[node]
    }
    values = here
  }
  return advantages
}
