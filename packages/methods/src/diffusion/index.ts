import type { MethodDefinition } from '../method.ts'
import { b2Diffurl } from './b2-diffurl.ts'
import { d3po } from './d3po.ts'
import { fkSteering } from './fk-steering.ts'
import { instructVideo } from './instruct-video.ts'
import { r0 } from './r0.ts'

/** The methods of this family, in the order they are listed. */
export const diffusionMethods: readonly MethodDefinition[] = [fkSteering, instructVideo, r0, b2Diffurl, d3po]
