import type { MethodDefinition } from '../method.ts'
import { baselinesAdvantage } from './baselines-advantage.ts'
import { empg } from './empg.ts'
import { epo } from './epo.ts'
import { gRa } from './g-ra.ts'
import { igpo } from './igpo.ts'
import { meowTeaTaro } from './meow-tea-taro.ts'
import { oprl } from './oprl.ts'
import { portool } from './portool.ts'
import { salt } from './salt.ts'
import { spa } from './spa.ts'

/** The methods of this family, in the order they are listed. */
export const creditMethods: readonly MethodDefinition[] = [
  baselinesAdvantage,
  spa,
  gRa,
  oprl,
  igpo,
  salt,
  portool,
  empg,
  epo,
  meowTeaTaro,
]
