#pragma once
// What a step on a device brings back to the host in one copy: flags of what is not finite, sums of
// loss terms, partial sums, and logits, grain by grain. Thread safety: none.

#include <cstddef>
#include <cstdint>

#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/device/device.h"
#include "worker/device/device_arena.h"

namespace chorus::worker {

// How much of each there is.
struct StepResultSizes {
  int64_t grains = 0;
  int64_t grain_rows = 0;
  int64_t heads = 0;
  int64_t terms = 0;     // of a grain's loss
  int64_t partials = 0;  // of a grain, at most
  int64_t flags = 0;     // of a grain
};

class StepResults {
 public:
  // `device` outlives the results.
  StepResults(const StepResultSizes& sizes, Device* device) : sizes_(sizes), device_(device) {}
  // Called twice, see DeviceArena; then Open, which takes the host's memory.
  void TakeMemory(DeviceArena* arena);
  Status Open();

  // Where the device writes the results of a grain. Partials of all grains are packed: a stage has
  // `partials` of them per grain.
  uint32_t* flags(size_t grain) const { return flags_ + grain * size_t(sizes_.flags); }
  double* term_sums(size_t grain) const { return term_sums_ + grain * size_t(sizes_.terms); }
  double* partials(size_t grain, uint32_t partials) const { return partials_ + grain * partials; }
  MatrixView<float> logits(size_t grain) const;  // [grain_rows, heads]

  Status LowerFlags();  // all of them
  // Begins the copy to the host; the functions below read the last copy that has ended.
  Status BringBack();
  const uint32_t* flags_on_host() const { return OnHost(flags_); }  // [grains, flags]
  MatrixView<const double> term_sums_on_host() const;               // [grains, terms]
  MatrixView<const double> partials_on_host(uint32_t partials) const;
  MatrixView<const float> logits_on_host(size_t grain, int64_t rows) const;  // [rows, heads]

 private:
  template <typename T>
  const T* OnHost(const T* on_device) const {
    const auto* const begin = reinterpret_cast<const std::byte*>(flags_);
    return reinterpret_cast<const T*>(host_ +
                                      (reinterpret_cast<const std::byte*>(on_device) - begin));
  }

  const StepResultSizes sizes_;
  Device* const device_;
  uint32_t* flags_ = nullptr;  // the first of the block; all on the device
  double* term_sums_ = nullptr;
  double* partials_ = nullptr;
  float* logits_ = nullptr;
  size_t bytes_ = 0;
  std::byte* host_ = nullptr;  // page-locked, [bytes_]
};

}  // namespace chorus::worker
