#pragma once
// The element loops of attention over two tokens (worker/objective/method_shape.h, Transfer). A
// token is given by its query, key and value side by side: [n, 3 m].
//   s = <q, k> / sqrt(m),   share = softmax(s_from, s_to) of `from` = sigma(s_from - s_to)
//   out = share v_from + (1 - share) v_to
// Thread safety: pure functions of their arguments.

#include "common/matrix_view.h"

namespace chorus::worker {

// share: [n, 1] view.  out: [n, m].
void AttendPair(MatrixView<const float> from, MatrixView<const float> to, MatrixView<float> share,
                MatrixView<float> out);
// share: as AttendPair wrote it.  dout: [n, m].  dfrom: [n, 3 m], overwritten.  dto: [n, 3 m],
// overwritten or added to.
void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                        MatrixView<const float> share, MatrixView<const float> dout,
                        MatrixView<float> dfrom, MatrixView<float> dto, bool accumulate_dto);

}  // namespace chorus::worker
