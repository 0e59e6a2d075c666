/** `work`, done when first asked for and again after it failed; those who ask meanwhile wait for the same. */
export function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return async () => {
    const own = (done ??= work())
    try {
      await own
    } catch (error) {
      if (done === own) done = undefined
      throw error
    }
  }
}
