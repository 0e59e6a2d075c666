// Reads the public names of a compiled module from its declaration file: name, signature, doc comment.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commentMarkdown } from './comments.mjs'

const declaration =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^export (?:declare )?(?:async )?(function|const|class|interface|type|abstract class) (\w+)/gm

/** Public names of a declaration file and of the files it re-exports, in source order. */
export function publicNames(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return []
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  const names = []
  for (const [, target] of text.matchAll(/^export \* from '(\.[^']+)'/gm)) {
    names.push(...publicNames(declarationFile(file, target), seen))
  }
  for (const [, list, target] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm)) {
    const wanted = new Set(
      list.split(',').map(
        part =>
          part
            .trim()
            .replace(/^type /, '')
            .split(' as ')[0],
      ),
    )
    names.push(...publicNames(declarationFile(file, target), new Set()).filter(({ name }) => wanted.has(name)))
  }
  for (const match of text.matchAll(declaration)) {
    const [whole, comment = '', kind, name] = match
    const start = match.index + whole.lastIndexOf('export ')
    names.push({ name, kind, signature: statementAt(text, start), comment: commentMarkdown(comment) })
  }
  return names
}

function declarationFile(from, target) {
  return join(dirname(from), target.replace(/\.(js|ts)$/, '.d.ts'))
}

/** The declaration starting at `start`: up to its closing brace, or its semicolon outside all brackets. */
function statementAt(text, start) {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const character = text[i]
    if (text.startsWith('/*', i)) i = text.indexOf('*/', i) + 1
    else if ('{([<'.includes(character)) depth++
    else if ('})]'.includes(character) || (character === '>' && text[i - 1] !== '=')) {
      depth--
      if (
        depth === 0 &&
        character === '}' &&
        /^export (?:declare )?(?:abstract )?(?:interface|class)/.test(text.slice(start, start + 40))
      ) {
        return tidy(text.slice(start, i + 1))
      }
    } else if (character === ';' && depth === 0) return tidy(text.slice(start, i + 1))
  }
  return tidy(text.slice(start))
}

function tidy(statement) {
  return statement
    .replace(/^export (declare )?/, '')
    .replace(/import\("[^"]*"\)\./g, '')
    .trim()
}
