// Formats the TypeScript in generated pages as the repository's formatter would.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const fence = /```ts\n([\s\S]*?)\n```/g
/** Declarations stand in the pages without `declare`, but without it they would want a body or a value. */
const declared = /^(const|function|class|abstract class) /

/** The files (path → Markdown) with every block of TypeScript formatted by Biome under the repository's settings. */
export function formatted(files, root) {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-docs-'))
  try {
    const { files: _, ...settings } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
    writeFileSync(join(folder, 'biome.json'), JSON.stringify(settings))
    const blocks = [...files.values()].flatMap(text => [...text.matchAll(fence)].map(match => match[1]))
    const nameOf = index => join(folder, `${index}.ts`)
    blocks.forEach((code, index) => {
      writeFileSync(nameOf(index), code.replace(declared, 'declare $&'))
    })
    const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
    const result = spawnSync(process.execPath, [biome, 'format', '--write', '.'], { cwd: folder, encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`formatting failed:\n${result.stderr}`)
    let next = 0
    const tidy = () =>
      `\`\`\`ts\n${readFileSync(nameOf(next++), 'utf8')
        .replace(/^declare /, '')
        .trimEnd()}\n\`\`\``
    return new Map([...files].map(([path, text]) => [path, `${text.replace(fence, tidy).trimEnd()}\n`]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
