import type { Criterion } from '../../claims/claim.ts'

/** EMPG learns faster than GRPO at a rate, and the other way round slower; `area@rate` is the mean success of a run. */
export function fasterAt(rate: number): readonly Criterion[] {
  const metric = `area@${rate}`
  return [
    { about: `EMPG learns faster than GRPO at rate ${rate}`, arm: 'empg', against: 'grpo', metric, atLeast: 0.03 },
    {
      about: `in five seeds of six at rate ${rate}`,
      arm: 'empg',
      against: 'grpo',
      metric,
      atLeast: 0,
      over: { share: 5 / 6 },
    },
    {
      about: `and with the sign of k flipped is slower than GRPO at rate ${rate}`,
      arm: 'flipped',
      against: 'grpo',
      metric,
      atMost: 0,
    },
  ]
}
