import type { Recorder } from './recorder.ts'

/** What a store recorder keeps. */
export interface StoreRecorderOptions {
  /** Whole records, with prompts and responses, and the texts of failures; else ids and numbers alone. Default false. */
  readonly texts?: boolean
}

/**
 * Opens the store in `folder` (`@guerdon/store`) and keeps scored batches there: rollouts, rewards, components, failures.
 * One process can have a store open: with worker processes it is the one in front.
 *
 * @throws io for a store in use or a folder that cannot be written, state for a damaged one, version for a foreign one
 */
export async function openStoreRecorder(folder: string, options: StoreRecorderOptions = {}): Promise<Recorder> {
  const { openStore, recipeFacts, scoredRows } = await import('@guerdon/store')
  const store = await openStore(folder)
  const { texts = false } = options
  return {
    record: async ({ run, update, recipe, batch }) => {
      await store.append({ run, update, recipe: recipeFacts(recipe), rows: scoredRows(recipe, batch, { texts }) })
    },
    close: () => store.close(),
  }
}
