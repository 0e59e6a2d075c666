import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDuplicateKey } from './duplicate-keys.ts'

const find = (text: string) => findDuplicateKey(text, JSON.parse(text))

describe('names that come twice', () => {
  it.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":1,"a" : 2}', ['a']],
    ['{"a":{"b":[0,{"c":1,"c":1}]}}', ['a', 'b', 1, 'c']],
    ['[{"x":1},{"x":1,"y":{"z":0,"z":0}}]', [1, 'y', 'z']],
    ['{"\\u0061":1,"a":2}', ['a']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['{"":1,"":2}', ['']],
    ['{"a":"\\\\","a":2}', ['a']],
    ['{"s":"\\":","a":1,"a":2}', ['a']],
  ])('are found in %s', (text, path) => {
    expect(find(text)).toEqual(path)
  })

  it.each([
    '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}',
    '{"text":"\\"a\\":1,\\"a\\":2"}',
    '{"a":"b","b":"a\\\\"}',
    '["a",": ","\\":"]',
    '"a"',
    '{}',
  ])('are not found in %s', text => {
    expect(find(text)).toBeUndefined()
  })

  it('are never found in what JSON.stringify wrote, and always where one is added', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), value => {
        const text = JSON.stringify(value)
        expect(find(text)).toBeUndefined()
        const [key] = Object.keys(JSON.parse(text) as object)
        const twice = `${text.slice(0, -1)},${JSON.stringify(key)}:0}`
        expect(find(twice)).toEqual([key])
      }),
      { numRuns: 300, seed: 3 },
    )
  })
})
