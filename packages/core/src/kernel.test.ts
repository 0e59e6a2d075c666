import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  abstained,
  assertFinite,
  assertFiniteNumber,
  assertInRange,
  assertInteger,
  assertNotEmpty,
  assertOneOf,
  assertProbability,
  assertSameLength,
  assertSameRagged,
  canonicalJson,
  describeValue,
  escapeControls,
  failed,
  formatPath,
  GuerdonError,
  located,
  mapSignal,
  nearestName,
  outcomeAt,
  scored,
  sha256,
  signal,
  signalFromOutcomes,
} from './index.ts'

describe('errors', () => {
  it('say where in a path', () => {
    expect(formatPath(['rollouts', 3, 'tokens', 'logprobs', 17])).toBe('rollouts[3].tokens.logprobs[17]')
    expect(formatPath([])).toBe('')
  })
  it('carry what programs need, and no more', () => {
    const error = new GuerdonError('parse', 'm', { hint: 'h', path: ['a', 1], cause: new Error('inner') })
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 'parse', message: 'm', hint: 'h', path: ['a', 1] })
    expect(located(error, { file: 'f', line: 3 }).toJSON()).toMatchObject({ file: 'f', line: 3, hint: 'h' })
    expect(error.cause).toBeInstanceOf(Error)
  })
  it('shorten values and show control characters', () => {
    expect(describeValue('x'.repeat(100))).toHaveLength(58)
    expect(describeValue(Number.NaN)).toBe('NaN')
    expect(describeValue({ a: 1n })).toBe('[object Object]')
    expect(escapeControls('a\u001b[31m\u0007\u202eb\u009b')).toBe('a\\u{1b}[31m\\u{7}\\u{202e}b\\u{9b}')
    expect(escapeControls('grüße 🙂 漢字')).toBe('grüße 🙂 漢字')
    expect(escapeControls('\ud800x')).toBe('\\u{d800}x')
  })
  it('suggest the nearest name, if one is near', () => {
    expect(nearestName('pra', ['par', 'salt'])).toBe('par')
    expect(nearestName('zzzzzz', ['par', 'salt'])).toBeUndefined()
    expect(nearestName('PAR', ['par'])).toBe('par')
  })
})

describe('checks', () => {
  it.each<[string, () => void, RegExp]>([
    ['lengths', () => assertSameLength([1], 'a', [1, 2], 'b'), /a and b .*got 1 and 2/],
    ['finite', () => assertFinite([1, Number.POSITIVE_INFINITY], 'x'), /Infinity at x\[1\]/],
    ['finite number', () => assertFiniteNumber('1', 'x'), /got "1"/],
    ['range', () => assertInRange(3, 'x', 0, 2), /\[0, 2\]; got 3/],
    ['probability', () => assertProbability(Number.NaN, 'p'), /got NaN/],
    ['integer', () => assertInteger(1.5, 'n'), /integer ≥ 0; got 1.5/],
    ['not empty', () => assertNotEmpty([], 'x'), /at least one/],
    ['ragged', () => assertSameRagged([[1], [1, 2]], 'a', [[1], [1]], 'b'), /a\[1\] .* 1; got 2/],
    ['one of', () => assertOneOf('c', 'x', ['a', 'b']), /a, b; got "c"/],
  ])('refuse wrong %s', (_, check, message) => {
    expect(check).toThrow(message)
  })
  it('let good values pass', () => {
    assertSameLength([1], 'a', [2], 'b')
    assertFinite([], 'x')
    assertInRange(2, 'x', 0, 2)
    assertOneOf('a', 'x', ['a', 'b'])
    assertSameRagged([[1], []], 'a', [[2], []], 'b')
  })
})

describe('outcomes and signals', () => {
  it('never let a failure be a number', () => {
    expect(scored(Number.NaN)).toMatchObject({ status: 'failed', failure: { class: 'range' } })
    const column = signalFromOutcomes('rollout', [
      scored(1),
      abstained('no reference'),
      failed('timeout', 'late', 'judge'),
      { status: 'scored', value: Number.POSITIVE_INFINITY },
    ])
    expect([...column.status]).toEqual([0, 1, 2, 2])
    expect(column.values[1]).toBeNaN()
    expect(outcomeAt(column, 1)).toEqual(abstained('no reference'))
    expect(outcomeAt(column, 2)).toEqual(failed('timeout', 'late', 'judge'))
    expect(outcomeAt(column, 3)).toMatchObject({ failure: { class: 'range' } })
  })
  it('map only what is scored', () => {
    const column = signalFromOutcomes('turn', [scored(2), abstained(), scored(0)])
    const mapped = mapSignal(column, value => 1 / value)
    expect(outcomeAt(mapped, 0)).toEqual(scored(0.5))
    expect(outcomeAt(mapped, 1)).toEqual(abstained())
    expect(outcomeAt(mapped, 2)).toMatchObject({ status: 'failed', failure: { class: 'range' } })
  })
  it('copy and refuse NaN', () => {
    const values = Float64Array.of(1, 2)
    const column = signal('token', values)
    values[0] = 9
    expect(column.values[0]).toBe(1)
    expect(() => signal('token', [0, Number.NaN])).toThrow(/NaN at index 1/)
  })
})

describe('canonical JSON and its hash', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}')
    expect(canonicalJson({ x: Float64Array.of(1, 0.5) })).toBe('{"x":[1,0.5]}')
  })
  it.each([[Number.NaN], [new Map()], [() => 1], [new Date(0)], [1n]])('refuses %s', value => {
    expect(() => canonicalJson({ value })).toThrow(GuerdonError)
  })
  it('matches the published digests', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
  it.each([54, 55, 56, 57, 63, 64, 65, 119, 120, 1000])('pads %d bytes as the platform does', length => {
    const text = 'a'.repeat(length)
    expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'))
  })
  it('matches the platform for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
        expect(sha256(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'))
      }),
      { seed: 1 },
    )
  })
})
