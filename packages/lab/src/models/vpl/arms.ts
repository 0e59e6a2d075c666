import type { StudyArm } from '../../claims/claim.ts'
import type { UserModelKind } from './user-training.ts'

/** What is trained, and how many users there are: two of opposite tastes, or four. */
export interface UserSettings {
  readonly kind: UserModelKind
  readonly users: 2 | 4
}

/** The arms of both studies. */
export const arms: readonly StudyArm<UserSettings>[] = [
  { id: 'vpl-2', label: 'VPL, 2 opposite users', role: 'method', settings: { kind: 'vpl', users: 2 } },
  { id: 'vpl-4', label: 'VPL, 4 users', role: 'method', settings: { kind: 'vpl', users: 4 } },
  { id: 'bt-2', label: 'Bradley–Terry, 2 opposite users', role: 'baseline', settings: { kind: 'blind', users: 2 } },
  { id: 'bt-4', label: 'Bradley–Terry, 4 users', role: 'baseline', settings: { kind: 'blind', users: 4 } },
  {
    id: 'shuffled-2',
    label: 'VPL told another user’s choices, 2 users',
    role: 'control',
    settings: { kind: 'shuffled', users: 2 },
  },
]
