#pragma once
// Dropout (Srivastava et al., JMLR 2014), inverted: in training a unit of an exposure is 0 with
// probability p, and else 1 / (1 - p) times as large. Which units are 0 is a function of (seed,
// step, row id of the exposure, layer, unit), and not of the grain, worker or thread of the
// exposure:
//   state   = Random(seed, kDropout, step, layer, row id)
//   word[w] = Mix(state + (w + 1) * 0x9e3779b97f4a7c15)         the splitmix64 stream from `state`
//   unit u is dropped iff bits [16 (u % 4), 16 (u % 4) + 16) of word[u / 4] < round(p * 2^16)
// so that one Mix serves four units, and p is rounded to a multiple of 2^-16.
// Thread safety: values; pure functions of their arguments.

#include <cstdint>
#include <string>

#include "common/matrix_view.h"
#include "worker/math/dropout_mask.h"

namespace chorus::worker {

// What the draws of one grain depend on, besides the layer.
struct DropoutDraw {
  uint64_t seed = 0;
  uint64_t step = 0;                 // 0: not training, nothing is dropped
  const uint64_t* row_id = nullptr;  // [rows]
  int64_t rows = 0;
  const uint64_t* step_on_device = nullptr;  // where a device reads the step, or null
};

struct DropoutLayer {
  uint64_t layer = 0;      // a hash of the layer's name
  uint32_t threshold = 0;  // p * 2^16; 0: nothing is dropped

  DropoutLayer() = default;
  // name: of the layer whose output is dropped, "tower.cvr.0".  probability: in [0, 1).
  DropoutLayer(const std::string& name, double probability);

  bool IsOn(const DropoutDraw& draw) const { return threshold > 0 && draw.step > 0; }
  float scale() const { return 65536.0f / static_cast<float>(65536 - threshold); }  // 1 / (1 - p)
  DropoutMask MaskOf(const DropoutDraw& draw) const;
};

// to[i, j] = from[i, j] / (1 - p), or 0 where unit j of row i is dropped. The rows of `to` from
// mask.rows on become 0. `from` may be `to`.
void Dropout(const DropoutMask& mask, MatrixView<const float> from, MatrixView<float> to);

}  // namespace chorus::worker
