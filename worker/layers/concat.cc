#include "worker/layers/concat.h"

#include <algorithm>

namespace chorus::worker {

Status Concat::Forward(const LayerCall& call) const {
  int64_t column = 0;
  for (size_t i = 0; i < widths_.size(); ++i) {
    const MatrixView<float> y = call.out.y.Columns(column, widths_[i]);
    column += widths_[i];
    if (call.x[i].side != side_) {
      call.backend->GatherRows(call.x[i].y, call.grain.context_of, y);
    } else {
      call.backend->Copy(call.x[i].y, y);
    }
  }
  return Status::Ok();
}

Status Concat::Backward(const LayerCall& call) const {
  int64_t column = 0;
  for (size_t i = 0; i < widths_.size(); ++i) {
    const LayerInput& x = call.x[i];
    MatrixView<const float> dy = call.out.dy.Columns(column, x.dy.cols);
    column += widths_[i];
    if (x.side != side_) {
      const MatrixView<float> sum = call.OfContexts(0).Columns(0, x.dy.cols);
      call.backend->SumRowsByIndex(dy, call.grain.context_of, x.accumulate ? sum : x.dy);
      if (!x.accumulate) continue;
      dy = sum;
    }
    if (x.accumulate) {
      call.backend->ForEach(AddScaledItems{.from = dy, .to = x.dy});
    } else {
      call.backend->Copy(dy, x.dy);
    }
  }
  return Status::Ok();
}

std::vector<ScratchShape> Concat::scratch() const {
  return {{.cols = *std::max_element(widths_.begin(), widths_.end())}};
}

}  // namespace chorus::worker
