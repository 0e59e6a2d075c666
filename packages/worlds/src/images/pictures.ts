import { circle, palette, picture, rectangle } from '../world/svg.ts'
import type { GaussianMixture } from './gaussian-mixture.ts'
import { type ImageSet, imageAt } from './image-set.ts'
import type { Videos } from './moving-digits.ts'

const shades = ' .:-=+*#%@'

/** An image in ten characters from dark to bright, a line for each row. */
export function imageText(image: ArrayLike<number>, { width }: { readonly width: number }): string {
  const letters = Array.from(image, value => shades[Math.max(0, Math.min(9, Math.floor(10 * value)))])
  return Array.from({ length: letters.length / width }, (_, y) =>
    letters.slice(y * width, (y + 1) * width).join(''),
  ).join('\n')
}

/**
 * Images side by side as an SVG document, `columns` in a row (default all), each pixel a square of `scale` (default 4).
 * Dark pixels are left out; brightness outside 0 … 1 is clipped.
 */
export function imagesSvg(
  images: ImageSet,
  options: { readonly title?: string; readonly columns?: number; readonly scale?: number } = {},
): string {
  const { title = 'images', columns = Math.max(1, images.count), scale = 4 } = options
  const [stepX, stepY] = [scale * (images.width + 1), scale * (images.height + 1)]
  const shapes: string[] = []
  for (let n = 0; n < images.count; n++) {
    const [left, top] = [stepX * (n % columns), stepY * Math.floor(n / columns)]
    shapes.push(rectangle(left, top, scale * images.width, scale * images.height, { fill: '#000000' }))
    imageAt(images, n).forEach((value, i) => {
      const level = Math.round(255 * Math.max(0, Math.min(1, value)))
      if (level === 0) return
      const shade = level.toString(16).padStart(2, '0').repeat(3)
      const [x, y] = [left + scale * (i % images.width), top + scale * Math.floor(i / images.width)]
      shapes.push(rectangle(x, y, scale, scale, { fill: `#${shade}` }))
    })
  }
  return picture(title, stepX * columns, stepY * Math.ceil(images.count / columns), shapes)
}

/** Videos as an SVG document, one in a row, its frames from left to right. */
export function videosSvg(videos: Videos, options: { readonly scale?: number } = {}): string {
  const { height, width, pixels, frames } = videos
  return imagesSvg(
    { count: videos.count * frames, height, width, pixels },
    { ...options, columns: frames, title: videos.captions.join('; ') },
  )
}

/**
 * Points of the plane over the modes of a mixture, as an SVG document: circles of one deviation, `scale` (default 40)
 * to the unit.
 * @param points [N·2]
 */
export function pointsSvg(
  mixture: GaussianMixture,
  points: ArrayLike<number>,
  options: { readonly scale?: number } = {},
): string {
  const { scale = 40 } = options
  const reach = Math.max(...mixture.means.flatMap(([x, y]) => [Math.abs(x), Math.abs(y)])) + 1
  const at = (value: number) => scale * (reach + value)
  const shapes = mixture.means.map(([x, y], j) =>
    circle(at(x), at(-y), scale * Math.sqrt(mixture.variances[j]), { stroke: palette.goal }),
  )
  for (let i = 0; i + 1 < points.length; i += 2)
    shapes.push(circle(at(points[i]), at(-points[i + 1]), 1.5, { fill: palette.agent }))
  return picture('points', 2 * scale * reach, 2 * scale * reach, shapes)
}
