#include "launch/plan/server_memory.h"

#include <algorithm>
#include <cmath>

#include "ps/key_index.h"

namespace chorus::launch {

uint64_t ShardBytes(uint64_t rows, uint32_t row_bytes, uint32_t turn) {
  constexpr uint64_t kRowsAtOnce = 64;  // RowArena
  return (rows + kRowsAtOnce - 1) / kRowsAtOnce * kRowsAtOnce * row_bytes +
         ps::KeyIndex::BytesOf(rows, turn);
}

namespace {

// The mean bytes of shards with `rows` rows each, whose turns are spread evenly.
double MeanOverTurns(uint64_t rows, uint32_t row_bytes) {
  constexpr uint32_t kTurns = 16;
  double sum = 0;
  for (uint32_t turn = 0; turn < kTurns; ++turn) {
    sum += static_cast<double>(ShardBytes(rows, row_bytes, turn));
  }
  return sum / kTurns;
}

// For shards with few rows, and some with none: the number of rows has a Poisson distribution.
double MeanOfFew(double mean, uint32_t row_bytes) {
  double probability = std::exp(-mean), sum = 0;
  const auto most = static_cast<uint64_t>(mean + 12 * std::sqrt(mean) + 20);
  for (uint64_t rows = 0; rows <= most; ++rows) {
    sum += probability * MeanOverTurns(rows, row_bytes);
    probability *= mean / static_cast<double>(rows + 1);
  }
  return sum;
}

// The normal approximation of the binomial, at points of [-4, 4] deviations.
double MeanOfMany(double mean, double deviation, uint32_t row_bytes) {
  constexpr int kPoints = 513;
  double sum = 0, weights = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double z = -4 + 8.0 * i / (kPoints - 1);
    const double weight = std::exp(-z * z / 2);
    const double rows = std::max(0.0, std::round(mean + z * deviation));
    sum += weight * MeanOverTurns(static_cast<uint64_t>(rows), row_bytes);
    weights += weight;
  }
  return sum / weights;
}

}  // namespace

double MeanShardBytes(double keys, uint32_t shards, uint32_t row_bytes) {
  constexpr double kFew = 100;
  if (keys <= 0) return 0;
  const double mean = keys / shards;
  if (mean < kFew && shards > 1) return MeanOfFew(mean, row_bytes);
  return MeanOfMany(mean, std::sqrt(mean * (1 - 1.0 / shards)), row_bytes);
}

}  // namespace chorus::launch
