#pragma once
// A Backend with memory of its own: a GPU. Calls are enqueued in order and return at once; what they
// are given lies in the device's memory. Errors of calls that return nothing are kept and returned
// by the next call that can. Every sum is added in an order that depends on shapes alone, so that
// the same inputs give the same bits. Thread safety: none; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "common/optimizer_config.h"
#include "common/status.h"
#include "worker/backend.h"
#include "worker/objective.h"

namespace chorus::worker {

struct DeviceInfo {
  std::string name;
  int index = 0;
  uint64_t memory_bytes = 0;
  int driver_version = 0;   // 13000 is CUDA 13.0
  int toolkit_version = 0;  // likewise
};

// One slot of one side of a grain.
struct DeviceSlot {
  const uint32_t* offsets;    // [rows + 1], from 0
  const uint32_t* positions;  // [nnz], rows of the slot's table
  const float* values;        // [nnz], or null: every value is 1
  uint32_t first_key;         // of the step: keys of all grains and slots are counted through
  uint32_t table;             // configured table
  uint32_t dim;
  uint32_t first_column;
  int32_t pooling;  // SlotConfig::Pooling
};

// One side (contexts or exposures) of a grain.
struct DeviceSide {
  const DeviceSlot* slots;
  const uint32_t* slot_of_column;  // [slot_width]
  const float* numerics;           // [columns][rows]
  int64_t slot_width;
  int64_t rows;
};

// Where a key's gradient comes from and with what factor, noted when it is pooled.
struct DeviceKeyNotes {
  uint32_t* source;  // [keys of the step]: element of the side's input gradient; bit 31: contexts
  float* factor;     // [keys of the step]
};

// Sums of gradients over pieces of a grain's keys: piece p adds the keys order[begins[p] ..
// begins[p + 1]).
struct DevicePieces {
  const uint32_t* order;
  const uint32_t* begins;  // [pieces + 1]
  int64_t pieces;
};

// Pieces of one key side by side: segment s is the pieces [first[s], first[s + 1]).
struct DeviceSegments {
  const uint32_t* first;  // [segments + 1], counted through the step
  int64_t segments;
};

// Terms of a node of the canonical tree, by key: key i has the terms [begins[i], begins[i + 1]).
struct DeviceTerms {
  const uint32_t* begins;  // [keys + 1]
  const uint32_t* grain;   // [terms], counted from the node's first grain; ascending for each key
  const uint32_t* piece;   // [terms]: where the term lies, and is used up
  int64_t keys;
  uint32_t grains;  // of the node
};

// What losses of a grain depend on beside logits.
struct DeviceLabels {
  uint32_t stage;
  const uint8_t* click;       // [rows]
  const uint8_t* conversion;  // [rows]
  const float* weight;        // [rows], or null: every weight is 1
  const double* copies;       // [rows], or null: 1
  const double* draw;         // [rows], or null: 0
  int64_t rows;
};

constexpr int kMaxTerms = 16;
struct DeviceScales {
  double scale[kMaxTerms];
};

class Device : public Backend {
 public:
  virtual const DeviceInfo& info() const = 0;

  // Memory, zero at first, 256-byte aligned, that lives as long as the device. Host memory is
  // page-locked where the system allows it.
  virtual Result<std::byte*> TakeMemory(size_t bytes) = 0;
  virtual Result<std::byte*> TakeHostMemory(size_t bytes) = 0;

  // Copies. Host memory stays untouched until Synchronize.
  virtual Status Upload(const void* host, void* device, size_t bytes) = 0;
  virtual Status Download(const void* device, void* host, size_t bytes) = 0;
  virtual Status Zero(void* device, size_t bytes) = 0;
  // Until all that was enqueued is done.
  virtual Status Synchronize() = 0;

  // Method of the losses that later calls compute. Error: kFailedPrecondition, the device has not
  // been built with it.
  virtual Status SetMethod(const MethodValue& method) = 0;
  // sums: [partials], of the grain.
  virtual Status Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                          double* sums) = 0;
  // dlogits: [>= rows, heads], 0 after the grain's rows.  term_sums: [terms], of the grain.
  virtual Status Evaluate(const DeviceLabels& labels, const DeviceScales& scales,
                          MatrixView<const float> logits, MatrixView<float> dlogits,
                          double* term_sums) = 0;

  // See layer/pooling.h.  tables: [configured tables] of [keys, dim].  x: [>= rows, inputs]; 0
  // after the side's rows.
  virtual Status Pool(const DeviceSide& side, const float* const* tables, bool contexts,
                      const DeviceKeyNotes& notes, MatrixView<float> x) = 0;
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

  // One update (see worker/dense_optimizer.h).  gradient, weights, state: [n].  clip_norm: 0 = off.
  virtual Status ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t, float lr_factor,
                                double clip_norm, int64_t n, float* gradient, float* weights,
                                float* const (&state)[2]) = 0;
};

struct DeviceOptions {
  int index = 0;          // of the device on this host
  uint32_t rank = 0;      // for messages
  bool allow_tf32 = false;  // products with inputs rounded to 10 bits of mantissa
};
// How a job gets its device. Error: kFailedPrecondition when there is none that can be used; names
// driver, toolkit and device found.
using OpenDevice = std::function<Result<std::unique_ptr<Device>>(const DeviceOptions& options)>;

}  // namespace chorus::worker
