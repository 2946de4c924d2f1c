#include "worker/math/pair_attention.h"

#include <cmath>

#include "common/device_math.h"
#include "worker/math/clones.h"
#include "worker/math/partial_sums.h"

namespace chorus::worker {
namespace {

float InverseRoot(int64_t m) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(m))); }

// The gradient of one token: ds, that of its score s, goes into its query and key, and factor *
// dout into its value.
inline void TokenBackward(const float* __restrict qkv, const float* __restrict dout, float ds,
                          float factor, int64_t m, bool accumulate, float* __restrict dqkv) {
  for (int64_t j = 0; j < m; ++j) {
    const float dq = ds * qkv[m + j], dk = ds * qkv[j], dv = factor * dout[j];
    dqkv[j] = accumulate ? dqkv[j] + dq : dq;
    dqkv[m + j] = accumulate ? dqkv[m + j] + dk : dk;
    dqkv[2 * m + j] = accumulate ? dqkv[2 * m + j] + dv : dv;
  }
}

}  // namespace

CHORUS_CLONES void AttendPair(MatrixView<const float> from, MatrixView<const float> to,
                              MatrixView<float> share, MatrixView<float> out) {
  const int64_t m = out.cols;
  const float inverse_root = InverseRoot(m);
  for (int64_t i = 0; i < out.rows; ++i) {
    const float* const a = from.row(i);
    const float* const b = to.row(i);
    const float score = DotProduct(a, a + m, m) - DotProduct(b, b + m, m);
    const float p = Sigmoid(score * inverse_root), rest = Sigmoid(-score * inverse_root);
    share(i, 0) = p;
    const float* __restrict va = a + 2 * m;
    const float* __restrict vb = b + 2 * m;
    float* __restrict o = out.row(i);
    for (int64_t j = 0; j < m; ++j) o[j] = p * va[j] + rest * vb[j];
  }
}

CHORUS_CLONES void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                                      MatrixView<const float> share, MatrixView<const float> dout,
                                      MatrixView<float> dfrom, MatrixView<float> dto,
                                      bool accumulate_dto) {
  const int64_t m = dout.cols;
  const float inverse_root = InverseRoot(m);
  for (int64_t i = 0; i < dout.rows; ++i) {
    const float* const a = from.row(i);
    const float* const b = to.row(i);
    const float* const d = dout.row(i);
    const float p = share(i, 0);
    const float dp = DotProduct(d, a + 2 * m, m) - DotProduct(d, b + 2 * m, m);
    const float ds = dp * p * (1.0f - p) * inverse_root;
    TokenBackward(a, d, ds, p, m, false, dfrom.row(i));
    TokenBackward(b, d, -ds, 1.0f - p, m, accumulate_dto, dto.row(i));
  }
}

}  // namespace chorus::worker
