import { type ErrorPath, formatPath } from '@guerdon/core'

/** Where a text stops being JSON. */
export interface JsonFault {
  readonly path: ErrorPath
  readonly position: number
  readonly expected: string
  /** NaN, Infinity or -Infinity, which JSON does not have, when that is the fault. */
  readonly literal?: string
}

const space = /[ \t\n\r]*/y
const string = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const nonFinite = /-?(?:NaN|Infinity)|nan|inf/y

/** Finds the first fault of a text that `JSON.parse` refused; slow, for error messages only. */
export function findJsonFault(text: string): JsonFault {
  const open: { list: boolean; key: string | number }[] = []
  let position = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) position += found.length
    return found
  }
  const fault = (expected: string): JsonFault => {
    const path = open.map(({ key }) => key).filter(key => key !== '')
    const start = position
    const literal = expected === 'a value' ? match(nonFinite) : undefined
    return { path, position: start, expected, ...(literal === undefined ? {} : { literal }) }
  }
  const readKey = (): boolean => {
    match(space)
    const key = match(string)
    if (key === undefined) return false
    open[open.length - 1].key = JSON.parse(key) as string
    match(space)
    return text[position] === ':' && ++position > 0
  }
  for (;;) {
    match(space)
    const list = text[position] === '['
    if (list || text[position] === '{') {
      position++
      match(space)
      open.push({ list, key: list ? 0 : '' })
      if (text[position] !== (list ? ']' : '}')) {
        if (!list && !readKey()) return fault('a name in quotes and a colon')
        continue
      }
      position++
      open.pop()
    } else if ((text[position] === '"' ? match(string) : match(scalar)) === undefined) return fault('a value')
    for (;;) {
      match(space)
      const inside = open.at(-1)
      if (inside === undefined) return fault('the end')
      if (text[position] === (inside.list ? ']' : '}')) {
        position++
        open.pop()
        continue
      }
      if (text[position] !== ',') return fault(inside.list ? 'a comma or ]' : 'a comma or }')
      position++
      if (inside.list) inside.key = (inside.key as number) + 1
      else if (!readKey()) return fault('a name in quotes and a colon')
      break
    }
  }
}

/** `rewards[3], character 17` for a message. */
export function faultPlace({ path, position }: JsonFault): string {
  return `${formatPath(path) || 'the whole'}, character ${position}`
}
