import { GuerdonError } from '@guerdon/core'

/** A leaf, or lists and records of trees to any depth: parameters, batches, optimiser states. */
export type Tree<T> = T | Tree<T>[] | { [key: string]: Tree<T> }

/** Replaces the leaves of type `From` in a type by `To`. */
export type MapLeaves<Node, From, To> = Node extends From
  ? To
  : Node extends number | string | boolean | null | undefined
    ? Node
    : { [Key in keyof Node]: MapLeaves<Node[Key], From, To> }

function isBranch(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === 'object' && value !== null
}

/** The leaves, depth first; records in alphabetical order of their keys, so that equal trees list equally. */
export function treeLeaves<T>(tree: unknown, isLeaf: (value: unknown) => value is T): T[] {
  const leaves: T[] = []
  visit(tree, isLeaf, [], leaf => leaves.push(leaf))
  return leaves
}

/** The leaves with the path of each, such as `layers.0.weight`. */
export function treePaths<T>(tree: unknown, isLeaf: (value: unknown) => value is T): { path: string; leaf: T }[] {
  const result: { path: string; leaf: T }[] = []
  visit(tree, isLeaf, [], (leaf, path) => result.push({ path: path.join('.'), leaf }))
  return result
}

/** A tree of the same form with every leaf replaced; `path` is the list of keys from the root. */
export function treeMap<T, U>(
  tree: unknown,
  isLeaf: (value: unknown) => value is T,
  replace: (leaf: T, path: readonly string[]) => U,
): Tree<U> {
  const walk = (value: unknown, path: readonly string[]): Tree<U> => {
    if (isLeaf(value)) return replace(value, path)
    if (Array.isArray(value)) return value.map((entry, index) => walk(entry, [...path, String(index)]))
    if (!isBranch(value)) throw badLeaf(value, path)
    const record: { [key: string]: Tree<U> } = {}
    for (const key of Object.keys(value).sort())
      record[key] = walk((value as Record<string, unknown>)[key], [...path, key])
    return record
  }
  return walk(tree, [])
}

/** Combines trees of one form leaf by leaf. Throws `shape_mismatch` when their forms differ. */
export function treeZip<T, U>(
  trees: readonly unknown[],
  isLeaf: (value: unknown) => value is T,
  combine: (leaves: T[], path: readonly string[]) => U,
): Tree<U> {
  const lists = trees.slice(1).map(tree => treePaths(tree, isLeaf))
  let position = 0
  const result = treeMap(trees[0], isLeaf, (leaf, path) => {
    const name = path.join('.')
    const others = lists.map(list => {
      const entry = list[position]
      if (entry === undefined || entry.path !== name) {
        throw new GuerdonError('shape_mismatch', `expected trees of one form; the leaf '${name}' has no partner`)
      }
      return entry.leaf
    })
    position++
    return combine([leaf, ...others], path)
  })
  for (const list of lists) {
    if (list.length !== position) {
      throw new GuerdonError('shape_mismatch', `expected trees of one form; got ${position} and ${list.length} leaves`)
    }
  }
  return result
}

function visit<T>(
  value: unknown,
  isLeaf: (value: unknown) => value is T,
  path: string[],
  found: (leaf: T, path: readonly string[]) => void,
): void {
  if (isLeaf(value)) {
    found(value, path)
    return
  }
  if (!isBranch(value)) throw badLeaf(value, path)
  const keys = Array.isArray(value) ? value.map((_, index) => String(index)) : Object.keys(value).sort()
  for (const key of keys) {
    path.push(key)
    visit((value as Record<string, unknown>)[key], isLeaf, path, found)
    path.pop()
  }
}

function badLeaf(value: unknown, path: readonly string[]): GuerdonError {
  return new GuerdonError(
    'invalid_input',
    `expected a tree of tensors or arrays; got ${value === null ? 'null' : typeof value} at ${path.join('.') || 'the root'}`,
    { path: [...path] },
  )
}
