import { canonicalJson, type Recipe, type RecipeState } from '@guerdon/core'

/** A state of `from` for the recipe `to`: steps that are the same in both go on, the others begin anew. */
export function carryState(from: Recipe, to: Recipe, state: RecipeState): RecipeState {
  if (from.version === to.version) return state
  const places = new Map<string, number[]>()
  identities(from).forEach((identity, i) => {
    places.set(identity, [...(places.get(identity) ?? []), i])
  })
  const initial = to.initialState()
  const steps = identities(to).map((identity, i) => {
    const place = places.get(identity)?.shift()
    return place === undefined ? initial.steps[i] : state.steps[place]
  })
  return { recipe: to.version, steps }
}

/** Which stages keep their state from one recipe to the next, and which begin anew; stages without state are left out. */
export function carriedStages(from: Recipe, to: Recipe): { readonly kept: string[]; readonly fresh: string[] } {
  const known = identities(from)
  const kept: string[] = []
  const fresh: string[] = []
  identities(to).forEach((identity, i) => {
    const { stage } = to.steps[i]
    const initial: unknown = stage.initial()
    if (initial === null || initial === undefined) return
    const place = known.indexOf(identity)
    if (place >= 0) known.splice(place, 1)
    ;(place >= 0 ? kept : fresh).push(stage.name)
  })
  return { kept, fresh }
}

/** True when a step of the recipe keeps a state. */
export function isStateful(recipe: Recipe): boolean {
  return recipe.initialState().steps.some(({ state }) => state !== null && state !== undefined)
}

/** Everything that decides what a step's state means. */
function identities(recipe: Recipe): string[] {
  return recipe.steps.map(({ stage, columns }) => {
    const { name, version = 1, stateVersion, options } = stage
    return canonicalJson({ name, version, stateVersion, options, columns })
  })
}
