/** Colours of things compared, in their order: told apart on light and on dark paper. */
export const palette = [
  '#3e63dd',
  '#e5484d',
  '#30a46c',
  '#f76b15',
  '#8e4ec6',
  '#00a2c7',
  '#978365',
  '#d6409f',
  '#99d52a',
  '#12a594',
  '#ffba18',
  '#e54666',
  '#5b5bd6',
  '#a18072',
  '#0588f0',
] as const

/** Colours of controls. */
export const greys = ['#8b8d98', '#60646c', '#b9bbc6'] as const

/** The colour of each arm: controls in grey, the others by the palette in their order. */
export function armColours(arms: readonly { readonly id: string; readonly role: string }[]): (id: string) => string {
  const coloured = arms.filter(arm => arm.role !== 'control')
  const controls = arms.filter(arm => arm.role === 'control')
  return id => {
    const at = coloured.findIndex(arm => arm.id === id)
    if (at >= 0) return palette[at % palette.length]
    return greys[
      Math.max(
        0,
        controls.findIndex(arm => arm.id === id),
      ) % greys.length
    ]
  }
}
