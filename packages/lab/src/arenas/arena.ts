import type { Study } from '../claims/claim.ts'

/** A number by which arms are compared. */
export interface ArenaColumn {
  /** Metric of the studies' runs. */
  readonly metric: string
  readonly label: string
  readonly direction: 'higher' | 'lower'
  readonly digits: number
  /** One sentence: how it is measured, in which unit. */
  readonly about: string
}

/**
 * Methods for one job on the same worlds under one budget and one protocol. A track is a study of its own: a world, with
 * rates chosen and confirmed on it; arms have the same ids in all tracks, but a track may lack some.
 */
export interface Arena {
  /** Short name for the command line and files. */
  readonly slug: string
  /** Raised whenever results of an earlier version would no longer be comparable. */
  readonly version: number
  readonly title: string
  /** The question it answers, one sentence. */
  readonly question: string
  // biome-ignore lint/suspicious/noExplicitAny: studies with different settings share no narrower type
  readonly tracks: Readonly<Record<string, Study<any>>>
  /** The first one ranks. */
  readonly columns: readonly ArenaColumn[]
  /** Arm that probabilities of improvement are against. */
  readonly reference: string
}
