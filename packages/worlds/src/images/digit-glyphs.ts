import { type LabelledImages, labelledImages } from './image-set.ts'

const rows = [
  '.###. ..#.. .###. .###. ...#. ##### .###. ##### .###. .###.',
  '#...# .##.. #...# #...# ..##. #.... #.... ....# #...# #...#',
  '#...# ..#.. ....# ....# .#.#. #.... #.... ...#. #...# #...#',
  '#...# ..#.. ...#. ..##. #..#. ####. ####. ..#.. .###. .####',
  '#...# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....#',
  '#...# ..#.. .#... #...# ...#. #...# #...# ..#.. #...# ....#',
  '.###. .###. ##### .###. ...#. .###. .###. ..#.. .###. .###.',
].map(row => row.split(' '))

/** The ten digits as plain drawings of 7×5 pixels, dark or bright: enough to be told apart, and free of any data file. */
export function digitGlyphs(): LabelledImages {
  const pixels = Array.from({ length: 10 }, (_, digit) =>
    rows.flatMap(row => [...row[digit]].map(ink => +(ink === '#'))),
  )
  return labelledImages(Float32Array.from(pixels.flat()), [...pixels.keys()], { height: 7, width: 5 })
}
