#include "worker/log/block_queue.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace chorus::worker {

void BlockQueue::Push(Batch block) {
  CHECK(block.rows() > 0, "a block without rows");
  ReadingOptions everything;
  everything.unclicked_conversion = KEEP_UNCLICKED;
  Window& window = windows_.emplace_back();
  window.Begin(schema_, 1);
  window.Put(std::move(block), 0);
  window.Finish(everything);
  rows_ += window.rows();
}

template <typename Use>
void BlockQueue::Consume(uint64_t count, const Use& use) {
  for (uint64_t left = std::min(count, rows_); left > 0;) {
    const Window& window = windows_.front();
    const uint64_t here = std::min(left, window.rows() - begin_);
    use(window, begin_, here);
    begin_ += here;
    rows_ -= here;
    left -= here;
    if (begin_ < window.rows()) continue;
    windows_.pop_front();
    begin_ = 0;
  }
}

void BlockQueue::Take(uint64_t count, Batch* out) {
  ClearBatch(schema_, out);
  Consume(count, [&](const Window& window, uint64_t begin, uint64_t rows) {
    window.Append(begin, rows, &numbers_, out);
  });
}

void BlockQueue::Skip(uint64_t count) {
  Consume(count, [](const Window&, uint64_t, uint64_t) {});
}

}  // namespace chorus::worker
