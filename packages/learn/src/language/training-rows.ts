import {
  GuerdonError,
  numbers,
  optionalNumbers,
  type RolloutBatch,
  type Signal,
  Status,
  signal,
  tokenMask,
} from '@guerdon/core'
import { specialTokens } from '@guerdon/worlds/text/vocabulary'

/** Tokens as padded rows. */
export interface TokenRows {
  readonly count: number
  /** Tokens a row, padding included. */
  readonly width: number
  /** [count·width] */
  readonly tokens: Int32Array
}

/** Tokens as padded rows, with those that are learnt from. */
export interface MaskedRows extends TokenRows {
  /** [count·(width − 1)]: entry t of a row is 1 where the token at t + 1 is learnt from. */
  readonly mask: Float32Array
}

/**
 * What a policy is updated from: rows of tokens and, laid out by the position that predicts them, what is known of each:
 * entry t of a row belongs to the token at t + 1. Entries with mask 0 are not learnt from.
 */
export interface TrainingRows extends MaskedRows {
  /** [count·(width − 1)], as are all below. */
  readonly advantages: Float32Array
  /** log π under temperature 1, as recorded when the token was drawn. */
  readonly logProbs: Float32Array
  /** Log-probability under the distribution it was drawn from; default `logProbs`. */
  readonly samplingLogProbs?: Float32Array
  /** log π of the reference; computed when it is needed and absent. */
  readonly referenceLogProbs?: Float32Array
  /** What the values should be, for a critic. */
  readonly returns?: Float32Array
  /** The values when the token was drawn, for a critic. */
  readonly values?: Float32Array
}

/** How a batch becomes rows. */
export interface TokenRowsOptions {
  /** Longest row the policy takes. */
  readonly maximumLength: number
  /** Default: that of the text worlds. */
  readonly padToken?: number
  /** Rows are padded to a multiple of this, so that few graphs are compiled. Default 16. */
  readonly widthStep?: number
  /** Rows of padding are added up to a multiple of this, for batches whose number of rollouts varies. Default 1. */
  readonly rowStep?: number
}

/** Choices of `trainingRows`. */
export interface TrainingRowsOptions extends TokenRowsOptions {
  /**
   * Tokens that several episodes of a tree share are learnt from in `each` of them, or `once`, in the one that drew them.
   * Default `each`.
   */
  readonly sharedPrefix?: 'each' | 'once'
  /** Column of the advantages. Default `token.advantage`. */
  readonly advantage?: `token.${string}`
}

/**
 * Rows from a batch whose tokens are whole streams, as `episodeBatch` makes them, after a recipe wrote advantages. Tokens the
 * policy did not draw and those without a scored advantage get mask 0.
 *
 * Reads `token.id`, `token.mask`, `token.logprob`, the advantages and, where they are, `token.own`,
 * `token.samplingLogprob`, `token.refLogprob`, `token.return` and `token.value`.
 *
 * @throws not_finite naming rollout and turn, shape_mismatch for a rollout longer than `maximumLength`
 */
export function trainingRows(batch: RolloutBatch, options: TrainingRowsOptions): TrainingRows {
  const { sharedPrefix = 'each', advantage = 'token.advantage' } = options
  const rows = tokenRows(batch, options)
  const advantages = numbers(batch, advantage)
  const drawn = tokenMask(batch)
  const own = sharedPrefix === 'once' ? optionalNumbers(batch, 'token.own')?.values : undefined
  const learnt = drawn.map((mask, t) => (mask && advantages.status[t] === Status.scored && own?.[t] !== 0 ? 1 : 0))
  const layout = { ...rows, batch, learnt }
  const optional = (name: `token.${string}`): Float32Array | undefined => {
    const column = optionalNumbers(batch, name)
    return column && laidOut(column, name, layout)
  }
  const known = {
    samplingLogProbs: optional('token.samplingLogprob'),
    referenceLogProbs: optional('token.refLogprob'),
    returns: optional('token.return'),
    values: optional('token.value'),
  }
  return {
    ...rows,
    mask: rowsOf(learnt, layout),
    advantages: laidOut(advantages, advantage, layout),
    logProbs: laidOut(numbers(batch, 'token.logprob'), 'token.logprob', layout),
    ...(Object.fromEntries(Object.entries(known).filter(([, rows]) => rows !== undefined)) as Partial<TrainingRows>),
  }
}

/**
 * The whole streams of a batch as rows.
 *
 * @throws shape_mismatch for a rollout longer than `maximumLength`
 */
export function tokenRows(batch: RolloutBatch, options: TokenRowsOptions): TokenRows {
  const { padToken = specialTokens.pad, rowStep = 1 } = options
  const count = Math.ceil(batch.rolloutIds.length / rowStep) * rowStep
  const width = rowWidth(batch, options)
  const tokens = new Int32Array(count * width).fill(padToken)
  const ids = numbers(batch, 'token.id').values
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    tokens.set(ids.subarray(batch.tokenOffsets[r], batch.tokenOffsets[r + 1]), r * width)
  }
  return { count, width, tokens }
}

/** Whole streams as rows on which every drawn token is learnt: demonstrations. */
export function demonstrationRows(batch: RolloutBatch, options: TokenRowsOptions): MaskedRows {
  const rows = tokenRows(batch, options)
  return { ...rows, mask: rowsOf(tokenMask(batch), { ...rows, batch }) }
}

/** A token column from numbers laid out as rows: the inverse of how rows are made. The first token of a stream gets 0. */
export function tokenColumn(batch: RolloutBatch, rows: TokenRows, values: ArrayLike<number>): Signal {
  const flat = new Float64Array(batch.tokenOffsets[batch.rolloutIds.length])
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    const first = batch.tokenOffsets[r]
    for (let t = first + 1; t < batch.tokenOffsets[r + 1]; t++) flat[t] = values[r * (rows.width - 1) + t - first - 1]
  }
  return signal('token', flat)
}

interface Layout {
  readonly batch: RolloutBatch
  readonly count: number
  readonly width: number
  /** [N] 1 for tokens learnt from. */
  readonly learnt: Uint8Array
}

/** A token column as rows, 0 where nothing is learnt. */
function laidOut(column: Signal, name: string, layout: Layout): Float32Array {
  const { batch, learnt } = layout
  const values = column.values.map((value, t) => {
    if (!learnt[t]) return 0
    if (Number.isFinite(value) && column.status[t] === Status.scored) return value
    const r = batch.rolloutIds.findIndex((_, i) => t < batch.tokenOffsets[i + 1])
    const turn = turnAt(batch, r, t)
    const place = `rollout ${batch.rolloutIds[r]}${turn < 0 ? '' : `, turn ${turn}`}, token ${t - batch.tokenOffsets[r]}`
    throw new GuerdonError('not_finite', `expected finite numbers in ${name}; got ${value} — ${place}`, {
      path: [batch.rolloutIds[r], name, t - batch.tokenOffsets[r]],
      hint: 'look at the rewards of this rollout and at the recipe that turned them into advantages',
    })
  })
  return rowsOf(values, layout)
}

function rowsOf(values: ArrayLike<number>, { batch, count, width }: Omit<Layout, 'learnt'>): Float32Array {
  const rows = new Float32Array(count * (width - 1))
  for (let r = 0; r < batch.rolloutIds.length; r++) {
    const first = batch.tokenOffsets[r]
    // the first token of a stream is never predicted
    for (let t = first + 1; t < batch.tokenOffsets[r + 1]; t++) rows[r * (width - 1) + t - first - 1] = values[t]
  }
  return rows
}

function turnAt(batch: RolloutBatch, rollout: number, token: number): number {
  for (let turn = batch.turnOffsets[rollout]; turn < batch.turnOffsets[rollout + 1]; turn++) {
    if (token >= batch.turnSpans[2 * turn] && token < batch.turnSpans[2 * turn + 1]) {
      return turn - batch.turnOffsets[rollout]
    }
  }
  return -1
}

function rowWidth(batch: RolloutBatch, { maximumLength, widthStep = 16 }: TrainingRowsOptions): number {
  let longest = 2
  for (const [r, id] of batch.rolloutIds.entries()) {
    const length = batch.tokenOffsets[r + 1] - batch.tokenOffsets[r]
    if (length > maximumLength) {
      throw new GuerdonError(
        'shape_mismatch',
        `expected at most ${maximumLength} tokens a rollout; rollout ${id} has ${length}`,
        { path: [id] },
      )
    }
    longest = Math.max(longest, length)
  }
  return Math.min(maximumLength, Math.ceil(longest / widthStep) * widthStep)
}
