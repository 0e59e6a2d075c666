import { loadAdapters } from '../../packages/methods/dist/golden/adapters/index.js'
import { evaluateCase, parseGolden } from '../../packages/methods/dist/golden/evaluate.js'

/** Evaluates the golden vectors of a method: how many there are, and what is wrong with those that are not met. */
export async function evaluateVectors(slug, { text }) {
  const file = parseGolden(JSON.parse(await text(`/packages/methods/golden/vectors/${slug}.json`)))
  const failures = []
  for (const given of file.cases) {
    const { name, error } = await evaluateCase(given, slug, loadAdapters)
    if (error !== null) failures.push(`${name}: ${error}`)
  }
  return { count: file.cases.length, failures }
}
