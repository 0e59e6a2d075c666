interface Leg {
  readonly name: string
  /** Directions of the leg in x and y: ±1. */
  readonly x: number
  readonly y: number
  /** Degrees of the ankle. */
  readonly ankle: readonly [number, number]
}

const legs: readonly Leg[] = [
  { name: 'front-left', x: 1, y: 1, ankle: [30, 70] },
  { name: 'front-right', x: -1, y: 1, ankle: [-70, -30] },
  { name: 'back-left', x: -1, y: -1, ankle: [-70, -30] },
  { name: 'back-right', x: 1, y: -1, ankle: [30, 70] },
]

/** Three bodies: a stub fixed to the torso, a hip that turns about the vertical, an ankle that folds. */
function limb({ name, x, y, ankle }: Leg): string {
  const reach = (length: number) => `${x * length} ${y * length} 0`
  return `<body name="${name}">
        <geom fromto="0 0 0 ${reach(0.2)}"/>
        <body name="${name}-hip" pos="${reach(0.2)}">
          <joint name="${name}-hip" axis="0 0 1" range="-30 30"/>
          <geom fromto="0 0 0 ${reach(0.2)}"/>
          <body name="${name}-ankle" pos="${reach(0.2)}">
            <joint name="${name}-ankle" axis="${-x * y} 1 0" range="${ankle[0]} ${ankle[1]}"/>
            <geom fromto="0 0 0 ${reach(0.4)}"/>
          </body>
        </body>
      </body>`
}

// Gymnasium's order of actions starts with the last leg
const driven = [legs[3], legs[0], legs[1], legs[2]]

/**
 * A ball of radius 0.25 m on four legs of two joints, with the measures of Gymnasium's ant: density 5, rotor inertia 1,
 * damping 1, gear 150, RK4 at 0.01 s. Actions are hip and ankle of the legs back right, front left, front right, back
 * left; coordinates follow the order front left, front right, back left, back right.
 */
export const antModel = `<mujoco model="ant">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option timestep="0.01" integrator="RK4"/>
  <default>
    <joint type="hinge" armature="1" damping="1" limited="true"/>
    <geom type="capsule" size="0.08" density="5" condim="3" conaffinity="0" friction="1 0.5 0.5" margin="0.01"/>
    <motor gear="150" ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1"/>
    <body name="torso" pos="0 0 0.75">
      <joint name="root" type="free" armature="0" damping="0" limited="false" margin="0.01"/>
      <geom type="sphere" size="0.25"/>
      ${legs.map(limb).join('\n      ')}
    </body>
  </worldbody>
  <actuator>
    ${driven.map(({ name }) => `<motor joint="${name}-hip"/><motor joint="${name}-ankle"/>`).join('\n    ')}
  </actuator>
</mujoco>`
