// What the tests call in the page. It is served as it stands: a function handed over by the test runner would carry the
// runner's own form of import().

async function text(path) {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response.text()
}

/** Runs one case, given by its group and its place there. */
async function runCase(group, index) {
  const { cases } = await import(`./cases/${group}.mjs`)
  return cases[index].run({ text })
}

/** Evaluates the golden vectors of one method. */
async function runVectors(slug) {
  const { evaluateVectors } = await import('./cases/golden.mjs')
  return evaluateVectors(slug, { text })
}

/** Imports modules one after the other: for each the names it exports, or its error. */
async function importModules(paths) {
  const imported = []
  for (const path of paths) imported.push(await import(path).then(module => Object.keys(module).sort(), String))
  return imported
}

/** Losses of a transformer trained with so many threads. */
async function train(updates, threads) {
  const { train: trainTransformer } = await import('./cases/transformer.mjs')
  const { losses } = await trainTransformer(updates, { threads })
  return losses
}

globalThis.guerdonTests = { runCase, runVectors, importModules, train }
