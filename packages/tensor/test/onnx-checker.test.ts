import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '@guerdon/tensor'
import * as t from '@guerdon/tensor'
import { describe, expect, it } from 'vitest'

const python = '/usr/bin/python3'
const check = 'import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)'

// Where Debian's python3-onnx is installed; reported as skipped elsewhere.
describe.runIf(spawnSync(python, ['-c', 'import onnx']).status === 0)("the ONNX project's checker", () => {
  it('accepts an exported training step and infers its types and shapes', () => {
    type Parameters = { kernel: Tensor; bias: Tensor }
    const parameters = {
      kernel: t.ndarray(new Float32Array(4 * 9).fill(0.1), { shape: [4, 1, 3, 3] }),
      bias: t.ndarray(new Float32Array(4)),
    }
    const loss = (p: Parameters, images: Tensor) => {
      const filtered = t.add(t.conv2d(images, p.kernel, { padding: 1 }), t.reshape(p.bias, [-1, 1, 1]))
      return t.mean(t.gelu(t.layerNorm(t.maxPool2d(t.relu(filtered), { kernel: 2 }))))
    }
    const optimiser = t.adam({ learningRate: 1e-3, clipNorm: 1 })
    const images = t.ndarray(new Float32Array(2 * 64), { shape: [2, 1, 8, 8] })
    const bytes = t.exportOnnx(t.trainingStep(loss, optimiser), [parameters, optimiser.initial(parameters), images])
    const folder = mkdtempSync(join(tmpdir(), 'guerdon-onnx-'))
    try {
      const path = join(folder, 'step.onnx')
      writeFileSync(path, bytes)
      const { status, stderr } = spawnSync(python, ['-c', check, path], { encoding: 'utf8' })
      expect(stderr).toBe('')
      expect(status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
