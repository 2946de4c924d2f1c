#pragma once
// Plain structures that travel from the host to kernels; pointers are the device's. Compiled by g++
// and nvcc. Thread safety: values.

#include <cstdint>

namespace chorus::worker {

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

// One side (contexts or exposures) of a grain. Pooling is given where it lies on the device, so
// that it finds the side of another step when it runs again.
struct DeviceSide {
  const DeviceSlot* slots;
  const uint32_t* slot_of_column;  // [slot_width]
  const float* numerics;           // [columns][rows]
  int64_t slot_width;
  int64_t gradient_stride;  // of the side's input gradient, [rows, slot_width]
  int64_t rows;
  int64_t slot_count;
  uint32_t first_key;  // of the step, as in slots
  uint32_t keys;       // of all slots
};

// Where a key's gradient comes from and with what factor.
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

// One float of the running statistics (layer/batch_norm.h).
struct DeviceStatistic {
  uint32_t count;  // where the number of grains stands that its gradient sums, among statistics
  uint32_t stage;
  uint32_t moves;  // 0: a count itself
};
struct DeviceStatistics {
  const DeviceStatistic* table;  // [n]
  int64_t n;
  uint32_t stage;  // those that move
  double momentum;
};

constexpr int kMaxTerms = 16;
struct DeviceDoubles {
  double value[kMaxTerms];
};

}  // namespace chorus::worker
