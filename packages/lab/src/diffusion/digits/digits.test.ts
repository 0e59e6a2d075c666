import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '@guerdon/core'
import { labelledImages } from '@guerdon/worlds/images/image-set'
import { expect, it } from 'vitest'
import { digitSize, loadDigitDenoiser, saveDigitDenoiser, toPixels, toSamples, trainDigitDenoiser } from './denoiser.ts'
import { digitJudges } from './judges.ts'

const images = labelledImages(
  Float32Array.from({ length: 2 * digitSize }, (_, i) => +(i >= digitSize)),
  [0, 1],
  { height: 8, width: 8 },
)

it('takes pixels for samples and back', () => {
  expect(Array.from(toSamples(Float32Array.of(0, 0.25, 1)))).toEqual([-1, -0.5, 1])
  expect(Array.from(toPixels(Float32Array.of(-1, -0.5, 1)))).toEqual([0, 0.25, 1])
})

it('judges an image by its distance to the digits', async () => {
  const { reward, examine } = digitJudges(images, 1)
  // a dark image, 64 away from a 1; one of pixels ½, as far from one as from the other
  const samples = toSamples(Float32Array.from({ length: 2 * digitSize }, (_, i) => (i < digitSize ? 0 : 0.5)))
  const batch = { samples, count: 2, size: digitSize, labels: new Int32Array(2), step: null }
  const [dark, grey] = Array.from(await reward(batch))
  expect(dark).toBeCloseTo(-64, 6)
  expect(grey).toBeCloseTo(Math.log(0.5), 6)
  expect(examine(samples)).toEqual([
    { isDigit: false, distance: 0 },
    { isDigit: true, distance: 4 },
  ])
})

it('trains a denoiser and keeps it in a folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'denoiser-'))
  const fractions: number[] = []
  const training = { images, updates: 2, signal: new AbortController().signal }
  const train = () => trainDigitDenoiser({ ...training, random: new Random(1), progress: part => fractions.push(part) })
  const trained = await train()
  saveDigitDenoiser(folder, trained)
  expect(loadDigitDenoiser(folder)).toEqual(trained)
  expect(await train()).toEqual(trained)
  expect(fractions).toEqual([0.5, 1, 0.5, 1])
})
