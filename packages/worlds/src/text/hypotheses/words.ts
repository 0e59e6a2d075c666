import { GuerdonError } from '@guerdon/core'
import { type Vocabulary, vocabularyOf } from '../vocabulary.ts'
import type { Hypothesis, LandscapeSpec } from './landscape.ts'

/** Names of levels, abstract to concrete. */
export const levelNames = ['mechanism', 'concept', 'component', 'parameter', 'condition'] as const
/** Names of the components of a level. */
export const siteNames = ['first', 'second', 'third'] as const
/** Names of choices. */
export const optionNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'] as const

/** The words of observations and actions. */
export const hypothesisVocabulary: Vocabulary = vocabularyOf([
  ...levelNames,
  ...siteNames,
  ...optionNames,
  ...['set', 'undo', 'finish', ',', ';', '-', 'background', 'hypothesis', 'better', 'worse', 'unchanged'],
])

/** A hypothesis in words, `mechanism a - ; concept c d`: a level with its choices, `-` where nothing is decided. */
export function hypothesisText(hypothesis: Hypothesis): string {
  return hypothesis
    .map((row, level) => [levelNames[level], ...row.map(choice => (choice === null ? '-' : optionNames[choice]))])
    .map(words => words.join(' '))
    .join(' ; ')
}

/**
 * Reads what `hypothesisText` writes.
 *
 * @throws parse for anything else
 */
export function readHypothesis(text: string, { levels, sites, options }: LandscapeSpec): Hypothesis {
  const rows = text.split(' ; ').map((row, level) => {
    const [name, ...words] = row.split(' ')
    const choices = words.map(word => (word === '-' ? null : optionNames.indexOf(word as 'a')))
    const fits =
      choices.length === sites && choices.every(choice => choice === null || (choice >= 0 && choice < options))
    return name === levelNames[level] && fits ? choices : undefined
  })
  const read = rows.filter(row => row !== undefined)
  if (read.length === levels && rows.length === levels) return read
  throw new GuerdonError(
    'parse',
    `expected ${levels} levels of ${sites} choices; got ${JSON.stringify(text.slice(0, 60))}`,
  )
}
