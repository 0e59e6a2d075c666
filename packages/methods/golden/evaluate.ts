import type { Adapter, Adapters } from './adapter.ts'
import { decodeNumbers, encodeNumbers, firstDifference } from './compare.ts'

/** One test vector. */
export interface GoldenCase {
  readonly name: string
  readonly function: string
  readonly input: unknown
  readonly expected: unknown
  readonly atol?: number
  readonly rtol?: number
  /** Overrides the file's method. */
  readonly method?: string
}

/** A file of test vectors: an object with `method` and `cases`, or a bare list of cases. */
export interface GoldenFile {
  readonly method?: string
  readonly cases: readonly GoldenCase[]
}

/** What came of one case. */
export interface CaseResult {
  readonly name: string
  readonly function: string
  readonly ok: boolean
  readonly actual: unknown
  readonly error: string | null
}

/** Finds the adapters of a method by slug; undefined for an unknown slug. */
export type AdapterLookup = (method: string) => Promise<Adapters | undefined>

/** Reads the content of a golden file. */
export function parseGolden(content: unknown): GoldenFile {
  if (Array.isArray(content)) return { cases: content }
  const file = content as GoldenFile
  if (!Array.isArray(file?.cases)) throw new Error('expected a list of cases, or an object with a list named "cases"')
  return file
}

/** Evaluates one case; whatever goes wrong becomes the result's `error`. */
export async function evaluateCase(given: GoldenCase, method: string, lookup: AdapterLookup): Promise<CaseResult> {
  const result = (ok: boolean, actual: unknown, error: string | null): CaseResult => ({
    name: given.name,
    function: given.function,
    ok,
    actual,
    error,
  })
  try {
    const adapters = await lookup(given.method ?? method)
    const adapter = adapters?.[given.function] as Adapter | undefined
    if (!adapter) return result(false, null, `no adapter for ${given.method ?? method}.${given.function}`)
    const actual = encodeNumbers(await adapter(decodeNumbers(given.input) as never))
    const tolerance = { atol: given.atol ?? 1e-6, rtol: given.rtol ?? 1e-6 }
    const difference = firstDifference(actual, given.expected, tolerance)
    return result(difference === undefined, actual, difference ?? null)
  } catch (error) {
    return result(false, null, error instanceof Error ? error.message : String(error))
  }
}
