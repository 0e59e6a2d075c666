// Formats generated files as the repository's formatter would, so that they pass its check.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The files (path → content) as formatted by Biome with the repository's settings. */
export function formatted(files, root) {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-docs-'))
  try {
    const { files: _, ...settings } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
    writeFileSync(join(folder, 'biome.json'), JSON.stringify(settings))
    for (const [path, content] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
    const result = spawnSync(process.execPath, [biome, 'format', '--write', '.'], { cwd: folder, encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`formatting failed:\n${result.stderr}`)
    return new Map([...files.keys()].map(path => [path, readFileSync(join(folder, path), 'utf8')]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
