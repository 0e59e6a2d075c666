/** Where the things of the model are, in metres, seen from above with the arm's shoulder at the origin. */
export const doorDrawerPlan = {
  links: [0.25, 0.25, 0.12],
  fingerRadius: 0.02,
  drawer: { x: 0.2, y: 0.42, handle: -0.045, travel: 0.2 },
  door: { x: -0.45, y: 0.42, width: 0.3, handle: [0.27, -0.045], travel: 1.6 },
} as const

const { links, fingerRadius, drawer, door } = doorDrawerPlan

/**
 * A planar arm of three links whose fingertip sticks to what it touches when told to, a drawer that slides towards the
 * arm and a door that swings towards it. No gravity; only the fingertip and handles touch. Euler
 * at 0.005 s.
 */
export const doorDrawerModel = `<mujoco model="door-drawer">
  <compiler angle="radian" inertiafromgeom="true"/>
  <option timestep="0.005" gravity="0 0 0"/>
  <default>
    <joint type="hinge" axis="0 0 1" damping="0.3" armature="0.05"/>
    <geom type="capsule" size="0.018" density="600" contype="0" conaffinity="0" friction="1"/>
    <default class="handle">
      <geom size="0.012" contype="1" conaffinity="1"/>
    </default>
    <motor gear="4" ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <body name="upper-arm">
      <joint name="shoulder"/>
      <geom fromto="0 0 0 ${links[0]} 0 0"/>
      <body name="forearm" pos="${links[0]} 0 0">
        <joint name="elbow" limited="true" range="-2.8 2.8"/>
        <geom fromto="0 0 0 ${links[1]} 0 0"/>
        <body name="hand" pos="${links[1]} 0 0">
          <joint name="wrist" limited="true" range="-2.2 2.2"/>
          <geom fromto="0 0 0 ${links[2]} 0 0" size="0.012"/>
          <body name="fingertip" pos="${links[2]} 0 0">
            <geom type="sphere" size="${fingerRadius}" contype="1" conaffinity="1"/>
          </body>
        </body>
      </body>
    </body>
    <body name="drawer" pos="${drawer.x} ${drawer.y} 0">
      <joint name="drawer" type="slide" axis="0 -1 0" damping="2" armature="0.1" frictionloss="0.5" limited="true" range="0 ${drawer.travel}"/>
      <geom type="box" size="0.09 0.012 0.04"/>
      <geom class="handle" fromto="-0.04 ${drawer.handle} 0 0.04 ${drawer.handle} 0"/>
    </body>
    <body name="door" pos="${door.x} ${door.y} 0">
      <joint name="door" axis="0 0 -1" damping="0.2" armature="0.02" frictionloss="0.1" limited="true" range="0 ${door.travel}"/>
      <geom type="box" size="${door.width / 2} 0.012 0.04" pos="${door.width / 2} 0 0"/>
      <geom class="handle" fromto="${door.handle[0]} ${door.handle[1]} 0 ${door.handle[0] - 0.06} ${door.handle[1]} 0"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="shoulder"/>
    <motor joint="elbow"/>
    <motor joint="wrist"/>
    <adhesion body="fingertip" ctrlrange="0 1" gain="15"/>
  </actuator>
</mujoco>`
