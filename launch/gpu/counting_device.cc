#include "launch/gpu/counting_device.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "common/check.h"

namespace chorus::gpu {

using namespace worker;

void CountingDevice::FreeMemory::operator()(std::byte* memory) const { std::free(memory); }

Status CountingDevice::Do(const char* name, Phase phase, const Cost& cost,
                          const std::function<Status(Device*)>& call) {
  const CallCost noted = {name, fixed_phase_.value_or(phase), cost};
  if (notes_) calls_.push_back(noted);
  if (before_call && notes_ && passes_) before_call(noted);
  if (inner_ != nullptr && passes_) RETURN_IF_ERROR(call(inner_));
  if (after_call && notes_ && passes_) after_call(noted);
  return Status::Ok();
}

void CountingDevice::DoVoid(const char* name, Phase phase, const Cost& cost,
                            const std::function<void(Device*)>& call) {
  const Status status = Do(name, phase, cost, [&](Device* device) {
    call(device);
    return Status::Ok();
  });
  CHECK(status.ok());
}

// Costs depend on indices and offsets, which are read where they were copied from: without an inner
// device nothing is at `device`.
const void* CountingDevice::Uploaded(const void* device) const {
  const auto* const at = static_cast<const std::byte*>(device);
  auto after = uploads_.upper_bound(at);
  CHECK(after != uploads_.begin(), "memory that nothing was copied to");
  --after;
  const auto offset = static_cast<size_t>(at - after->first);
  CHECK(offset < after->second.bytes, "memory that nothing was copied to");
  return after->second.host + offset;
}

// With an inner device `enqueue` runs twice: first for that device, which records or starts a graph,
// without notes; then for the notes, without passing calls on. Alone, the first use of a key counts as
// the calls themselves, and later ones as starts of their graph.
Result<bool> CountingDevice::Replay(std::span<const uint64_t> key,
                                    const std::function<Status()>& enqueue) {
  bool as_one = !seen_.emplace(key.begin(), key.end()).second;
  if (inner_ != nullptr) {
    notes_ = false;
    const Result<bool> started = inner_->Replay(key, enqueue);
    notes_ = true;
    if (!started.ok()) return started.status();
    as_one = *started;
  }
  const size_t first = calls_.size();
  passes_ = false;
  const Status noted = enqueue();
  passes_ = true;
  RETURN_IF_ERROR(noted);
  if (!as_one || first == calls_.size()) return as_one;
  for (size_t i = first; i < calls_.size(); ++i) calls_[i].cost.BecomeNodes();
  CallCost start = {"Replay", calls_[first].phase, {}};
  start.cost.graphs = 1;
  calls_.push_back(start);
  return true;
}

void CountingDevice::ForgetReplays() {
  seen_.clear();
  if (inner_ != nullptr) inner_->ForgetReplays();
}

const DeviceInfo& CountingDevice::info() const {
  return inner_ != nullptr ? inner_->info() : dry_info_;
}

Result<std::byte*> CountingDevice::TakeMemory(size_t bytes) {
  taken_.blocks.push_back(bytes);
  if (inner_ != nullptr) return inner_->TakeMemory(bytes);
  std::byte* const memory = next_;
  next_ += (bytes + 255) / 256 * 256;
  return memory;
}

Result<std::byte*> CountingDevice::TakeHostMemory(size_t bytes) {
  taken_.host_bytes += bytes;
  if (inner_ != nullptr) return inner_->TakeHostMemory(bytes);
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  // Large blocks come from the system as zeros that take no memory until they are touched.
  auto* const memory = static_cast<std::byte*>(std::calloc(bytes, 1));
  if (memory == nullptr) return ResourceExhausted("no memory for a dry run");
  host_memory_.emplace_back(memory);
  return memory;
}

void CountingDevice::NoteUpload(const void* host, const void* device, size_t bytes) {
  const auto* const at = static_cast<const std::byte*>(device);
  uploads_.erase(uploads_.lower_bound(at), uploads_.lower_bound(at + bytes));
  uploads_[at] = {static_cast<const std::byte*>(host), bytes};
}

Status CountingDevice::Stage(uint32_t buffer, const void* host, void* device, size_t bytes) {
  NoteUpload(host, device, bytes);
  return Do("Stage", Phase::kUpload, call_cost::Upload(bytes),
            [&](Device* inner) { return inner->Stage(buffer, host, device, bytes); });
}

Status CountingDevice::TakeStaged(uint32_t buffer) {
  return inner_ != nullptr ? inner_->TakeStaged(buffer) : Status::Ok();
}

Status CountingDevice::Upload(const void* host, void* device, size_t bytes) {
  NoteUpload(host, device, bytes);
  return Do("Upload", Phase::kUpload, call_cost::Upload(bytes),
            [&](Device* inner) { return inner->Upload(host, device, bytes); });
}

Status CountingDevice::Download(const void* device, void* host, size_t bytes) {
  return Do("Download", Phase::kReturn, call_cost::Download(bytes),
            [&](Device* inner) { return inner->Download(device, host, bytes); });
}

Status CountingDevice::CopyOnDevice(const void* from, void* to, size_t bytes) {
  return Do("CopyOnDevice", compute_, call_cost::CopyOnDevice(bytes),
            [&](Device* inner) { return inner->CopyOnDevice(from, to, bytes); });
}

Status CountingDevice::Mark(uint32_t mark) {
  return inner_ != nullptr ? inner_->Mark(mark) : Status::Ok();
}

Result<double> CountingDevice::SecondsBetween(uint32_t from, uint32_t to) {
  return inner_ != nullptr ? inner_->SecondsBetween(from, to) : Result<double>(0.0);
}

Status CountingDevice::Zero(void* device, size_t bytes) {
  return Do("Zero", Phase::kUpload, call_cost::Zero(bytes),
            [&](Device* inner) { return inner->Zero(device, bytes); });
}

Status CountingDevice::Synchronize() {
  return Do("Synchronize", Phase::kReturn, call_cost::Synchronize(),
            [](Device* inner) { return inner->Synchronize(); });
}

}  // namespace chorus::gpu
