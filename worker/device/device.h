#pragma once
// A Backend with memory of its own: a GPU. Calls are enqueued in order and return at once; what
// they are given lies in the device's memory. Errors of calls that return nothing are kept and
// returned by the next call that can. Every sum is added in an order that depends on shapes alone,
// so that the same inputs give the same bits. Thread safety: none; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "common/optimizer_parameters.h"
#include "common/status.h"
#include "worker/device/device_collective.h"
#include "worker/device/device_types.h"
#include "worker/math/backend.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

// Work that Device::Replay enqueues call by call though it comes again. Its results are the same.
struct PlainReplays {
  std::string refused;  // why, of the first that cannot be kept as one; "": there is none
  uint64_t kept = 0;    // so many are kept, and others came; 0: none has
};

struct DeviceInfo {
  std::string name;
  std::string id;   // the same for every process that has this device, and for no other device
  int index = 0;    // among those that this process sees
  int devices = 0;  // that it sees
  uint64_t memory_bytes = 0;
  std::string versions;      // of driver and toolkit, for messages
  uint64_t plain_bytes = 0;  // of host memory that could not be page-locked
  PlainReplays plain_replays;
};

constexpr uint32_t kStagingBuffers = 2;

// The largest calls that a device will get.
struct DeviceSizes {
  int64_t rows = 0;     // of matrices
  int64_t columns = 0;  // of matrices that are summed over rows
  // In floats: what products read beside weights, with rows of RowStride, and weights.
  int64_t product_input = 0;
  int64_t weights = 0;
};

class Device : public Backend {
 public:
  virtual const DeviceInfo& info() const = 0;

  // Memory, zero at first, 256-byte aligned, that lives as long as the device. Host memory is
  // page-locked where the system allows it.
  virtual Result<std::byte*> TakeMemory(size_t bytes) = 0;
  virtual Result<std::byte*> TakeHostMemory(size_t bytes) = 0;

  // Copies, in the order of the other calls. Host memory stays untouched until Synchronize. A copy
  // from or to host memory that TakeHostMemory has not page-locked synchronises first.
  virtual Status Upload(const void* host, void* device, size_t bytes) = 0;
  virtual Status Download(const void* device, void* host, size_t bytes) = 0;
  virtual Status CopyOnDevice(const void* from, void* to, size_t bytes) = 0;
  virtual Status Zero(void* device, size_t bytes) = 0;
  // Until all that was enqueued is done, but for staged copies that have not been taken; until the
  // deadline.
  virtual Status Synchronize() = 0;

  // Times for measurements. Mark notes, under a small number of the caller's choice, when the
  // device is through with what was enqueued; after Synchronize, SecondsBetween is what lies
  // between two marks.
  virtual Status Mark(uint32_t mark) = 0;
  virtual Result<double> SecondsBetween(uint32_t from, uint32_t to) = 0;

  // Copies to the device while it computes. Calls that are enqueued after TakeStaged(buffer) find
  // the copies of that buffer done.  buffer: < kStagingBuffers. REQUIRES: the device was
  // synchronised after the calls that read what a copy overwrites.
  virtual Status Stage(uint32_t buffer, const void* host, void* device, size_t bytes) = 0;
  virtual Status TakeStaged(uint32_t buffer) = 0;

  // Method of the losses that later calls compute. Error: kFailedPrecondition, the device has not
  // been built with it.
  virtual Status SetMethod(const MethodValue& method) = 0;
  // A few values into the device's memory; they are read before it returns.  values: at most
  // kMaxTerms.
  virtual Status Put(std::span<const double> values, double* to) = 0;
  // sums: [partials], of the grain.
  virtual Status Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                          double* sums) = 0;
  // scales: [terms].  dlogits: [>= rows, heads], 0 after the grain's rows.  term_sums: [terms], of
  // the grain.
  virtual Status Evaluate(const DeviceLabels& labels, const double* scales,
                          MatrixView<const float> logits, MatrixView<float> dlogits,
                          double* term_sums) = 0;

  // See layer/pooling.h.  tables: [configured tables] of [keys, dim].  x: [>= rows, inputs]; 0
  // after the side's rows.
  virtual Status Pool(const DeviceSide* side, const float* const* tables, MatrixView<float> x) = 0;
  // For the way back: notes of the keys of a grain's two sides.
  virtual Status NoteKeys(const DeviceSide& contexts, const DeviceSide& exposures,
                          const DeviceKeyNotes& notes) = 0;
  // sums: [pieces of the step, dim], of which `pieces` are written from `first` on.
  virtual Status SumPieces(const DevicePieces& pieces, const DeviceKeyNotes& notes,
                           const float* dcontexts, const float* dexposures, uint32_t dim,
                           uint32_t first, float* sums) = 0;
  // Adds each segment's pieces, in order, to its first one.
  virtual Status JoinPieces(const DeviceSegments& segments, uint32_t dim, float* sums) = 0;
  // out: [keys, dim].
  virtual Status CombineTerms(const DeviceTerms& terms, uint32_t dim, float* sums, float* out) = 0;

  // Sums gradients[grain, :] along the canonical tree into the first row.
  virtual Status SumGrains(MatrixView<float> gradients) = 0;

  // flags[flag_of_column[j]] = 1 where column j of `values` is not finite; null: flags[0].
  virtual Status FlagNonFinite(MatrixView<const float> values, const uint32_t* flag_of_column,
                               uint32_t* flags) = 0;

  // One update (see worker/model/dense_optimizer.h).  gradient, weights, state: [n].  clip_norm: 0 = off.
  virtual Status ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t, float lr_factor,
                                double clip_norm, int64_t n, float* gradient, float* weights,
                                float* const (&state)[2]) = 0;
  // See ParameterLayout::UpdateStatistics.  gradient, values: [statistics.n].
  virtual Status MoveStatistics(const DeviceStatistics& statistics, const float* gradient,
                                float* values) = 0;

  // Memory that calls of at most these sizes need beside their arguments; before the first of them.
  // Error: kResourceExhausted.
  virtual Status Reserve(const DeviceSizes& sizes) = 0;
  // Products will read weights from there, as they are now: to be called again when they have
  // changed. A precision that rounds inputs rounds these here, once, and not in every product.
  // REQUIRES: n is at most what was reserved.
  virtual Status UseWeights(const float* weights, int64_t n) = 0;

  // Work that comes again. `enqueue` makes the same calls with the same arguments whenever the key
  // is the same, and only calls that enqueue work on what lies in the device's memory. The first
  // time that it comes it is called; the second time what it enqueues is kept as well (a CUDA
  // graph), as far as the device can keep it (PlainReplays), and from then on that is started as
  // one, without a call. Returns whether it was started as one. Error: of the work alone, which is
  // done once or, after an error, not again.
  virtual Result<bool> Replay(std::span<const uint64_t>, const std::function<Status()>& enqueue) {
    RETURN_IF_ERROR(enqueue());
    return false;
  }
  // Frees what is kept: no key of before will come again soon. REQUIRES: the device was
  // synchronised after the last Replay.
  virtual void ForgetReplays() {}

  // Sums with the devices of other workers: whether this one can; the id that all of them are
  // given, from one; and their meeting, once, after which the device owns the collective.
  virtual Status CheckCollective() { return FailedPrecondition("it has no collective"); }
  virtual Result<std::string> NewCollectiveId() { return CheckCollective(); }
  virtual Result<DeviceCollective*> OpenCollective(const DeviceCollectiveOptions&) {
    return CheckCollective();
  }
};

// Of the inputs of matrix products; all else is float32.
enum class DevicePrecision { kFp32, kTf32, kBf16 };

struct DeviceOptions {
  int index = 0;      // of the device, modulo the number of devices that this process sees
  uint32_t rank = 0;  // for messages
  DevicePrecision precision = DevicePrecision::kFp32;
  std::string library;    // that holds the backend, see device_library.h
  bool optional = false;  // the job can do without
  // Of every wait for the device. Error: kInternal, the device itself hangs: its end leaves what it
  // has to the end of the process.
  double deadline_seconds = 60;
};
// How a job gets its device. Errors: kNotFound, no library or driver; kFailedPrecondition, a
// library of another build, or no device that can be used (names driver, toolkit and devices
// found); kInvalidArgument and kDataLoss, of the library's name and file; those of CUDA.
using OpenDevice = std::function<Result<std::unique_ptr<Device>>(const DeviceOptions& options)>;

}  // namespace chorus::worker
