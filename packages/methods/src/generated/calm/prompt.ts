/** One time step as a judge sees it. */
export interface RenderedStep {
  readonly time: number
  readonly observation: string
  readonly message?: string
  /** Action that led here. */
  readonly lastAction?: string
  /** Action taken from here. */
  readonly nextAction?: string
}

/** What a judge is told about a transition. */
export interface TransitionPrompt {
  readonly task: string
  /** Preset subgoals; the judge invents them when absent. */
  readonly subgoals?: readonly string[]
  readonly legend?: string
  readonly role?: string
  /** Two steps, or a longer window. */
  readonly steps: readonly RenderedStep[]
  /** Rows and columns kept around the middle of the observation; everything when absent. */
  readonly crop?: { readonly rows: number; readonly columns: number }
  /** Show messages, actions. Default true each. */
  readonly showMessage?: boolean
  readonly showAction?: boolean
}

/** The prompt as text: role, legend, task, subgoals, instruction, output format, the steps, and what counts. */
export function renderTransitionPrompt(prompt: TransitionPrompt): string {
  const { subgoals, steps, crop, showMessage = true, showAction = true } = prompt
  const aims =
    subgoals === undefined
      ? 'First name the subgoals into which the task can be split.'
      : `The subgoals are: ${subgoals.map(goal => `"${goal}"`).join(', ')}.`
  const rendered = steps.map(step =>
    [
      `Time: ${step.time}`,
      ...(showAction && step.lastAction !== undefined ? [`Last action: ${step.lastAction}`] : []),
      ...(showMessage && step.message !== undefined ? [`Message: ${step.message}`] : []),
      `Observation:\n${crop === undefined ? step.observation : cropMiddle(step.observation, crop)}`,
      ...(showAction && step.nextAction !== undefined ? [`Next action: ${step.nextAction}`] : []),
    ].join('\n'),
  )
  return [
    prompt.role ?? 'You are a careful and truthful analyst of what happens in a game.',
    ...(prompt.legend === undefined ? [] : [`Legend:\n${prompt.legend}`]),
    `Task: ${prompt.task}`,
    aims,
    'Say for every subgoal whether it was achieved at time 1. Look at the message after the action.',
    'Answer with one dictionary in a code block, from each subgoal to True or False, for example {"open the door": False}.',
    ...rendered,
    'Only the dictionary counts.',
  ].join('\n\n')
}

function cropMiddle(observation: string, crop: { readonly rows: number; readonly columns: number }): string {
  const lines = observation.split('\n')
  const width = Math.max(...lines.map(line => line.length))
  const top = Math.max(0, Math.floor((lines.length - crop.rows) / 2))
  const left = Math.max(0, Math.floor((width - crop.columns) / 2))
  return lines
    .slice(top, top + crop.rows)
    .map(line => line.slice(left, left + crop.columns))
    .join('\n')
}
