#pragma once
// The decoded windows of a log, shared by the readers of a plan. A window is decoded once, its
// blocks by all readers that wait for it, and its memory serves another window when no reader holds
// it. Thread safety: any thread.

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
  // `log` outlives the store and the windows.
  WindowStore(const LogReader& log, const ReadingOptions& options) : log_(log), options_(options) {}

  // The window of these blocks (indices of the log's), in reading order. Error: ReadBlock's.
  Result<std::shared_ptr<const Window>> Get(const WindowId& id, std::span<const uint32_t> blocks);

 private:
  struct Entry {  // mutex_ guards all but `window`
    Window window;
    WindowId id;
    std::vector<uint32_t> blocks;
    size_t begun = 0;  // blocks
    size_t done = 0;
    size_t failed = SIZE_MAX;  // the first of them that could not be read
    Status status;
    bool ready = false;
  };

  std::shared_ptr<Entry> FindOrBegin(const WindowId& id, std::span<const uint32_t> blocks)
      REQUIRES_LOCK(mutex_);
  // Decodes the entry's i-th block; whoever decodes the last one makes the window ready.
  void Decode(size_t i, Entry* entry);
  void Return(Entry* entry);  // nobody reads it any more

  const LogReader& log_;
  const ReadingOptions options_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::map<WindowId, std::weak_ptr<Entry>> entries_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Entry>> free_ GUARDED_BY(mutex_);
};

}  // namespace chorus::worker
