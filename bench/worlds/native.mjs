/** MuJoCo's C library beside our WebAssembly, where a C compiler and the library are installed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Compiles native.c into a temporary folder; undefined where it cannot be. `trace` gives positions and velocities after
 * every action, `rate` physics steps per second of processor time. Call `remove` at the end.
 */
export function nativeMujoco() {
  const folder = mkdtempSync(join(tmpdir(), 'guerdon-native-'))
  const program = join(folder, 'native')
  const source = fileURLToPath(new URL('native.c', import.meta.url))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const compiled = spawnSync('cc', ['-O2', source, '-o', program, '-lmujoco', '-lm'], { encoding: 'utf8' })
  if (compiled.status !== 0) {
    remove()
    return undefined
  }

  function run(mode, { mjcf, start, actions, frameSkip }, seconds = 0) {
    const paths = ['model.xml', 'start.bin', 'actions.bin'].map(name => join(folder, name))
    writeFileSync(paths[0], mjcf)
    writeFileSync(paths[1], new Uint8Array(Float64Array.from(start).buffer))
    writeFileSync(paths[2], new Uint8Array(Float64Array.from(actions).buffer))
    const { status, stdout, stderr } = spawnSync(program, [mode, ...paths, String(frameSkip), String(seconds)], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    if (status !== 0) throw new Error(`native MuJoCo failed: ${stderr}`)
    return stdout
  }

  return {
    trace: task =>
      run('trace', task)
        .trim()
        .split('\n')
        .map(line => line.trim().split(' ').map(Number)),
    rate: (task, seconds) => JSON.parse(run('rate', task, seconds)),
    remove,
  }
}
