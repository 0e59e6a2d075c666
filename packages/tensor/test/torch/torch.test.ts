import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { interpret, jit } from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'
import { cases } from './cases.ts'
import { compareCase, type Recording, type Runner } from './compare.ts'

const recording: Recording = JSON.parse(readFileSync(new URL('./vectors.golden.json', import.meta.url), 'utf8'))

const interpreted: Runner = (f, args) => interpret(f)(...args)

it('knows every recorded case and no other', () => {
  expect(Object.keys(cases).sort()).toEqual(recording.cases.map(each => each.name).sort())
})

describe('the interpreter agrees with recorded PyTorch numbers: values, gradients, second order', () => {
  it.each(recording.cases.map(each => [each.name, each] as const))('%s', async (name, recorded) => {
    await compareCase(recorded, cases[name], interpreted, 1e-11)
  })
})

describe.each([
  { dtype: 'float64', threads: 1, tolerance: 1e-11 },
  { dtype: 'float32', threads: 1, tolerance: 2e-5 },
  { dtype: 'float32', threads: 2, tolerance: 2e-5 },
] as const)('ONNX Runtime in $dtype on $threads thread(s) agrees with PyTorch', ({ dtype, threads, tolerance }) => {
  const compiled: Runner = (f, args) => jit(f, { dtype, threads })(...args)
  it.each(recording.cases.map(each => [each.name, each] as const))('%s', async (name, recorded) => {
    await compareCase(recorded, cases[name], compiled, tolerance)
  })
})

// Live, with other random inputs than the recorded ones; reported as skipped where PyTorch is not installed.
const python = '/usr/bin/python3'
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0

describe.runIf(hasTorch)('the interpreter agrees with PyTorch as installed here', () => {
  it('on fresh inputs', async () => {
    const script = fileURLToPath(new URL('./record.py', import.meta.url))
    const { stdout, status, stderr } = spawnSync(python, [script, '--seed', '20'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const live: Recording = JSON.parse(stdout)
    expect(live.cases.length).toBe(recording.cases.length)
    for (const recorded of live.cases) {
      await compareCase(recorded, cases[recorded.name], interpreted, 1e-11).catch(error => {
        error.message = `${recorded.name}: ${error.message}`
        throw error
      })
    }
  })
})
