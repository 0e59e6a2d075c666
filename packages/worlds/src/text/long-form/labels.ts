import type { ActionWords } from '../turns.ts'
import { type LongFormTask, type PlaceFacts, places, qualities, relations } from './tasks.ts'

/** The three kinds of atomic facts. */
export type FactKind = 'object' | 'attribute' | 'relation'

/** The smallest thing a clause claims. */
export interface AtomicFact {
  readonly type: FactKind
  /** `market`, `market is old`, `market near mill`. */
  readonly text: string
  /** true: the passage says so; null: only a rumour does, so it cannot be verified; false: neither. */
  readonly consistent: boolean | null
}

/** A clause: what stands between commas and full stops. */
export interface ClauseLabel {
  /** Token positions [start, end) in the answer, the closing comma or full stop included. */
  readonly start: number
  readonly end: number
  /** Index of its sentence. */
  readonly sentence: number
  readonly irrelevant: boolean
  /** Why: not a clause of the language, about a place nobody asked for, or nothing new. */
  readonly reason: 'incoherent' | 'not asked' | 'repeated' | null
  /** What it claims; nothing when it is incoherent. */
  readonly facts: readonly AtomicFact[]
}

/** A sentence: clauses up to a full stop. */
export interface SentenceLabel {
  readonly start: number
  readonly end: number
  /** Whether it claims anything the passage does not say. */
  readonly unsupported: boolean
}

/** Exact labels of an answer at three densities: clauses, sentences and the whole. */
export interface LongFormLabels {
  readonly clauses: readonly ClauseLabel[]
  readonly sentences: readonly SentenceLabel[]
  /** Facts a complete answer states: the attribute of each place asked for, and its relation if it has one. */
  readonly required: readonly string[]
  /** Those the answer leaves out. */
  readonly missing: readonly string[]
  /** Whether the answer has its end token. */
  readonly finished: boolean
}

/** Labels an answer segment by segment. Everything is decided by rule, so the labels are exact. */
export function longFormLabels(task: LongFormTask, { words, complete }: ActionWords): LongFormLabels {
  const required = task.asked.flatMap(place => placeFacts(task, place))
  const evidence = evidenceOf(task)
  const said = new Set<string>()
  const clauses: ClauseLabel[] = []
  const sentences: SentenceLabel[] = []
  let clauseStart = 0
  let sentenceStart = 0
  words.forEach((word, t) => {
    const last = t === words.length - 1
    const closesSentence = word === '.' || last
    if (word !== ',' && !closesSentence) return
    const label = clauseLabel(words.slice(clauseStart, t + 1), { evidence, asked: task.asked, said })
    clauses.push({ start: clauseStart, end: t + 1, sentence: sentences.length, ...label })
    clauseStart = t + 1
    if (!closesSentence) return
    const own = clauses.filter(clause => clause.sentence === sentences.length)
    const unsupported = own.some(({ facts }) => facts.some(({ consistent }) => consistent !== true))
    sentences.push({ start: sentenceStart, end: t + 1, unsupported })
    sentenceStart = t + 1
  })
  const missing = required.filter(fact => !said.has(fact))
  return { clauses, sentences, required, missing, finished: complete }
}

/** The attribute and relation facts the passage has of a place. */
function placeFacts(task: LongFormTask, place: string): string[] {
  return task.passage.filter(facts => facts.place === place).flatMap(factTexts)
}

function factTexts({ place, quality, relation }: PlaceFacts): string[] {
  return [`${place} is ${quality}`, ...(relation ? [`${place} ${relation.join(' ')}`] : [])]
}

/** What the passage says, and what rumours add to it. */
interface Evidence {
  readonly known: ReadonlySet<string>
  readonly rumoured: ReadonlySet<string>
}

function evidenceOf({ passage, rumours }: LongFormTask): Evidence {
  return {
    known: new Set(passage.flatMap(facts => [facts.place, ...factTexts(facts)])),
    rumoured: new Set(rumours.map(({ place, quality }) => `${place} is ${quality}`)),
  }
}

function clauseLabel(
  words: readonly string[],
  context: { readonly evidence: Evidence; readonly asked: readonly string[]; readonly said: Set<string> },
): Pick<ClauseLabel, 'irrelevant' | 'reason' | 'facts'> {
  const { evidence, asked, said } = context
  const claim = readClause(words)
  if (claim === undefined) return { irrelevant: true, reason: 'incoherent', facts: [] }
  const facts = atomicFacts(evidence, claim)
  const news = facts.filter(({ text }) => !said.has(text))
  for (const { text } of facts) said.add(text)
  const reason = !asked.includes(claim.place) ? 'not asked' : news.length === 0 ? 'repeated' : null
  return { irrelevant: reason !== null, reason, facts }
}

interface Claim {
  readonly place: string
  readonly quality?: string | undefined
  readonly relation?: readonly [string, string] | undefined
}

/** `PLACE [is QUALITY] [RELATION PLACE]`, articles, `and` and punctuation aside. */
function readClause(words: readonly string[]): Claim | undefined {
  const kept = words.filter(word => !['the', 'and', ',', '.'].includes(word))
  const [place, ...rest] = kept
  if (!isOneOf(place, places)) return undefined
  const quality = rest[0] === 'is' && isOneOf(rest[1], qualities) ? rest[1] : undefined
  const tail = quality === undefined ? rest : rest.slice(2)
  if (tail.length === 0) return { place, quality }
  const [relation, other] = tail
  if (tail.length !== 2 || !isOneOf(relation, relations) || !isOneOf(other, places)) return undefined
  return { place, quality, relation: [relation, other] }
}

function atomicFacts({ known, rumoured }: Evidence, { place, quality, relation }: Claim): AtomicFact[] {
  const fact = (type: FactKind, text: string): AtomicFact => {
    return { type, text, consistent: known.has(text) || (rumoured.has(text) ? null : false) }
  }
  return [
    fact('object', place),
    ...(quality === undefined ? [] : [fact('attribute', `${place} is ${quality}`)]),
    ...(relation ? [fact('object', relation[1]), fact('relation', `${place} ${relation.join(' ')}`)] : []),
  ]
}

function isOneOf(word: string | undefined, words: readonly string[]): word is string {
  return word !== undefined && words.includes(word)
}
