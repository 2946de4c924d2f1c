#include "common/byte_pool.h"

#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "common/check.h"

namespace chorus {
namespace {

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// REQUIRES: bytes % kAlignment == 0.
std::byte* Allocate(size_t bytes) {
  void* const data = std::aligned_alloc(BytePool::kAlignment, bytes);
  CHECK(data != nullptr, "out of memory, bytes=", bytes);
  return static_cast<std::byte*>(data);
}

}  // namespace

BytePool& BytePool::OfProcess() {
  static BytePool* const pool = new BytePool;  // arrays may end after every static object
  return *pool;
}

BytePool::~BytePool() {
  CHECK(used_ == 0, "bytes=", used_);
  for (const Block& block : blocks_) std::free(block.data);
}

std::shared_ptr<std::byte> BytePool::Take(size_t bytes) {
  if (bytes < kSmallestBlock) {
    return std::shared_ptr<std::byte>(Allocate(RoundUp(bytes, kAlignment)), std::free);
  }
  Block block = TakeKept(bytes);
  if (block.data == nullptr) block = Make(RoundUp(bytes, std::bit_floor(bytes) / 8));
  // An address sanitizer still sees reads and writes beyond an array's end or after its life.
  ASAN_UNPOISON_MEMORY_REGION(block.data, block.bytes);
  ASAN_POISON_MEMORY_REGION(block.data + bytes, block.bytes - bytes);
  return std::shared_ptr<std::byte>(block.data, [this, block](std::byte*) { GiveBack(block); });
}

BytePool::Block BytePool::TakeKept(size_t bytes) {
  const MutexLock lock(mutex_);
  auto best = blocks_.end();
  for (auto it = blocks_.begin(); it != blocks_.end(); ++it) {
    if (it->bytes < bytes || it->bytes / 2 > bytes) continue;
    if (best == blocks_.end() || it->bytes <= best->bytes) best = it;
  }
  if (best == blocks_.end()) return {};
  const Block block = *best;
  blocks_.erase(best);
  kept_ -= block.bytes;
  used_ += block.bytes;
  most_used_ = std::max(most_used_, used_);
  return block;
}

BytePool::Block BytePool::Make(size_t bytes) {
  std::vector<Block> surplus;
  {
    const MutexLock lock(mutex_);
    used_ += bytes;
    most_used_ = std::max(most_used_, used_);
    auto end = blocks_.begin();
    for (; used_ + kept_ > most_used_; ++end) kept_ -= end->bytes;
    surplus.assign(blocks_.begin(), end);
    blocks_.erase(blocks_.begin(), end);
  }
  for (const Block& block : surplus) std::free(block.data);
  return {Allocate(bytes), bytes};
}

void BytePool::GiveBack(Block block) {
  ASAN_POISON_MEMORY_REGION(block.data, block.bytes);
  const MutexLock lock(mutex_);
  blocks_.push_back(block);
  used_ -= block.bytes;
  kept_ += block.bytes;
}

size_t BytePool::used() const {
  const MutexLock lock(mutex_);
  return used_;
}

size_t BytePool::kept() const {
  const MutexLock lock(mutex_);
  return kept_;
}

}  // namespace chorus
