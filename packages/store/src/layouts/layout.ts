import type { JsonRecord, Preference, Rollout } from '@guerdon/core'
import type { Verdict } from '../open-store.ts'

/** What one record of a file holds; a record about something else holds nothing. */
export interface LayoutItems {
  readonly rollouts?: readonly Rollout[]
  readonly preferences?: readonly Preference[]
  readonly verdicts?: readonly Verdict[]
}

interface LayoutFacts {
  readonly name: string
  /** The fields it has, for people. */
  readonly fields: string
  /** Whether a record looks like it. */
  detect(record: JsonRecord): boolean
  /**
   * What the record holds. Fields without a place of their own go into `meta`.
   *
   * @param fallbackId id for a rollout whose record has none
   * @throws invalid_input naming the field that is not as it should be
   */
  read(record: JsonRecord, fallbackId: string): LayoutItems
}

/** A way in which files of rollouts are laid out. */
export interface RolloutLayout extends LayoutFacts {
  readonly holds: 'rollouts'
  /** The record of a rollout: `write(read(record))` is `record`. Absent where nobody would want to write it. */
  write?(rollout: Rollout): JsonRecord
}

/** A way in which files of preferences are laid out. */
export interface PreferenceLayout extends LayoutFacts {
  readonly holds: 'preferences'
  /** The record of a preference: `write(read(record))` is `record`. Throws `unsupported` for a kind it has no form for. */
  write?(preference: Preference): JsonRecord
}

export type Layout = RolloutLayout | PreferenceLayout
