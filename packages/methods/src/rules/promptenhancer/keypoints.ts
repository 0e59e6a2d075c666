/** The 24 key points of text–image alignment in their six categories. */
export const keypointCategories = {
  languageUnderstanding: ['negation', 'attributeConsistency', 'pronounReference'],
  visualAttributes: ['counting', 'size', 'material', 'expression', 'style'],
  actionsInteractions: [
    'fullBodyAction',
    'handAction',
    'animalAction',
    'contactInteraction',
    'nonContactInteraction',
    'state',
  ],
  relationsComposition: [
    'comparison',
    'composition',
    'containment',
    'similarity',
    'crossEntityBinding',
    'entityLayout',
  ],
  worldKnowledge: ['knowledgeApplication', 'counterfactual'],
  inImageText: ['textRendering', 'textLayout'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** Name of a category of key points. */
export type KeypointCategory = keyof typeof keypointCategories

/** Names of all 24 key points. */
export const keypoints: readonly string[] = Object.values(keypointCategories).flat()

/** The reward of one image. */
export interface AlignReward {
  /** In [0, 1] for scores in [0, 1]; 0 when not valid: leave the rollout out, do not count it. */
  readonly reward: number
  /** Number of key points with a score. */
  readonly applicable: number
  /** False when no key point has a score. */
  readonly valid: boolean
  /** Mean of the scored points of each category, null for a category without one. */
  readonly categoryMeans: Readonly<Record<KeypointCategory, number | null>>
  /** Names the evaluator gave that are no key points; ignored. */
  readonly unknown: readonly string[]
}

/**
 * AlignEvaluator's reward: the mean of the key-point scores, over points and not over categories (which would weigh
 * them 6 to 24).
 *
 * `nonApplicable: 'exclude'` (default): over the points that have a score. `'pass'`: a missing point counts 1, the
 * divisor is 24. NaN is missing. Evaluate against the user's prompt: against the rewrite, dropping a constraint costs
 * nothing.
 *
 * Source: PromptEnhancer, arXiv 2509.04545 (`nonApplicable` is a reconstruction).
 */
export function alignReward(
  scores: Readonly<Record<string, number | null>>,
  options: { readonly nonApplicable?: 'exclude' | 'pass' } = {},
): AlignReward {
  const { nonApplicable = 'exclude' } = options
  const given = new Map<string, number>()
  const unknown: string[] = []
  for (const [name, score] of Object.entries(scores)) {
    if (!keypoints.includes(name)) unknown.push(name)
    else if (score !== null && Number.isFinite(score)) given.set(name, score)
  }
  const total = [...given.values()].reduce((sum, score) => sum + score, 0)
  const applicable = given.size
  const missing = keypoints.length - applicable
  const reward = nonApplicable === 'pass' ? (total + missing) / keypoints.length : total / applicable
  const categoryMeans = Object.fromEntries(
    Object.entries(keypointCategories).map(([category, names]) => {
      const scored = names.flatMap(name => given.get(name) ?? [])
      return [category, scored.length === 0 ? null : scored.reduce((sum, score) => sum + score, 0) / scored.length]
    }),
  ) as Record<KeypointCategory, number | null>
  return { reward: applicable === 0 ? 0 : reward, applicable, valid: applicable > 0, categoryMeans, unknown }
}
