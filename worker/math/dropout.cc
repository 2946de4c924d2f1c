#include "worker/math/dropout.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "common/random.h"
#include "worker/math/clones.h"
#include "worker/math/kernels.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kOne = kDropoutOne;
constexpr uint64_t kWeyl = kDropoutWeyl;
constexpr int64_t kUnits = 64;  // drawn at a time

// The random words of kUnits units, four units per word, from word number `counter` on.
inline void DrawWords(uint64_t state, uint64_t counter, uint64_t (&words)[kUnits / 4]) {
  for (uint64_t w = 0; w < kUnits / 4; ++w) words[w] = Mix(state + (counter + w + 1) * kWeyl);
}

}  // namespace

DropoutLayer::DropoutLayer(const std::string& name, double probability)
    : layer(SpaceSeed(name)),
      threshold(std::min(static_cast<uint32_t>(std::lround(probability * kOne)), kOne - 1)) {
  CHECK(probability >= 0 && probability < 1, name, ": dropout ", probability);
}

DropoutMask DropoutLayer::MaskOf(const DropoutDraw& draw) const {
  DropoutMask mask = {Random(draw.seed, RandomPurpose::kDropout, draw.step, layer), threshold,
                      draw.row_id, draw.rows};
  if (draw.step_on_device == nullptr) return mask;
  mask.step = draw.step_on_device;
  mask.of_seed = Random(draw.seed, RandomPurpose::kDropout);
  mask.layer = layer;
  return mask;
}

CHORUS_CLONES void Dropout(const DropoutMask& mask, MatrixView<const float> from,
                           MatrixView<float> to) {
  const float scale = static_cast<float>(kOne) / static_cast<float>(kOne - mask.threshold);
  uint64_t words[kUnits / 4];
  float factors[kUnits];
  for (int64_t i = 0; i < mask.rows; ++i) {
    // The next round of Random(seed, kDropout, step, layer, row id), whose first rounds are in
    // mask.state.
    const uint64_t state = Mix((mask.state ^ mask.row_id[i]) + kWeyl);
    for (int64_t begin = 0; begin < to.cols; begin += kUnits) {
      DrawWords(state, static_cast<uint64_t>(begin) / 4, words);
      for (int64_t u = 0; u < kUnits; ++u) {
        const auto draw = static_cast<uint32_t>(words[u / 4] >> (16 * (u % 4))) & (kOne - 1);
        factors[u] = draw < mask.threshold ? 0.0f : scale;
      }
      const int64_t count = std::min(kUnits, to.cols - begin);
      const float* const x = from.row(i) + begin;
      float* const y = to.row(i) + begin;
      for (int64_t u = 0; u < count; ++u) y[u] = x[u] * factors[u];
    }
  }
  FillZero(to.Rows(mask.rows, to.rows - mask.rows));
}

}  // namespace chorus::worker
