import { assertInteger, assertSameLength, GuerdonError, mean, type Random } from '@guerdon/core'

/** Responses to one prompt that share prefixes. Node 0 is the prompt; its segment does not count. */
export interface ResponseTree<T> {
  /** [n] parent of each node, null for node 0; parents stand before their children. */
  readonly parents: readonly (number | null)[]
  /** [n] tokens that a node adds to its parent's. */
  readonly segments: readonly (readonly T[])[]
}

/** Two leaves to be compared by an annotator. */
export interface LeafPair {
  readonly leafA: number
  readonly leafB: number
  /** Deepest node both descend from. */
  readonly ancestor: number
  readonly sharedPrefixTokens: number
  readonly suffixTokensA: number
  readonly suffixTokensB: number
}

/** The leaves of a tree: the nodes without children, in order. A tree of the prompt alone has none. */
export function treeLeaves<T>(tree: ResponseTree<T>): number[] {
  checkTree(tree)
  const inner = new Set(tree.parents)
  return tree.parents.flatMap((parent, node) => (parent === null || inner.has(node) ? [] : [node]))
}

/** The response that ends at `leaf`: the segments from the root's child down to it. */
export function responseAt<T>(tree: ResponseTree<T>, leaf: number): T[] {
  return pathTo(tree, leaf)
    .slice(1)
    .flatMap(node => tree.segments[node])
}

/** Every unordered pair of leaves, in order, with what the two responses share. */
export function leafPairs<T>(tree: ResponseTree<T>): LeafPair[] {
  const leaves = treeLeaves(tree)
  const paths = leaves.map(leaf => pathTo(tree, leaf))
  const tokens = (nodes: readonly number[]) => nodes.reduce((total, node) => total + tree.segments[node].length, 0)
  return leaves.flatMap((leafA, i) =>
    leaves.slice(i + 1).map((leafB, k): LeafPair => {
      const [a, b] = [paths[i], paths[i + 1 + k]]
      let shared = 0
      while (shared < a.length && a[shared] === b[shared]) shared++
      return {
        leafA,
        leafB,
        ancestor: a[shared - 1],
        sharedPrefixTokens: tokens(a.slice(1, shared)),
        suffixTokensA: tokens(a.slice(shared)),
        suffixTokensB: tokens(b.slice(shared)),
      }
    }),
  )
}

/**
 * Leaf pairs for an annotation budget, drawn without replacement; pairs whose responses are the same text are left out (they
 * carry no information). All of them when the budget exceeds their number. One uniform integer a pair drawn.
 */
export function sampleLeafPairs<T>(tree: ResponseTree<T>, budget: number, random: Random): LeafPair[] {
  assertInteger(budget, 'budget', 0)
  const different = leafPairs(tree).filter(
    ({ leafA, leafB }) => JSON.stringify(responseAt(tree, leafA)) !== JSON.stringify(responseAt(tree, leafB)),
  )
  const chosen: LeafPair[] = []
  while (chosen.length < budget && different.length > 0) {
    chosen.push(...different.splice(random.integer(different.length), 1))
  }
  return chosen
}

/** Mean tokens an annotator reads for each response of the pairs. */
export interface AnnotationLength {
  /** Shared prefix and suffix. */
  readonly withPrefix: number
  /** Suffix only: the prefix is shown once for both. */
  readonly withoutPrefix: number
}

/** Annotation length of leaf pairs. Throws `empty` for none. */
export function annotationLength(pairs: readonly LeafPair[]): AnnotationLength {
  const suffix = pairs.map(pair => (pair.suffixTokensA + pair.suffixTokensB) / 2)
  return {
    withPrefix: mean(suffix.map((tokens, i) => tokens + pairs[i].sharedPrefixTokens)),
    withoutPrefix: mean(suffix),
  }
}

/** What a complete tree holds: B^D leaves, Σ_{d=1..D} B^d segments, B^D·(B^D − 1)/2 pairs of leaves. */
export function completeTreeSize(options: { readonly depth: number; readonly branching: number }): {
  readonly leaves: number
  readonly segments: number
  readonly pairs: number
} {
  const { depth, branching } = options
  assertInteger(depth, 'depth', 0)
  assertInteger(branching, 'branching', 1)
  let segments = 0
  for (let d = 1; d <= depth; d++) segments += branching ** d
  const leaves = branching ** depth
  return { leaves, segments, pairs: (leaves * (leaves - 1)) / 2 }
}

/** What to generate next when a tree is grown level by level. */
export interface GrowthStep {
  /** Tokens of each continuation at this depth; null for the last level, which runs to the end of the response. */
  readonly tokens: number | null
  readonly branching: number
}

/**
 * Plan of a dynamic prefix tree: `depth` levels of `branching` continuations of about T/D tokens each, cut at a separator,
 * the last level to the end of the response. A child equal to a sibling is sampled again at a higher temperature, then
 * dropped; a node that ends with the stop token is a leaf early.
 */
export function growthPlan(options: {
  readonly depth: number
  readonly branching: number
  readonly maxTokens: number
}): GrowthStep[] {
  const { depth, branching, maxTokens } = options
  assertInteger(depth, 'depth', 1)
  assertInteger(branching, 'branching', 1)
  assertInteger(maxTokens, 'maxTokens', depth)
  return Array.from({ length: depth }, (_, level) => ({
    tokens: level === depth - 1 ? null : Math.round(maxTokens / depth),
    branching,
  }))
}

function pathTo<T>(tree: ResponseTree<T>, node: number): number[] {
  const path: number[] = []
  for (let at: number | null = node; at !== null; at = tree.parents[at]) path.unshift(at)
  return path
}

function checkTree<T>(tree: ResponseTree<T>): void {
  assertSameLength(tree.parents, 'parents', tree.segments, 'segments')
  tree.parents.forEach((parent, node) => {
    const fits =
      node === 0 ? parent === null : parent !== null && Number.isInteger(parent) && parent >= 0 && parent < node
    if (fits) return
    throw new GuerdonError(
      'invalid_input',
      `expected node 0 without a parent and every other after its parent; node ${node} has parent ${parent}`,
      { path: ['parents', node] },
    )
  })
}
