#pragma once
// The tools of one thread that scores rows with a model, piece by piece: readers of cells, a batch,
// and the memory of the layers. Thread safety: none.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/status.h"
#include "launch/serving/feature.h"
#include "launch/serving/feature_reader.h"
#include "launch/serving/row_lookup.h"
#include "launch/serving/scorer.h"
#include "launch/serving/served_model.h"
#include "worker/engine/cpu/grain_compute.h"

namespace chorus::launch {

// The numbers of rows for which layers are computed at a time: few for a request, many for a table.
inline constexpr std::array<uint32_t, 3> kPieceRows = {16, 64, 256};
using PieceComputes = std::array<std::unique_ptr<worker::GrainCompute>, kPieceRows.size()>;

// The rows that are to be scored. Columns are those of MatchColumns, by feature.
struct ScoringTask {
  std::vector<const InputColumn*> columns;
  int64_t rows = 0;
  // Contexts of rows: context c is row context_rows[c] of its columns.
  std::vector<int64_t> context_rows;
  std::span<const int64_t> context_of;  // [rows]
};

class ScoringThread {
 public:
  // All outlive it.
  ScoringThread(const ServedModel& model, const Features& features, const PieceComputes& computes);

  Status Score(const ScoringTask& task, const ScoredRows& out);

 private:
  Status ScorePiece(const ScoringTask& task, int64_t first, int64_t rows, const ScoredRows& out);
  void NumberContexts(const ScoringTask& task, int64_t first, int64_t rows);
  Status ReadColumns(const ScoringTask& task);
  worker::FeatureColumns& SideOf(bool context) {
    return context ? batch_.contexts : batch_.exposures;
  }
  // The place for the ids of a feature; f is its index in Features::columns.
  worker::SlotColumn* IdsOf(size_t f);
  void MakeCross(const CrossedFeature& cross);
  void WriteScores(MatrixView<const float> logits, int64_t first, const ScoredRows& out) const;

  const ServedModel& model_;
  const Features& features_;
  const PieceComputes& computes_;
  std::vector<std::unique_ptr<FeatureReader>> readers_;  // [features]
  std::array<std::unique_ptr<worker::Workspace>, kPieceRows.size()> workspaces_;
  RowLookup lookup_;
  worker::Batch batch_;
  std::vector<worker::SlotColumn> parts_;              // [features], those that only crosses read
  std::vector<int64_t> context_rows_, exposure_rows_;  // of the piece
  // [contexts]: the last piece that a context was in, and its number there.
  std::vector<uint32_t> piece_of_, number_of_;
  uint32_t piece_ = 0;
};

}  // namespace chorus::launch
