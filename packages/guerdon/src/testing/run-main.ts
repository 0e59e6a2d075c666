import { main } from '../main.ts'

/** What a command printed, and the code it ended with. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process, with `input` on its standard input and no terminal. */
export async function runMain(argv: readonly string[], input = ''): Promise<Ended> {
  let out = ''
  let err = ''
  async function* stdin() {
    yield new TextEncoder().encode(input)
  }
  const code = await main(argv, {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    stdin: stdin(),
    terminal: false,
  })
  return { code, out, err }
}
