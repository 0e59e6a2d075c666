import { Random } from '@guerdon/core'
import type { Arm, Budget, Runnable } from '../harness/experiment.ts'
import type { ClaimExperiment, Role, Study } from './claim.ts'

/** A study's arm as the harness runs it: with one of the rates it tries, at its own or at a matched scale. */
export interface TriedArm {
  /** The study's arm. */
  readonly arm: string
  readonly role: Role
  readonly learningRate: number
  readonly scale: 'own' | 'matched'
}

/** Name of an arm at a matched scale. */
export function matchedId(arm: string): string {
  return `${arm}.matched`
}

/** Name under which the harness keeps an arm with a rate. */
export function triedId(arm: string, learningRate: number): string {
  return learningRate === 0 ? arm : `${arm}@${learningRate}`
}

/** The arms of a study as a report shows them: its own, and those that are also run at a matched scale. */
export function reportedArms(
  study: Study,
): readonly { id: string; label: string; arm: string; role: Role; scale: 'own' | 'matched' }[] {
  return study.arms.flatMap(({ id, label, role }) => {
    const own = { id, label, arm: id, role, scale: 'own' as const }
    const { matchScaleTo, matchedRoles = ['method'] } = study
    if (matchScaleTo === undefined || id === matchScaleTo || !matchedRoles.includes(role)) return [own]
    const matched = { id: matchedId(id), label: `${label}, scale matched`, arm: id, role, scale: 'matched' as const }
    return [own, matched]
  })
}

/**
 * A study as an experiment of the harness: every arm with every rate, from which the protocol picks what to run.
 *
 * @param claim whose study it is: of a claim, or of an arena
 * @param level the claim's level, or the arena's track
 */
export function studyExperiment(
  claim: Pick<ClaimExperiment, 'slug' | 'version'>,
  level: string,
  study: Study,
): Runnable<TriedArm> {
  const stream = (seed: number) => new Random(seed).split(`${claim.slug}/${level}`)
  const settingsOf = new Map(study.arms.map(arm => [arm.id, arm.settings]))
  return {
    slug: `${claim.slug}/${level}`,
    version: claim.version,
    arms: budget => triedArms(study, budget),
    seeds: budget => study.seeds[budget].confirmation,
    ...(study.prepare && {
      prepare: (seed, budget, context) =>
        study.prepare!({ ...context, seed, budget, random: stream(seed).split('prepare') }),
    }),
    async run({ settings: tried }, seed, budget, context) {
      const result = await study.run({
        ...context,
        settings: settingsOf.get(tried.arm),
        seed,
        budget,
        random: stream(seed),
        learningRate: tried.learningRate,
        scale: tried.scale,
      })
      return { curves: {}, ...result }
    },
  }
}

function triedArms(study: Study, budget: Budget): readonly Arm<TriedArm>[] {
  const rates = study.learningRates?.[budget] ?? [0]
  return reportedArms(study).flatMap(({ id, label, arm, role, scale }) =>
    rates.map(learningRate => ({
      id: triedId(id, learningRate),
      label: learningRate === 0 ? label : `${label}, rate ${learningRate}`,
      settings: { arm, role, learningRate, scale },
    })),
  )
}
