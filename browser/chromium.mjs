import { accessSync, constants, existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * Path of a Chromium: what `GUERDON_CHROMIUM` names, else the first of the usual places that has one, else undefined.
 * Throws when `GUERDON_CHROMIUM` names something that cannot be run: a setting that does nothing would look like a pass.
 */
export function findChromium() {
  const named = process.env['GUERDON_CHROMIUM']
  if (!named) return usualPlaces.find(place => existsSync(place))
  try {
    accessSync(named, constants.X_OK)
  } catch {
    throw new Error(`GUERDON_CHROMIUM: expected the path of a program; "${named}" cannot be run`)
  }
  return named
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = findChromium()
  if (found) console.log(found)
  else process.exitCode = 1
}
