import type { ActionWords } from '../turns.ts'
import { longestProgram } from './tasks.ts'

/** One edit; lines count from 0, and an insertion stands before its line. */
export type Edit =
  | { readonly kind: 'replace' | 'insert'; readonly line: number; readonly text: string }
  | { readonly kind: 'delete'; readonly line: number }

/** What an action asks for. */
export interface EditRequest {
  readonly edits: readonly Edit[]
  /** The program these edits make. */
  readonly program: readonly string[]
  readonly submits: boolean
}

const longestLine = 3

/**
 * Reads `replace L LINE`, `insert L LINE`, `delete L` and `submit`, several parted by `;`, `submit` last. Edits follow one
 * another: each counts lines as the last left them. LINE is one to three words, which need not be an instruction. Undefined
 * for anything else, for lines that do not exist and programs over 14 lines.
 */
export function readEdits(program: readonly string[], { words, complete }: ActionWords): EditRequest | undefined {
  if (!complete || words.length === 0) return undefined
  const commands = words.join(' ').split(' ; ')
  const submits = commands[commands.length - 1] === 'submit'
  const lines = [...program]
  const edits: Edit[] = []
  for (const command of submits ? commands.slice(0, -1) : commands) {
    const edit = readEdit(command)
    if (!edit || !applyEdit(lines, edit)) return undefined
    edits.push(edit)
  }
  return { edits, program: lines, submits }
}

function readEdit(command: string): Edit | undefined {
  const [kind, place, ...rest] = command.split(' ')
  if (place === undefined || !/^\d+$/.test(place) || rest.length > longestLine || rest.includes(';')) return undefined
  const line = Number(place)
  if (kind === 'delete') return rest.length === 0 ? { kind, line } : undefined
  const text = rest.join(' ')
  return (kind === 'replace' || kind === 'insert') && text !== '' ? { kind, line, text } : undefined
}

/** Edits lines in place; false, and nothing done, when it cannot. */
function applyEdit(lines: string[], edit: Edit): boolean {
  const inserts = edit.kind === 'insert'
  if (edit.line > (inserts ? lines.length : lines.length - 1) || (inserts && lines.length >= longestProgram))
    return false
  if (edit.kind === 'delete') lines.splice(edit.line, 1)
  else lines.splice(edit.line, inserts ? 0 : 1, edit.text)
  return true
}

/** An edit in words. */
export function editWords(edit: Edit): string {
  return edit.kind === 'delete' ? `delete ${edit.line}` : `${edit.kind} ${edit.line} ${edit.text}`
}

/**
 * The fewest edits that make `from` into `to` (Wagner and Fischer 1974), last line first, so that they can follow one
 * another as they stand; each is also right on its own.
 */
export function editScript(from: readonly string[], to: readonly string[]): Edit[] {
  const cost = distances(from, to)
  const edits: Edit[] = []
  let [i, j] = [from.length, to.length]
  while (i > 0 || j > 0) {
    const same = i > 0 && j > 0 && from[i - 1] === to[j - 1]
    if (i > 0 && j > 0 && cost[i][j] === cost[i - 1][j - 1] + (same ? 0 : 1)) {
      if (!same) edits.push({ kind: 'replace', line: i - 1, text: to[j - 1] })
      i--
      j--
    } else if (i > 0 && cost[i][j] === cost[i - 1][j] + 1) edits.push({ kind: 'delete', line: --i })
    else edits.push({ kind: 'insert', line: i, text: to[--j] })
  }
  return edits
}

function distances(from: readonly string[], to: readonly string[]): number[][] {
  const cost = from.concat('').map((_, i) => to.concat('').map((_, j) => (i === 0 ? j : i)))
  for (let i = 1; i <= from.length; i++) {
    for (let j = 1; j <= to.length; j++) {
      const replaced = cost[i - 1][j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)
      cost[i][j] = Math.min(replaced, cost[i - 1][j] + 1, cost[i][j - 1] + 1)
    }
  }
  return cost
}
