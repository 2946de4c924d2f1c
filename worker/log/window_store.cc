#include "worker/log/window_store.h"

#include <utility>

#include "common/check.h"

namespace chorus::worker {

Result<std::shared_ptr<const Window>> WindowStore::Get(const WindowId& id,
                                                       std::span<const uint32_t> blocks) {
  CHECK(!blocks.empty(), "window ", id.window, " of lane ", id.lane);
  std::shared_ptr<Entry> entry;
  {
    MutexLock lock(mutex_);
    entry = FindOrBegin(id, blocks);
  }
  // Each reader claims blocks until none is left, and then waits for the readers that still decode.
  // A reader that comes late decodes what is left, so that several readers at the border of a
  // window wait for a part of it only.
  for (;;) {
    size_t next;
    {
      MutexLock lock(mutex_);
      while (!entry->ready && entry->begun == blocks.size()) changed_.wait(mutex_);
      if (entry->ready) break;
      next = entry->begun++;
    }
    Decode(next, entry.get());
  }
  RETURN_IF_ERROR(entry->status);
  // Shares the ownership of the entry: when the last reader lets the window go, Return gets it.
  return std::shared_ptr<const Window>(entry, &entry->window);
}

std::shared_ptr<WindowStore::Entry> WindowStore::FindOrBegin(const WindowId& id,
                                                             std::span<const uint32_t> blocks) {
  std::weak_ptr<Entry>& known = entries_[id];
  if (std::shared_ptr<Entry> entry = known.lock()) return entry;
  std::unique_ptr<Entry> fresh;
  if (free_.empty()) {
    fresh = std::make_unique<Entry>();
  } else {
    fresh = std::move(free_.back());
    free_.pop_back();
  }
  fresh->id = id;
  fresh->blocks.assign(blocks.begin(), blocks.end());
  fresh->begun = fresh->done = 0;
  fresh->failed = SIZE_MAX;
  fresh->status = Status::Ok();
  fresh->ready = false;
  fresh->window.Begin(log_.schema(), blocks.size());
  // The deleter keeps the store alive: a reader lets go of the store before it lets go of its
  // windows.
  std::shared_ptr<Entry> entry(
      fresh.release(), [store = shared_from_this()](Entry* unused) { store->Return(unused); });
  known = entry;
  return entry;
}

void WindowStore::Decode(size_t i, Entry* entry) {
  Status status = entry->window.Decode(log_, entry->blocks[i], i);
  {
    MutexLock lock(mutex_);
    // Of several damaged blocks the first is reported, whichever thread comes first.
    if (!status.ok() && i < entry->failed) {
      entry->failed = i;
      entry->status = std::move(status);
    }
    if (++entry->done < entry->blocks.size()) return;
  }
  // Here every block has been decoded, and the other readers wait for `ready`: this thread is alone
  // with the entry. It shuffles without the lock, which other windows need meanwhile.
  if (entry->status.ok()) {
    entry->window.Finish(options_);
    if (options_.order != DataConfig::SEQUENTIAL) {
      entry->window.Shuffle(options_, entry->id.epoch, entry->id.lane, entry->id.window);
    }
  }
  MutexLock lock(mutex_);
  entry->ready = true;
  changed_.notify_all();
}

void WindowStore::Return(Entry* entry) {
  MutexLock lock(mutex_);
  // The id may belong to a new entry by now: a reader may have asked for the window again between
  // the end of the last owner and this lock.
  const auto known = entries_.find(entry->id);
  if (known != entries_.end() && known->second.expired()) entries_.erase(known);
  free_.emplace_back(entry);
}

}  // namespace chorus::worker
