#pragma once
// A source whose first bytes are held in memory, such as those that were read to look at them.
// Thread safety: none.

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "common/status.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {

class HeldSource final : public ByteSource {
 public:
  // rest: what comes after them; null: nothing.
  explicit HeldSource(std::string held, std::unique_ptr<ByteSource> rest = nullptr)
      : held_(std::move(held)), rest_(std::move(rest)) {}

  Result<size_t> Read(std::span<char> out) override {
    if (at_ == held_.size() && rest_ != nullptr) return rest_->Read(out);
    const size_t bytes = std::min(out.size(), held_.size() - at_);
    std::copy_n(held_.data() + at_, bytes, out.data());
    at_ += bytes;
    return bytes;
  }

 private:
  const std::string held_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

}  // namespace chorus::worker
