interface Segment {
  readonly name: string
  /** Where its joint is, from the one above: x and z. */
  readonly place: readonly [number, number]
  readonly stiffness: number
  readonly damping: number
  readonly range: readonly [number, number]
  /** Middle of its capsule, the capsule's lean about y and half its length. */
  readonly middle: readonly [number, number]
  readonly lean: number
  readonly half: number
  readonly gear: number
}

const hind: readonly Segment[] = [
  {
    name: 'hind-thigh',
    place: [-0.5, 0],
    stiffness: 240,
    damping: 6,
    range: [-0.52, 1.05],
    middle: [0.1, -0.13],
    lean: -3.8,
    half: 0.145,
    gear: 120,
  },
  {
    name: 'hind-shin',
    place: [0.16, -0.25],
    stiffness: 180,
    damping: 4.5,
    range: [-0.785, 0.785],
    middle: [-0.14, -0.07],
    lean: -2.03,
    half: 0.15,
    gear: 90,
  },
  {
    name: 'hind-foot',
    place: [-0.28, -0.14],
    stiffness: 120,
    damping: 3,
    range: [-0.4, 0.785],
    middle: [0.03, -0.097],
    lean: -0.27,
    half: 0.094,
    gear: 60,
  },
]

const fore: readonly Segment[] = [
  {
    name: 'fore-thigh',
    place: [0.5, 0],
    stiffness: 180,
    damping: 4.5,
    range: [-1, 0.7],
    middle: [-0.07, -0.12],
    lean: 0.52,
    half: 0.133,
    gear: 120,
  },
  {
    name: 'fore-shin',
    place: [-0.14, -0.24],
    stiffness: 120,
    damping: 3,
    range: [-1.2, 0.87],
    middle: [0.065, -0.09],
    lean: -0.6,
    half: 0.106,
    gear: 60,
  },
  {
    name: 'fore-foot',
    place: [0.13, -0.18],
    stiffness: 60,
    damping: 1.5,
    range: [-0.5, 0.5],
    middle: [0.045, -0.07],
    lean: -0.6,
    half: 0.07,
    gear: 30,
  },
]

/** A segment and all below it. */
function limb([segment, ...below]: readonly Segment[]): string {
  if (segment === undefined) return ''
  const { name, place, stiffness, damping, range, middle, lean, half } = segment
  return `<body name="${name}" pos="${place[0]} 0 ${place[1]}">
      <joint name="${name}" stiffness="${stiffness}" damping="${damping}" range="${range[0]} ${range[1]}"/>
      <geom pos="${middle[0]} 0 ${middle[1]}" axisangle="0 1 0 ${lean}" size="0.046 ${half}"/>
      ${limb(below)}
    </body>`
}

/**
 * A torso with a head and two legs of three segments in a vertical plane, with the measures of Gymnasium's half-cheetah:
 * springs in all six joints, 14 kg in all, gears 120, 90, 60 behind and 120, 60, 30 in front, Euler at 0.01 s.
 */
export const halfCheetahModel = `<mujoco model="half-cheetah">
  <compiler angle="radian" inertiafromgeom="true" settotalmass="14"/>
  <option timestep="0.01" gravity="0 0 -9.81"/>
  <default>
    <joint type="hinge" axis="0 1 0" armature="0.1" damping="0.01" stiffness="8" limited="true" solreflimit="0.02 1" solimplimit="0 0.8 0.03"/>
    <geom type="capsule" condim="3" contype="1" conaffinity="0" friction="0.4 0.1 0.1" solref="0.02 1" solimp="0 0.8 0.01"/>
    <default class="root">
      <joint type="slide" armature="0" damping="0" stiffness="0" limited="false"/>
    </default>
    <motor ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1"/>
    <body name="torso" pos="0 0 0.7">
      <joint name="root-x" class="root" axis="1 0 0"/>
      <joint name="root-z" class="root" axis="0 0 1"/>
      <joint name="root-y" class="root" type="hinge"/>
      <geom fromto="-0.5 0 0 0.5 0 0" size="0.046"/>
      <geom pos="0.6 0 0.1" axisangle="0 1 0 0.87" size="0.046 0.15"/>
      ${limb(hind)}
      ${limb(fore)}
    </body>
  </worldbody>
  <actuator>
    ${[...hind, ...fore].map(({ name, gear }) => `<motor joint="${name}" gear="${gear}"/>`).join('\n    ')}
  </actuator>
</mujoco>`
