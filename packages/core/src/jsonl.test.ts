import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RolloutStreamOptions } from './index.ts'
import {
  type GuerdonError,
  type JsonlOptions,
  jsonLine,
  numbers,
  outcomeAt,
  readJsonLines,
  readRolloutBatches,
} from './index.ts'

const encoder = new TextEncoder()

/** The bytes of `text`, cut into pieces of `size` to show that lines do not depend on the cuts. */
function* bytes(text: string | Uint8Array, size = 7): Generator<Uint8Array> {
  const all = typeof text === 'string' ? encoder.encode(text) : text
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size)
}

async function readAll(text: string | Uint8Array, options: JsonlOptions = {}, size = 7) {
  const reading = readJsonLines(bytes(text, size), options)
  const values: unknown[] = []
  for await (const { line, value } of reading.records) values.push([line, value])
  return { values, report: reading.report }
}

describe('readJsonLines', () => {
  it.each([1, 3, 1000])(
    'reads LF, CRLF, a BOM, blank lines and a missing last line end in pieces of %d',
    async size => {
      const { values, report } = await readAll('\ufeff{"a":"é"}\r\n\n  \n[1]\n2', {}, size)
      expect(values).toEqual([
        [1, { a: 'é' }],
        [4, [1]],
        [5, 2],
      ])
      expect(report).toMatchObject({ lines: 5, blank: 2, records: 3, skipped: 0 })
    },
  )

  it('reads nothing from nothing', async () => {
    expect((await readAll('')).report).toMatchObject({ lines: 0, records: 0 })
  })

  it.each<[string, string | Uint8Array, RegExp]>([
    [
      'a malformed line',
      '{"id":"r1"}\n{"id":"r2", oops}\n',
      /one JSON record; got \{"id":"r2", oops\} — f\.jsonl, line 2, rollout "r2"/,
    ],
    [
      'a NaN literal',
      '{"id":"r1","outcome":NaN}\n',
      /a finite number; got NaN — f\.jsonl, line 1, rollout "r1", outcome/,
    ],
    [
      'an infinite list entry',
      '{"id":"r1","logprobs":[0, -Infinity]}\n',
      /got -Infinity — f\.jsonl, line 1, rollout "r1", logprobs/,
    ],
    [
      'a cut last line',
      '{"id":"r1"}\n{"id":"r2","prompt":"wh',
      /ends inside one, after \{"id":"r2","prompt":"wh — f\.jsonl, line 2/,
    ],
    ['invalid UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d, 10), /UTF-8 text; got bytes that are not UTF-8/],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x7b, 0, 10), /UTF-16 byte-order mark/],
    ['control characters', '\u001b[31mred\n', /got \\u\{1b\}\[31mred — /],
    ['a line too long', `${'x'.repeat(300)}\n`, /at most 200 bytes; got 300 bytes/],
  ])('stops at %s with file and line', async (_, text, message) => {
    await expect(readAll(text, { file: 'f.jsonl', maxLineBytes: 200 })).rejects.toThrow(message)
  })

  it('passes over bad lines, counting all and keeping the first', async () => {
    const { values, report } = await readAll('1\nx\n2\ny\nz\n3\n', { onError: 'skip', keepFaults: 2 })
    expect(values.map(entry => (entry as unknown[])[1])).toEqual([1, 2, 3])
    expect(report).toMatchObject({ lines: 6, records: 3, skipped: 3 })
    expect(report.faults.map(fault => fault.line)).toEqual([2, 4])
  })

  it('reads a web stream, and lets go of it when it stops', async () => {
    const text = '1\n2\nx\n3\n'
    let cancelled = false
    const stream = () =>
      new ReadableStream<Uint8Array>({
        pull: controller => {
          for (const piece of bytes(text, 2)) controller.enqueue(piece)
        },
        cancel: () => {
          cancelled = true
        },
      })
    const read = async (): Promise<void> => {
      for await (const { value } of readJsonLines(stream()).records) seen.push(value)
    }
    const seen: unknown[] = []
    await expect(read()).rejects.toThrow(/got x/)
    expect(seen).toEqual([1, 2])
    expect(cancelled).toBe(true)
    const body = new Response('4\n5').body
    const whole: unknown[] = []
    for await (const { value } of readJsonLines(body as ReadableStream<Uint8Array>).records) whole.push(value)
    expect(whole).toEqual([4, 5])
  })

  it('stops when aborted', async () => {
    await expect(readAll('1\n2\n', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  })

  it('reads back whatever was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 20 }), async (values, size) => {
        const read = await readAll(values.map(jsonLine).join(''), {}, size)
        expect(read.values.map(entry => (entry as unknown[])[1])).toEqual(
          values.map(v => JSON.parse(JSON.stringify(v))),
        )
      }),
      { seed: 3, numRuns: 100 },
    )
  })
})

describe('jsonLine', () => {
  it('writes typed arrays as lists and refuses NaN', () => {
    expect(jsonLine({ a: Float32Array.of(0.5, 1) })).toBe('{"a":[0.5,1]}\n')
    expect(() => jsonLine({ a: { b: Number.NaN } })).toThrow(/got NaN in field "b"/)
  })
})

const rollout = (id: string, group?: string, more: object = {}) =>
  jsonLine({ id, prompt: group ?? id, ...(group === undefined ? {} : { group }), response: 'abc', ...more })

async function stream(text: string, options: RolloutStreamOptions = {}) {
  const reading = readRolloutBatches(bytes(text, 50), options)
  const batches = []
  for await (const { batch, lines } of reading.batches) batches.push({ batch, lines })
  return { batches, report: reading.report, ids: batches.map(({ batch }) => batch.rolloutIds) }
}

describe('readRolloutBatches', () => {
  const text =
    rollout('a', 'g') + rollout('b', 'g') + rollout('c', 'h') + rollout('d') + rollout('e', 'k') + rollout('f', 'k')
  it('yields whole groups', async () => {
    const { ids, batches } = await stream(text, { rolloutsPerBatch: 2 })
    expect(ids).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ])
    expect(batches[1].lines.get('d')).toBe(4)
  })
  it('stops at a limit', async () => {
    expect((await stream(text, { limit: 3 })).ids).toEqual([['a', 'b', 'c']])
    expect((await stream(`x\n${text}`, { limit: 3, onError: 'skip' })).ids).toEqual([['a', 'b', 'c']])
  })
  it('refuses a group that goes on after it ended, unless the window is wide enough', async () => {
    const interleaved = rollout('a', 'g') + rollout('b', 'h') + rollout('c', 'g') + rollout('d', 'h')
    await expect(stream(interleaved, { file: 'f' })).rejects.toThrow(
      /next to each other; got one more of group "g" after it had ended — f, line 3, rollout "c", group/,
    )
    const { batches, ids } = await stream(interleaved, { groupWindow: 1 })
    expect(ids).toEqual([['a', 'c', 'b', 'd']])
    expect([...batches[0].batch.groupOffsets]).toEqual([0, 2, 4])
  })
  it('names the line of a bad rollout and goes on when asked', async () => {
    const bad = rollout('a') + rollout('b', undefined, { turns: [{ span: [0, 9] }] }) + rollout('a') + rollout('c')
    await expect(stream(bad, { file: 'f' })).rejects.toThrow(/got \[0, 9\) — f, line 2, rollout "b", turns\[0\]\.span/)
    const { ids, report } = await stream(bad, { onError: 'skip' })
    expect(ids).toEqual([['a', 'c']])
    expect(report).toMatchObject({ records: 2, skipped: 2 })
    expect(report.faults.map((fault: GuerdonError) => [fault.line, fault.rollout])).toEqual([
      [2, 'b'],
      [3, 'a'],
    ])
  })
  it('keeps columns that earlier batches had', async () => {
    const { batches } = await stream(rollout('a', undefined, { columns: { score: 1 } }) + rollout('b'), {
      rolloutsPerBatch: 1,
    })
    expect(outcomeAt(numbers(batches[1].batch, 'rollout.score'), 0)).toEqual({ status: 'abstained' })
    const mixed =
      rollout('a', undefined, { columns: { score: 1 } }) + rollout('b', undefined, { columns: { score: 'x' } })
    await expect(stream(mixed, { rolloutsPerBatch: 1 })).rejects.toThrow(
      /expected number as in the rollouts before; got text/,
    )
  })
})
