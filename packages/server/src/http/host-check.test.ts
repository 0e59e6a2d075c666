import { describe, expect, it } from 'vitest'
import { checkHost, isLoopback } from './host-check.ts'

const verdict = (host: string | undefined, origin?: string, allowed: string[] = []) => {
  try {
    checkHost({ allowed }, host, origin)
    return 'taken'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a server on loopback', () => {
  it.each([
    ['localhost', undefined, 'taken'],
    ['LOCALHOST:8787', undefined, 'taken'],
    ['127.0.0.1:8787', undefined, 'taken'],
    ['127.1.2.3', undefined, 'taken'],
    ['[::1]:8787', undefined, 'taken'],
    [undefined, undefined, 'taken'],
    ['evil.example', undefined, 'forbidden'],
    ['localhost.evil.example:8787', undefined, 'forbidden'],
    ['127.0.0.1.evil.example', undefined, 'forbidden'],
    ['evil.example:127.0.0.1', undefined, 'forbidden'],
    ['10.0.0.1', undefined, 'forbidden'],
    ['localhost', 'http://localhost:3000', 'taken'],
    ['localhost', 'https://evil.example', 'forbidden'],
    ['localhost', 'null', 'forbidden'],
    ['localhost', 'file://', 'forbidden'],
    ['localhost', 'http://localhost@evil.example', 'forbidden'],
  ])('host %s with origin %s: %s', (host, origin, expected) => {
    expect(verdict(host, origin)).toBe(expected)
  })

  it('answers to further names it is told', () => {
    expect(verdict('rewards.internal:8787', undefined, ['Rewards.internal'])).toBe('taken')
    expect(verdict('rewards.internal.evil', undefined, ['rewards.internal'])).toBe('forbidden')
  })

  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.0.1', false],
  ])('%s is loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})
