import { escapeControls, type GuerdonError } from '@guerdon/core'
import colours from 'picocolors'

/** An error for a person: what was expected, what came, where, and what to do. */
export function errorText(error: GuerdonError): string {
  const hint = error.hint === undefined ? '' : `\n  ${colours.dim('hint:')} ${escapeControls(error.hint)}`
  return `${colours.red('error:')} ${escapeControls(error.message)}${hint}\n`
}

/** The same for a program: one line of JSON. */
export function errorJson(error: GuerdonError): string {
  return `${JSON.stringify({ error })}\n`
}
