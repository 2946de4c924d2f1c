#pragma once
// Plain structures that the host passes to kernels. Their pointers point into the device's memory.
// Compiled by g++ and nvcc. Thread safety: values.

#include <cstdint>

namespace chorus::worker {

// One slot of one side of a grain.
struct DeviceSlot {
  const uint32_t* offsets;    // [rows + 1], from 0
  const uint32_t* positions;  // [nnz], rows of the slot's table
  const float* values;        // [nnz], or null: every value is 1
  uint32_t first_key;         // number of its first key among the keys of all grains and slots
  uint32_t table;             // configured table
  uint32_t dim;
  uint32_t first_column;
  int32_t pooling;          // SlotConfig::Pooling
  uint32_t max_length = 0;  // of a sequence, whose rows are side by side; else 0
};

// One side (contexts or exposures) of a grain. Pool gets a pointer to it on the device, so that a
// replayed call reads the side of another step from the same place.
struct DeviceSide {
  const DeviceSlot* slots;
  const uint32_t* slot_of_column;  // [slot_width]
  const float* numerics;           // [columns][rows]
  int64_t slot_width;
  int64_t gradient_stride;  // row stride of the side's input gradient, [rows, slot_width]
  int64_t rows;
  int64_t slot_count;
  uint32_t first_key;  // as in DeviceSlot, of the side's first slot
  uint32_t keys;       // number of keys of all slots of the side
  // Of the slots, the last ones; their lengths are the side's last columns.
  int64_t sequences = 0;
};

// The source and the factor of every key's gradient.
struct DeviceKeyNotes {
  // [keys of the step]: the first element of the key's part in the input gradient of its side. Bit
  // 31 is set for the side of contexts.
  uint32_t* source;
  float* factor;  // [keys of the step]
};

// The keys of a grain, in an order in which the occurrences of one key are together, and cut into
// pieces: piece p sums the gradients of the keys order[begins[p] .. begins[p + 1]).
struct DevicePieces {
  const uint32_t* order;
  const uint32_t* begins;  // [pieces + 1]
  int64_t pieces;
};

// Runs of pieces of one key: segment s is the pieces [first[s], first[s + 1]).
struct DeviceSegments {
  const uint32_t* first;  // [segments + 1], numbers of pieces of the step
  int64_t segments;
};

// The terms of a node of the canonical tree by key: key i has the terms [begins[i], begins[i + 1]),
// one for each grain that holds the key.
struct DeviceTerms {
  const uint32_t* begins;  // [keys + 1]
  const uint32_t* grain;   // [terms], counted from the node's first grain; ascending for each key
  const uint32_t* piece;   // [terms]: the row of `sums` that holds the term; it is overwritten
  int64_t keys;
  uint32_t grains;  // number of grains of the node
};

// What the losses of a grain depend on, besides its logits.
struct DeviceLabels {
  uint32_t stage;
  const uint8_t* click;       // [rows]
  const uint8_t* conversion;  // [rows]
  const float* weight;        // [rows], or null: every weight is 1
  const double* copies;       // [rows], or null: 1
  const double* draw;         // [rows], or null: 0
  int64_t rows;
};

// One float of the running statistics (worker/layers/batch_norm.h).
struct DeviceStatistic {
  uint32_t count;  // index among the statistics of the number of grains that measured it
  uint32_t stage;
  uint32_t moves;  // 0: this float is a count, which is not updated
};
struct DeviceStatistics {
  const DeviceStatistic* table;  // [n]
  int64_t n;
  uint32_t stage;  // the statistics of this stage are updated
  double momentum;
};

constexpr int kMaxTerms = 16;  // of a method, and of its partial sums
struct DeviceDoubles {
  double value[kMaxTerms];
};

}  // namespace chorus::worker
