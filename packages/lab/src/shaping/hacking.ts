import type { Experiment } from '../harness/experiment.ts'
import { prepare } from './hacking/models.ts'
import { reportHacking } from './hacking/report.ts'
import { type HackingSettings, hackingArms } from './hacking/settings.ts'
import { run } from './hacking/training.ts'

/**
 * Is this reward being hacked? A reward model learns from annotators who like praise more than it is worth; policies are
 * then trained against it under several reward designs and KL weights, and the verifiable gold reward, which no policy
 * sees, tells what became of them.
 */
export const hacking: Experiment<HackingSettings> = {
  slug: 'hacking',
  title: 'Is this reward being hacked?',
  question: 'Which shaping of a learnt reward keeps the gold reward rising when a policy optimises it?',
  version: 1,
  arms: () => hackingArms,
  seeds: budget => (budget === 'quick' ? 2 : 5),
  prepare,
  run,
  report: results => reportHacking(hackingArms, results),
}
