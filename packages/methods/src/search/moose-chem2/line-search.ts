import { assertInteger } from '@guerdon/core'
import type { Pick } from './verdicts.ts'

/** An edited hypothesis, and why the proposer made the edit. */
export interface Proposal {
  readonly text: string
  readonly reason?: string
}

/** A rejected edit and what the judge held against it. */
export interface RejectedProposal extends Proposal {
  readonly verdictReason?: string
}

/** One accepted edit. */
export interface AcceptedStep extends Proposal {
  /** The text it was preferred to. */
  readonly previous: string
  readonly verdictReason?: string
  /** Edits that were tried from the same text and lost. */
  readonly rejected: readonly RejectedProposal[]
}

/** A judge's verdict on (previous, new). */
export interface Verdict {
  readonly pick: Pick
  readonly reason?: string
}

/** The language-model calls a line needs. `null` stands for a call that failed after its own retries: the edit is not better. */
export interface LineCalls {
  /** An edit of `previous`; `rejected` is filled only with `learnFromRejections`. */
  propose(previous: string, rejected: readonly RejectedProposal[]): Promise<Proposal | null>
  /** Critique and revision of an edit. */
  refine?(proposal: Proposal, previous: string): Promise<Proposal | null>
  /** Which is better, the text shown first or second. */
  judge(shownFirst: string, shownSecond: string): Promise<Verdict | null>
}

/** When a line ends. */
export interface LineOptions {
  /** Failed edits in a row that make a local optimum, ≥ 1. Default 3. */
  readonly patience?: number
  /** Bound on accepted edits. Default 60. */
  readonly maxSteps?: number
  /** Hand rejected edits and reasons to the next proposal (lowers recall in the paper). Default false. */
  readonly learnFromRejections?: boolean
  /** What the first edit is compared with. Default: the start. */
  readonly firstComparison?: string
  readonly signal?: AbortSignal
  /** `released`: with patience 1 a success also uses up the patience, so the line stops after its first accepted edit. */
  readonly compat?: 'released'
}

/** What calls were made; compare searches at equal cost. */
export interface SearchLedger {
  proposals: number
  refinements: number
  judgeCalls: number
}

/** Where a line went. */
export interface SearchLine {
  readonly accepted: readonly AcceptedStep[]
  /** Text at its end; the start when nothing was accepted. */
  readonly final: string
  /** True when patience ran out, false when the bound on steps did. */
  readonly reachedLocalOptimum: boolean
  readonly ledger: Readonly<SearchLedger>
}

/**
 * Hill climbing by a judge: propose an edit, accept it iff the judge strictly prefers it to the current text (shown first),
 * stop after `patience` failures in a row: a local optimum of the latent landscape.
 */
export async function localSearchLine(start: string, calls: LineCalls, options: LineOptions = {}): Promise<SearchLine> {
  const { patience = 3, maxSteps = 60, learnFromRejections = false, firstComparison, signal, compat } = options
  assertInteger(patience, 'patience', 1)
  assertInteger(maxSteps, 'maxSteps', 1)
  const ledger: SearchLedger = { proposals: 0, refinements: 0, judgeCalls: 0 }
  const accepted: AcceptedStep[] = []
  let current = start
  let comparedWith = firstComparison ?? start
  while (accepted.length < maxSteps) {
    const rejected: RejectedProposal[] = []
    let step: AcceptedStep | undefined
    while (!step && rejected.length < patience) {
      signal?.throwIfAborted()
      const proposal = await tryProposal(current, rejected)
      if (!proposal) {
        rejected.push({ text: '' })
        continue
      }
      ledger.judgeCalls++
      const verdict = await calls.judge(comparedWith, proposal.text)
      const reason = verdict?.reason === undefined ? {} : { verdictReason: verdict.reason }
      if (verdict?.pick === 2) step = { ...proposal, ...reason, previous: comparedWith, rejected }
      else rejected.push({ ...proposal, ...reason })
    }
    if (!step) return { accepted, final: current, reachedLocalOptimum: true, ledger }
    accepted.push(step)
    current = step.text
    comparedWith = current
    if (compat === 'released' && patience === 1) return { accepted, final: current, reachedLocalOptimum: true, ledger }
  }
  return { accepted, final: current, reachedLocalOptimum: false, ledger }

  async function tryProposal(previous: string, rejected: readonly RejectedProposal[]): Promise<Proposal | null> {
    ledger.proposals++
    const proposal = await calls.propose(previous, learnFromRejections ? rejected : [])
    if (!proposal || !calls.refine) return proposal
    ledger.refinements++
    return (await calls.refine(proposal, previous)) ?? proposal
  }
}
