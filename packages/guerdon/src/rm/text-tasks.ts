import {
  discriminatorTask,
  generativeEncoder,
  generativeTask,
  goalTask,
  markTokens,
  type PreferenceRecord,
  packInputs,
  packSequences,
  stepTask,
  type Trajectories,
  withQuestion,
} from '@guerdon/learn'
import { encoderOf, thirdOf, transformerOf } from './encoding.ts'
import { pairsOf, ratedOf, stepsOf } from './examples.ts'
import { stepItem } from './items.ts'
import { bothParts, type KindOptions, type Preparation, prepared, type Sources } from './prepared.ts'

/** Labelled steps for `process`. */
export function prepareSteps(sources: Sources, { sizes }: KindOptions): Preparation {
  const spec = {
    kind: 'steps',
    transformer: transformerOf(sources.encoding, sizes),
    stepToken: markTokens(sources.encoding.size).mark,
  } as const
  const parts = bothParts('process', 'labelled steps', sources, stepsOf, found =>
    found.map(record => stepItem(record, sources.encoder)).filter(({ labels }) => labels.length > 0),
  )
  const { train, heldOut } = parts
  return prepared(spec, parts.counts, batchSize => stepTask(spec, train, { batchSize, ...(heldOut && { heldOut }) }))
}

/** Pairs for `goal`. */
export function prepareGoal(sources: Sources, { sizes }: KindOptions): Preparation {
  const transformer = transformerOf(sources.encoding, sizes)
  const spec = { kind: 'goal', transformer } as const
  const parts = bothParts('goal', 'pairs', sources, pairsOf, pairs => {
    const side = (name: 'chosen' | 'rejected') => {
      const items = pairs.map(pair => sources.encoder.item(pair.prompt, pair[name]))
      return packSequences(
        items.map(({ prompt }) => prompt),
        items.map(({ candidate }) => candidate),
        { width: transformer.maximumLength, padToken: 0 },
      )
    }
    return { chosen: side('chosen'), rejected: side('rejected') }
  })
  const { train, heldOut } = parts
  return prepared(spec, parts.counts, batchSize => goalTask(spec, train, { batchSize, ...(heldOut && { heldOut }) }))
}

/** Pairs for `generative`. */
export function prepareGenerative(sources: Sources, { sizes }: KindOptions): Preparation {
  const marks = markTokens(sources.encoding.size)
  const spec = {
    kind: 'generative',
    transformer: transformerOf(sources.encoding, sizes),
    tokens: { yes: [marks.yes], no: [marks.no] },
    question: [marks.question],
  } as const
  const parts = bothParts('generative', 'pairs', sources, pairsOf, pairs => {
    const side = (name: 'chosen' | 'rejected') =>
      packInputs(
        pairs.map(pair => withQuestion(sources.encoder.item(pair.prompt, pair[name], { room: 1 }), spec)),
        generativeEncoder(spec),
      )
    return { chosen: side('chosen'), rejected: side('rejected') }
  })
  const { train, heldOut } = parts
  return prepared(spec, parts.counts, batchSize =>
    generativeTask(spec, train, { batchSize, ...(heldOut && { heldOut }) }),
  )
}

/** Rated responses for `contrastive`: the best is the reference, the second like it, the worst not. */
export function prepareContrastive(sources: Sources, { sizes }: KindOptions): Preparation {
  const { encoding } = sources
  const encoder = encoderOf(encoding, sizes)
  const separator = [markTokens(encoding.size).separator]
  const spec = { kind: 'discriminator', encoder, form: 'joint', separator } as const
  const third = thirdOf(encoding)
  const cut = (text: string): readonly number[] => sources.encoder.item('', text).candidate.slice(0, third)
  const find = (records: readonly PreferenceRecord[]): Trajectories[] =>
    ratedOf(records).flatMap(({ prompt, responses }) => {
      const ranked = responses
        .flatMap(({ text, score }) => (score === undefined ? [] : [{ text, score }]))
        .sort((a, b) => b.score - a.score)
      const [best, second] = ranked
      const worst = ranked.at(-1)
      if (ranked.length < 3 || worst === undefined || second.score === worst.score) return []
      const question = sources.encoder.item(prompt, '').prompt.slice(-third)
      return [{ prompt: question, reference: cut(best.text), same: cut(second.text), other: cut(worst.text) }]
    })
  const parts = bothParts('contrastive', 'three rated responses to one prompt', sources, find, found => found)
  const { train, heldOut } = parts
  return prepared(spec, parts.counts, batchSize =>
    discriminatorTask(spec, train, { batchSize, ...(heldOut && { heldOut }) }),
  )
}
