import type { Random } from '@guerdon/core'

/** What there is in the world, by kind; a task has some of each. */
export const entities = {
  person: ['mira', 'jon', 'sol', 'ada', 'ravi', 'lena', 'otto', 'yuki'],
  town: ['velm', 'osk', 'tarn', 'brugg', 'lund', 'faro', 'nim', 'quill'],
  river: ['eder', 'isar', 'drava', 'tyne', 'loire', 'ebro', 'arno', 'warta'],
} as const

/** A kind of thing. */
export type EntityKind = keyof typeof entities

/** Relations, each of which gives every thing of one kind another thing, no two the same. */
export const relations: Readonly<Record<string, { readonly from: EntityKind; readonly to: EntityKind }>> = {
  teacher: { from: 'person', to: 'person' },
  home: { from: 'person', to: 'town' },
  mayor: { from: 'town', to: 'person' },
  river: { from: 'town', to: 'river' },
}

/** One document: the relation of the subject is the object. A rumour is false, and says that it is one. */
export interface LibraryDocument {
  readonly subject: string
  readonly relation: string
  readonly object: string
  readonly rumour: boolean
}

/** A question over several hops, and the library in which its answer can be found. */
export interface SearchTask {
  readonly id: string
  readonly level: number
  /** Where the chain begins. */
  readonly start: string
  /** Relations in the order they are followed. */
  readonly relations: readonly string[]
  readonly documents: readonly LibraryDocument[]
  readonly answer: string
}

/** How the questions and libraries of a level are made. */
export interface LibraryShape {
  readonly hops: number
  /** Things of each kind. */
  readonly things: number
  readonly rumours: number
}

/** Documents a search returns at most. */
export const documentsPerSearch = 2

/** A question in words: `river of home of teacher of mira ?`. */
export function searchQuestionWords({ start, relations: chain }: SearchTask): string {
  return `${[...chain].reverse().join(' of ')} of ${start} ?`
}

/** A document in words. */
export function documentWords({ subject, relation, object, rumour }: LibraryDocument): string {
  return `${rumour ? 'rumour ' : ''}${subject} ${relation} ${object}`
}

/** Numbers of the documents with most of the query's words, the earlier first among equals; none without any. */
export function searchDocuments(documents: readonly LibraryDocument[], query: readonly string[]): readonly number[] {
  return documents
    .map(({ subject, relation, object }, number) => {
      const score = query.filter(word => word === subject || word === relation || word === object).length
      return { number, score }
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.number - b.number)
    .slice(0, documentsPerSearch)
    .map(({ number }) => number)
}

/** Number of the document that says truly what the relation of a thing is. */
export function truthAbout(documents: readonly LibraryDocument[], subject: string, relation: string): number {
  return documents.findIndex(one => one.subject === subject && one.relation === relation && !one.rumour)
}

/** How far the documents seen lead along the chain from its start: the things in order, the start first. */
export function followedChain(task: SearchTask, seen: readonly number[]): readonly string[] {
  const chain = [task.start]
  for (const relation of task.relations) {
    const number = truthAbout(task.documents, chain[chain.length - 1], relation)
    if (!seen.includes(number)) break
    chain.push(task.documents[number].object)
  }
  return chain
}

/**
 * The answers that the documents seen leave possible, for a reader who knows what things there are, that every relation
 * gives each thing another, and which documents are rumours. Follows sets of things along the chain; what two hops exclude
 * only together is not used, so that there may be fewer.
 */
export function possibleAnswers(task: SearchTask, seen: readonly number[]): ReadonlySet<string> {
  const told = seen.map(number => task.documents[number]).filter(({ rumour }) => !rumour)
  let possible: ReadonlySet<string> = new Set([task.start])
  for (const relation of task.relations) {
    const known = told.filter(one => one.relation === relation)
    const taken = known.map(({ object }) => object)
    const objects = task.documents.filter(one => one.relation === relation && !one.rumour).map(({ object }) => object)
    const free = objects.filter(object => !taken.includes(object))
    const next = new Set<string>()
    for (const thing of possible) {
      const fact = known.find(({ subject }) => subject === thing)
      for (const object of fact ? [fact.object] : free.filter(other => other !== thing)) next.add(object)
    }
    possible = next
  }
  return possible
}

/** Draws a library and a question whose answer it holds. */
export function drawLibrary(level: number, shape: LibraryShape, random: Random): SearchTask {
  const things = { person: draw('person'), town: draw('town'), river: draw('river') }
  function draw(kind: EntityKind): string[] {
    return random.shuffle([...entities[kind]]).slice(0, shape.things)
  }
  const documents: LibraryDocument[] = Object.entries(relations).flatMap(([relation, { from, to }]) => {
    // A turn of the shuffled things by one or more places gives nobody themselves.
    const turn = from === to ? 1 + random.integer(shape.things - 1) : random.integer(shape.things)
    return things[from].map((subject, i) => {
      const object = things[to][(i + turn) % shape.things]
      return { subject, relation, object, rumour: false }
    })
  })
  const chain: string[] = []
  let kind: EntityKind = 'person'
  const start = random.choice(things.person)
  let answer: string = start
  const rumours: LibraryDocument[] = []
  while (chain.length < shape.hops) {
    const last = chain.length === shape.hops - 1
    const open = Object.keys(relations).filter(name => {
      return relations[name].from === kind && (last || relations[name].to !== 'river')
    })
    const relation = random.choice(open)
    const truth = documents[truthAbout(documents, answer, relation)]
    const others = things[relations[relation].to].filter(thing => thing !== truth.object)
    // Teachers are spared: a search for one finds two true documents already.
    if (relation !== 'teacher' && rumours.length < shape.rumours && !rumours.some(one => one.subject === answer)) {
      rumours.push({ ...truth, object: random.choice(others), rumour: true })
    }
    chain.push(relation)
    kind = relations[relation].to
    answer = truth.object
  }
  const all = random.shuffle([...documents, ...rumours])
  const question = { start, relations: chain, documents: all, answer }
  const id = `${[...chain].reverse().join(' of ')} of ${start} (${all.map(documentWords).join(', ')})`
  return { id, level, ...question }
}
