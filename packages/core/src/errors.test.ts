import { describe, expect, it } from 'vitest'
import { findNamed, nearestName } from './errors.ts'

const names = ['par', 'salt', 'empg', 'fk-steering']

describe('nearest name', () => {
  it.each([
    ['sald', 'salt'],
    ['FK-stearing', 'fk-steering'],
    ['pax', 'par'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearestName(typed, names)).toBe(meant)
  })

  it.each(['xx', '', 'q', 'completely different'])('has nothing near "%s"', typed => {
    expect(nearestName(typed, [...names, 'r0'])).toBeUndefined()
  })
})

describe('find by name', () => {
  const options = { kind: 'method', nameOf: (name: string) => name, hint: 'they are listed' }

  it('returns the entry or suggests one', () => {
    expect(findNamed('salt', names, options)).toBe('salt')
    expect(() => findNamed('sald', names, options)).toThrow('there is no method "sald"')
    try {
      findNamed('sald', names, options)
    } catch (error) {
      expect(error).toMatchObject({ code: 'unknown_name', hint: 'did you mean "salt"? they are listed' })
    }
  })
})
