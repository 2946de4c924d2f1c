#pragma once
// A Backend with memory of its own: a GPU. Calls are enqueued in order and return at once; their
// arguments are in the device's memory. The error of a call that returns nothing is kept, and the
// next call that returns a Status returns it. The order of every sum depends on shapes alone, so
// that the same inputs give the same bits. Thread safety: none; one thread at a time.

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

// Work that Device::Replay enqueues call by call although it comes again. Its results are the same.
struct PlainReplays {
  std::string refused;  // why the first work that cannot be kept cannot; "": all can
  uint64_t kept = 0;    // when no more can be kept, the number that is kept; else 0
};

struct DeviceInfo {
  std::string name;
  std::string id;   // of the device, in every process that uses it
  int index = 0;    // among the devices that this process sees
  int devices = 0;  // number of devices that this process sees
  uint64_t memory_bytes = 0;
  std::string versions;      // of driver and toolkit, for messages
  uint64_t plain_bytes = 0;  // host memory that could not be page-locked
  PlainReplays plain_replays;
};

constexpr uint32_t kStagingBuffers = 2;  // used in turns: one is filled while the other is read

// The sizes of the largest calls that a device will get.
struct DeviceSizes {
  int64_t rows = 0;           // of matrices
  int64_t columns = 0;        // of matrices that are summed over rows
  int64_t product_input = 0;  // floats, rows of RowStride: the largest factor that is no weight
  int64_t weights = 0;        // floats: all weights
};

class Device : public Backend {
 public:
  virtual const DeviceInfo& info() const = 0;

  // Takes memory that is zero at first, 256-byte aligned, and lives as long as the device. Host
  // memory is page-locked where the system allows it.
  virtual Result<std::byte*> TakeMemory(size_t bytes) = 0;
  virtual Result<std::byte*> TakeHostMemory(size_t bytes) = 0;

  // Copies, in the order of the other calls. The caller leaves host memory alone until Synchronize.
  // A copy from or to host memory that TakeHostMemory has not page-locked synchronises first.
  virtual Status Upload(const void* host, void* device, size_t bytes) = 0;
  virtual Status Download(const void* device, void* host, size_t bytes) = 0;
  virtual Status CopyOnDevice(const void* from, void* to, size_t bytes) = 0;
  virtual Status Zero(void* device, size_t bytes) = 0;
  // Waits until all that was enqueued is done, but not for staged copies that have not been taken.
  // Error: those of the device; at the deadline, that it hangs.
  virtual Status Synchronize() = 0;

  // Measures time. Mark notes, under a small number that the caller chooses, when the device has
  // done all that was enqueued before. After Synchronize, SecondsBetween is the time between two
  // marks.
  virtual Status Mark(uint32_t mark) = 0;
  virtual Result<double> SecondsBetween(uint32_t from, uint32_t to) = 0;

  // Copies to the device while it computes. Calls that are enqueued after TakeStaged(buffer) find
  // the copies of that buffer done.  buffer: < kStagingBuffers. REQUIRES: the device was
  // synchronised after the calls that read what a copy overwrites.
  virtual Status Stage(uint32_t buffer, const void* host, void* device, size_t bytes) = 0;
  virtual Status TakeStaged(uint32_t buffer) = 0;

  // Chooses the method whose losses later calls compute. Error: kFailedPrecondition, the device was
  // built without the method.
  virtual Status SetMethod(const MethodValue& method) = 0;
  // Copies a few values into the device's memory; they are read before Put returns.  values: at
  // most kMaxTerms.
  virtual Status Put(std::span<const double> values, double* to) = 0;
  // Objective::AddPartials of one grain.  sums: [partials], overwritten.
  virtual Status Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                          double* sums) = 0;
  // Objective::Evaluate of one grain.  scales: [terms].  dlogits: [>= rows, heads], 0 after the
  // grain's rows.  term_sums: [terms], overwritten.
  virtual Status Evaluate(const DeviceLabels& labels, const double* scales,
                          MatrixView<const float> logits, MatrixView<float> dlogits,
                          double* term_sums) = 0;

  // See worker/engine/cpu/pooling.h.  tables: [configured tables] of [keys, dim].  x: [>= rows,
  // inputs]; 0 after the side's rows.
  virtual Status Pool(const DeviceSide* side, const float* const* tables, MatrixView<float> x) = 0;
  // Notes, for the backward pass, the source and the factor of the gradient of every key of a
  // grain.
  virtual Status NoteKeys(const DeviceSide& contexts, const DeviceSide& exposures,
                          const DeviceKeyNotes& notes) = 0;
  // sums: [pieces of the step, dim]; those of `pieces` are written from row `first` on.
  virtual Status SumPieces(const DevicePieces& pieces, const DeviceKeyNotes& notes,
                           const float* dcontexts, const float* dexposures, uint32_t dim,
                           uint32_t first, float* sums) = 0;
  // Adds the pieces of each segment, in order, to the segment's first piece.
  virtual Status JoinPieces(const DeviceSegments& segments, uint32_t dim, float* sums) = 0;
  // Sums each key's terms along the canonical tree.  out: [keys, dim].
  virtual Status CombineTerms(const DeviceTerms& terms, uint32_t dim, float* sums, float* out) = 0;

  // Sums gradients[grain, :] along the canonical tree into the first row.
  virtual Status SumGrains(MatrixView<float> gradients) = 0;

  // flags[flag_of_column[j]] = 1 where column j of `values` has an element that is not finite;
  // flag_of_column null: flags[0].
  virtual Status FlagNonFinite(MatrixView<const float> values, const uint32_t* flag_of_column,
                               uint32_t* flags) = 0;

  // Scales the gradient, [n], to the norm clip_norm if it has a larger one.
  virtual Status ClipGradient(double clip_norm, int64_t n, float* gradient) = 0;
  // One update (see worker/model/dense_optimizer.h).  gradient, weights, state: [n].  clip_norm: 0
  // = off.
  virtual Status ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t, float lr_factor,
                                double clip_norm, int64_t n, float* gradient, float* weights,
                                float* const (&state)[2]) = 0;
  // See ParameterLayout::UpdateStatistics.  gradient, values: [statistics.n].
  virtual Status MoveStatistics(const DeviceStatistics& statistics, const float* gradient,
                                float* values) = 0;

  // Takes the memory that calls of at most these sizes need besides their arguments. REQUIRES: it
  // is called before the first of them. Error: kResourceExhausted.
  virtual Status Reserve(const DeviceSizes& sizes) = 0;
  // UseWeights of a device REQUIRES: n <= DeviceSizes::weights.

  // Enqueues work that comes again. REQUIRES: for the same key `enqueue` makes the same calls with
  // the same arguments, and makes only calls that enqueue work on the device's memory. The first
  // time, `enqueue` is called. The second time, the device also keeps what it enqueues (a CUDA
  // graph), if it can (PlainReplays). From then on the kept work is started as one, and `enqueue`
  // is not called. Returns whether the work was started as one. The work is done once per call.
  // Error: that of the work.
  virtual Result<bool> Replay(std::span<const uint64_t>, const std::function<Status()>& enqueue) {
    RETURN_IF_ERROR(enqueue());
    return false;
  }
  // Frees the kept work, since its keys will not come again soon. REQUIRES: the device was
  // synchronised after the last Replay.
  virtual void ForgetReplays() {}

  // Sums among the devices of all workers. CheckCollective: whether this device can take part.
  // NewCollectiveId: called on one worker, makes the id that all workers give to OpenCollective.
  // OpenCollective: called once, connects the devices; the device owns the collective.
  virtual Status CheckCollective() { return FailedPrecondition("it has no collective"); }
  virtual Result<std::string> NewCollectiveId() { return CheckCollective(); }
  virtual Result<DeviceCollective*> OpenCollective(const DeviceCollectiveOptions&) {
    return CheckCollective();
  }
};

// The precision of the inputs of matrix products; everything else is float32.
enum class DevicePrecision { kFp32, kTf32, kBf16 };

struct DeviceOptions {
  int index = 0;      // of the device, taken modulo the number of devices that this process sees
  uint32_t rank = 0;  // of the worker, for messages
  DevicePrecision precision = DevicePrecision::kFp32;
  std::string library;    // the shared library with the backend, see device_library.h
  bool optional = false;  // the job can do without a device
  // The limit of every wait for the device. At the deadline the error is kInternal: the device
  // itself hangs. Its memory is then not freed before the process ends.
  double deadline_seconds = 60;
};
// How a job gets its device. Errors: kNotFound, there is no library or driver; kFailedPrecondition,
// the library is of another build, or no device can be used (names driver, toolkit and the devices
// found); kInvalidArgument, the library's name is empty; kDataLoss, its file is damaged; those of
// CUDA.
using OpenDevice = std::function<Result<std::unique_ptr<Device>>(const DeviceOptions& options)>;

}  // namespace chorus::worker
