#pragma once
// The decoded windows of a log, shared by the readers of a plan. A window is decoded once; the
// readers that need it share the work, block by block. When no reader holds the window any more,
// its memory is reused for another. Thread safety: any thread.

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"
#include "worker/log/window.h"

namespace chorus::worker {

struct WindowId {
  uint64_t epoch = 0;
  uint32_t lane = 0;
  uint64_t window = 0;
  friend auto operator<=>(const WindowId&, const WindowId&) = default;
};

class WindowStore : public std::enable_shared_from_this<WindowStore> {
 public:
  // `log` must outlive the store and its windows.
  WindowStore(const LogReader& log, const ReadingOptions& options) : log_(log), options_(options) {}

  // The window of these blocks, finished.  blocks: indices of LogReader::blocks(), in reading
  // order. Error: that of ReadBlock.
  Result<std::shared_ptr<const Window>> Get(const WindowId& id, std::span<const uint32_t> blocks);

 private:
  // mutex_ guards all members but `window`, and but id and blocks, which do not change while the
  // entry is in use.
  struct Entry {
    Window window;
    WindowId id;
    std::vector<uint32_t> blocks;
    size_t begun = 0;          // blocks that some reader has claimed
    size_t done = 0;           // blocks whose decoding has ended
    size_t failed = SIZE_MAX;  // the first block, in reading order, that could not be read
    Status status;             // of block `failed`
    bool ready = false;
  };

  std::shared_ptr<Entry> FindOrBegin(const WindowId& id, std::span<const uint32_t> blocks)
      REQUIRES_LOCK(mutex_);
  // Decodes the entry's i-th block. The reader that ends the last block makes the window ready.
  void Decode(size_t i, Entry* entry);
  // Takes back the memory of an entry that nobody reads any more.
  void Return(Entry* entry);

  const LogReader& log_;
  const ReadingOptions options_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::map<WindowId, std::weak_ptr<Entry>> entries_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Entry>> free_ GUARDED_BY(mutex_);
};

}  // namespace chorus::worker
