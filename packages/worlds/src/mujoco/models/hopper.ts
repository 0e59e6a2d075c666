/**
 * A torso on one leg in a vertical plane, with the measures of Gymnasium's hopper: torso 0.4 m, thigh 0.45 m, leg 0.5 m
 * and foot 0.39 m (between the caps of their capsules), rotor inertia 1, damping 1, gear 200, RK4 at 0.002 s.
 */
export const hopperModel = `<mujoco model="hopper">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option timestep="0.002" integrator="RK4"/>
  <default>
    <joint type="hinge" axis="0 -1 0" armature="1" damping="1" limited="true"/>
    <geom type="capsule" condim="1" margin="0.001" friction="0.9" solref="0.02 1" solimp="0.8 0.8 0.01"/>
    <default class="root">
      <joint type="slide" armature="0" damping="0" limited="false"/>
    </default>
    <motor gear="200" ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="20 20 0.125" condim="3" friction="1"/>
    <body name="torso" pos="0 0 1.25">
      <joint name="root-x" class="root" axis="1 0 0" pos="0 0 -1.25"/>
      <joint name="root-z" class="root" axis="0 0 1" pos="0 0 -1.25" ref="1.25"/>
      <joint name="root-y" class="root" type="hinge" axis="0 1 0"/>
      <geom size="0.05 0.2"/>
      <body name="thigh" pos="0 0 -0.2">
        <joint name="thigh" range="-150 0"/>
        <geom size="0.05 0.225" pos="0 0 -0.225"/>
        <body name="leg" pos="0 0 -0.7">
          <joint name="leg" pos="0 0 0.25" range="-150 0"/>
          <geom size="0.04 0.25"/>
          <body name="foot" pos="0.13 0 -0.35">
            <joint name="foot" pos="-0.13 0 0.1" range="-45 45"/>
            <geom size="0.06 0.195" pos="-0.065 0 0.1" zaxis="-1 0 0" friction="2"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="thigh"/>
    <motor joint="leg"/>
    <motor joint="foot"/>
  </actuator>
</mujoco>`
