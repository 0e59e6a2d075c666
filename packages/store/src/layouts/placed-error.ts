import { escapeControls, formatPath, GuerdonError } from '@guerdon/core'
import type { Layout } from './layout.ts'

/** The error of a field with file and line added, and what the layout looks like. */
export function placedError(
  error: GuerdonError,
  { file, line, layout }: { readonly file: string; readonly line: number; readonly layout?: Layout },
): GuerdonError {
  const { code, path, expected, got, hint, rollout } = error
  const field = path === undefined || path.length === 0 ? '' : `, ${escapeControls(formatPath(path))}`
  const told = hint ?? (layout && `layout ${layout.name} has ${layout.fields}; --layout names another`)
  const said = expected === undefined || got === undefined ? error.message : `expected ${expected}; got ${got}`
  return new GuerdonError(code, `${said} — ${file}, line ${line}${field}`, {
    file,
    line,
    ...(path && { path }),
    ...(expected && { expected }),
    ...(got && { got }),
    ...(told && { hint: told }),
    ...(rollout && { rollout }),
  })
}
