#include "launch/serving/scoring_thread.h"

#include <algorithm>
#include <numeric>

#include "common/device_math.h"
#include "common/key.h"
#include "worker/import/crossed_slots.h"
#include "worker/import/key_id.h"

namespace chorus::launch {

ScoringThread::ScoringThread(const ServedModel& model, const Features& features,
                             const PieceComputes& computes)
    : model_(model), features_(features), computes_(computes), lookup_(model) {
  size_t slots[2] = {0, 0}, numerics[2] = {0, 0};
  for (const worker::SlotInfo& info : model.schema.slots) ++slots[info.context ? 1 : 0];
  for (const worker::NumericInfo& info : model.schema.numerics) ++numerics[info.context ? 1 : 0];
  // Columns that nothing reads stay empty.
  for (const bool context : {false, true}) {
    worker::FeatureColumns& side = context ? batch_.contexts : batch_.exposures;
    side.slots.resize(slots[context ? 1 : 0]);
    side.numerics.resize(numerics[context ? 1 : 0]);
  }
  parts_.resize(features.columns.size());
  for (const Feature& feature : features.columns)
    readers_.push_back(std::make_unique<FeatureReader>(feature));
}

Status ScoringThread::Score(const ScoringTask& task, const ScoredRows& out) {
  piece_ = 0;
  piece_of_.assign(task.context_rows.size(), 0);
  number_of_.resize(task.context_rows.size());
  constexpr int64_t kMost = kPieceRows.back();
  for (int64_t first = 0; first < task.rows; first += kMost) {
    RETURN_IF_ERROR(ScorePiece(task, first, std::min(kMost, task.rows - first), out));
  }
  return Status::Ok();
}

Status ScoringThread::ScorePiece(const ScoringTask& task, int64_t first, int64_t rows,
                                 const ScoredRows& out) {
  NumberContexts(task, first, rows);
  exposure_rows_.resize(static_cast<size_t>(rows));
  std::iota(exposure_rows_.begin(), exposure_rows_.end(), first);
  batch_.contexts.rows = static_cast<uint32_t>(context_rows_.size());
  batch_.exposures.rows = static_cast<uint32_t>(rows);
  RETURN_IF_ERROR(ReadColumns(task));
  // The smallest layers that have room for the piece: they compute all of their rows, used or not.
  size_t size = 0;
  while (kPieceRows[size] < rows) ++size;
  if (workspaces_[size] == nullptr) workspaces_[size] = computes_[size]->NewWorkspace();
  worker::Workspace* const workspace = workspaces_[size].get();
  RETURN_IF_ERROR(computes_[size]->Forward(lookup_.Find(batch_), model_.parameters, workspace));
  RETURN_IF_ERROR(computes_[size]->CheckLogits(*workspace));
  WriteScores(workspace->logits(), first, out);
  return Status::Ok();
}

// Contexts get numbers in the order in which the piece's rows name them.
void ScoringThread::NumberContexts(const ScoringTask& task, int64_t first, int64_t rows) {
  ++piece_;
  context_rows_.clear();
  batch_.context_of.resize(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    const auto context = static_cast<size_t>(task.context_of[static_cast<size_t>(first + i)]);
    if (piece_of_[context] != piece_) {
      piece_of_[context] = piece_;
      number_of_[context] = static_cast<uint32_t>(context_rows_.size());
      context_rows_.push_back(task.context_rows[context]);
    }
    batch_.context_of[static_cast<size_t>(i)] = number_of_[context];
  }
}

Status ScoringThread::ReadColumns(const ScoringTask& task) {
  for (size_t f = 0; f < features_.columns.size(); ++f) {
    const Feature& feature = features_.columns[f];
    const std::vector<int64_t>& rows = feature.context ? context_rows_ : exposure_rows_;
    RETURN_IF_ERROR(feature.is_numeric
                        ? readers_[f]->ReadNumbers(*task.columns[f], rows,
                                                   &SideOf(feature.context).numerics[feature.place])
                        : readers_[f]->ReadIds(*task.columns[f], rows, IdsOf(f)));
  }
  for (const CrossedFeature& cross : features_.crosses) MakeCross(cross);
  return Status::Ok();
}

worker::SlotColumn* ScoringThread::IdsOf(size_t f) {
  const Feature& feature = features_.columns[f];
  if (feature.place == Feature::kNoPlace) return &parts_[f];
  return &SideOf(feature.context).slots[feature.place];
}

void ScoringThread::MakeCross(const CrossedFeature& cross) {
  worker::SlotColumn& out = SideOf(cross.context).slots[cross.place];
  out.offsets.assign(1, 0);
  out.keys.clear();
  out.values.clear();
  const uint32_t rows = SideOf(cross.context).rows;
  for (uint32_t row = 0; row < rows; ++row) {
    uint64_t id = 0;
    bool has_all = true;
    for (const CrossedFeature::Part& part : cross.parts) {
      const worker::SlotColumn& ids = *IdsOf(part.feature);
      const uint32_t at = part.context && !cross.context ? batch_.context_of[row] : row;
      has_all = has_all && ids.offsets[at] < ids.offsets[at + 1];
      if (!has_all) break;
      id = worker::CrossedWith(id, worker::IdOfKey(part.space_seed, ids.keys[ids.offsets[at]]));
    }
    if (has_all) out.keys.push_back(MakeKey(cross.space_seed, id));
    out.offsets.push_back(static_cast<uint32_t>(out.keys.size()));
  }
}

void ScoringThread::WriteScores(MatrixView<const float> logits, int64_t first,
                                const ScoredRows& out) const {
  std::vector<float> scratch;
  for (int64_t i = 0; i < logits.rows; ++i) {
    const worker::Prediction p = PredictionOf(model_, logits, i, &scratch);
    const auto row = static_cast<size_t>(first + i);
    out.pctr[row] = Sigmoid(p.ctr_logit);
    out.pcvr[row] = Exp(p.log_cvr);
    out.pctcvr[row] = Exp(p.log_ctcvr());
  }
}

}  // namespace chorus::launch
