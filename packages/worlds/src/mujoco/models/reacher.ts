/**
 * Two links on a table, with the measures of Gymnasium's reacher: links of 0.1 m, the fingertip 0.11 m beyond the elbow,
 * rotor inertia 1, damping 1, gear 200, RK4 at 0.01 s. The target is a body on two slides that nothing touches.
 */
export const reacherModel = `<mujoco model="reacher">
  <compiler angle="radian" inertiafromgeom="true"/>
  <option timestep="0.01" integrator="RK4" gravity="0 0 -9.81"/>
  <default>
    <joint type="hinge" axis="0 0 1" armature="1" damping="1" limited="true"/>
    <geom type="capsule" size="0.01" contype="0" friction="1 0.1 0.1"/>
    <motor gear="200" ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <geom name="ground" type="plane" size="1 1 10" conaffinity="0"/>
    <body name="upper-arm" pos="0 0 0.01">
      <joint name="shoulder" limited="false"/>
      <geom fromto="0 0 0 0.1 0 0"/>
      <body name="forearm" pos="0.1 0 0">
        <joint name="elbow" range="-3 3"/>
        <geom fromto="0 0 0 0.1 0 0"/>
        <body name="fingertip" pos="0.11 0 0">
          <geom type="sphere"/>
        </body>
      </body>
    </body>
    <body name="target" pos="0.1 -0.1 0.01">
      <joint name="target-x" type="slide" axis="1 0 0" armature="0" damping="0" range="-0.27 0.27" ref="0.1"/>
      <joint name="target-y" type="slide" axis="0 1 0" armature="0" damping="0" range="-0.27 0.27" ref="-0.1"/>
      <geom type="sphere" size="0.009" conaffinity="0"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="shoulder"/>
    <motor joint="elbow"/>
  </actuator>
</mujoco>`
