import { describe, expect, it } from 'vitest'
import { extractJson, jsonEqual, parseJson, stripCodeFence } from './json-text.ts'

describe('parseJson', () => {
  it('accepts white space around and nothing else', () => {
    expect(parseJson(' {"a": 1}\n')).toEqual({ ok: true, value: { a: 1 } })
    expect(parseJson('{"a": 1} done').ok).toBe(false)
    expect(parseJson('').ok).toBe(false)
  })

  it('reads NaN and infinities when asked, outside strings only', () => {
    expect(parseJson('[NaN]').ok).toBe(false)
    const text = '[NaN, -Infinity, {"NaN": "number:NaN \\" Infinity"}, Infinity]'
    expect(parseJson(text, { nonFinite: true })).toEqual({
      ok: true,
      value: [Number.NaN, Number.NEGATIVE_INFINITY, { NaN: 'number:NaN " Infinity' }, Number.POSITIVE_INFINITY],
    })
    expect(parseJson('{NaN: 1}', { nonFinite: true })).toEqual({ ok: true, value: { 'number:NaN': 1 } })
  })
})

describe('stripCodeFence', () => {
  it.each([
    ['```json\n[1]\n```', '[1]'],
    ['```\n[1]\n``` and more', '[1]'],
    ['```json\n[1', '[1'],
    ['  [1]  ', '[1]'],
  ])('%j', (text, expected) => {
    expect(stripCodeFence(text)).toBe(expected)
  })
})

describe('extractJson', () => {
  it.each([
    ['the answer is {"a": "}"} indeed', { a: '}' }],
    ['set {x} then {"a": [1, 2]}', { a: [1, 2] }],
    ['```json\n{"b": 2}\n```', { b: 2 }],
    ['{ broken {"c": 3}', { c: 3 }],
  ])('finds the object in %j', (text, expected) => {
    expect(extractJson(text, { opening: 'object' })).toEqual({ ok: true, value: expected })
  })

  it('finds the kind that is asked for', () => {
    expect(extractJson('[1] {"a": 1}', { opening: 'object' })).toEqual({ ok: true, value: { a: 1 } })
    expect(extractJson('{a} [1]', { opening: 'list' })).toEqual({ ok: true, value: [1] })
    expect(extractJson('nothing').ok).toBe(false)
  })

  it('gives up on a flood of brackets in bounded time', () => {
    expect(extractJson('{'.repeat(20_000)).ok).toBe(false)
  })
})

describe('jsonEqual', () => {
  it.each<[unknown, unknown, boolean]>([
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [[1, 2], [2, 1], false],
    [1, true, false],
    [Number.NaN, Number.NaN, false],
    [null, {}, false],
    [[], {}, false],
    [{ a: undefined }, { b: undefined }, false],
  ])('%j and %j', (first, second, expected) => {
    expect(jsonEqual(first, second)).toBe(expected)
  })
})
