/** The parts of a landscape that decide its optimum. */
export interface ScoreTables {
  readonly sites: number
  readonly options: number
  readonly weights: readonly number[]
  readonly byParent: readonly (readonly (readonly (readonly number[])[])[])[]
  readonly byNeighbour: readonly (readonly (readonly (readonly number[])[])[])[]
}

/**
 * The best hypothesis, exactly, by dynamic programming over levels. A state is the choices of one level, options^sites of
 * them; since the parent terms part by site, the step from one level to the next maximises over one parent choice at a
 * time: O(levels·sites·options^(sites + 1)). The first of equal optima in the order of states wins.
 */
export function bestChoices(tables: ScoreTables): { readonly choices: number[][]; readonly score: number } {
  const { sites, options, weights, byParent, byNeighbour } = tables
  const states = options ** sites
  const place = Array.from({ length: sites }, (_, site) => options ** site)
  // [sites][states] the choice of a site in a state.
  const choiceOf = place.map(unit =>
    Uint8Array.from({ length: states }, (_, state) => Math.floor(state / unit) % options),
  )
  // From one state to the next through states that mix new choices of the sites before with old ones of the rest.
  const cameFrom: Int32Array[][] = []
  let best = new Float64Array(states)
  best.fill(Number.NEGATIVE_INFINITY)
  best[0] = 0
  weights.forEach((weight, level) => {
    const arrivals: Int32Array[] = []
    for (let site = 0; site < sites; site++) {
      const next = new Float64Array(states).fill(Number.NEGATIVE_INFINITY)
      const from = new Int32Array(states)
      for (let state = 0; state < states; state++) {
        const choice = choiceOf[site][state]
        let old = state - choice * place[site]
        for (let parent = 0; parent < options; parent++, old += place[site]) {
          const value = best[old] + weight * byParent[level][site][parent][choice]
          if (value <= next[state]) continue
          next[state] = value
          from[state] = old
        }
      }
      best = next
      arrivals.push(from)
    }
    for (let state = 0; state < states; state++) {
      for (let site = 1; site < sites; site++) {
        best[state] += weight * byNeighbour[level][site][choiceOf[site - 1][state]][choiceOf[site][state]]
      }
    }
    cameFrom.push(arrivals)
  })
  let state = best.indexOf(best.reduce((most, value) => Math.max(most, value)))
  const score = best[state]
  const choices = cameFrom.map(() => new Array<number>(sites).fill(0))
  for (let level = weights.length - 1; level >= 0; level--) {
    for (let site = 0; site < sites; site++) choices[level][site] = choiceOf[site][state]
    for (let site = sites - 1; site >= 0; site--) state = cameFrom[level][site][state]
  }
  return { choices, score }
}
