/** One chat message to a judge. */
export interface JudgeMessage {
  readonly role: 'system' | 'user'
  readonly content: string
}
