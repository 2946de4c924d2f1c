#include "worker/train/row_scorer.h"

#include <cstring>
#include <iterator>
#include <utility>

#include "common/strings.h"
#include "worker/log/block.h"
#include "worker/log/log_writer.h"

namespace chorus::worker {
namespace {

// Worker 0's batch on every worker. Nothing: the source has ended.
Result<std::optional<Batch>> ShareBatch(const LogSchema& schema, std::optional<Batch> batch,
                                        Collective* collective) {
  if (collective->size() == 1) return batch;
  std::string bytes;  // "" = the end
  if (batch.has_value()) {
    EncodedBlock block = EncodeBlock(schema, *batch);
    RETURN_IF_ERROR(block.status);
    bytes = std::move(block.bytes);
  }
  ASSIGN_OR_RETURN(bytes, collective->Broadcast(bytes, 0));
  if (bytes.empty()) return std::optional<Batch>();
  Batch shared;
  RETURN_IF_ERROR(
      DecodeBlock(schema, std::as_bytes(std::span(bytes)), &shared).Annotate("a block of rows"));
  return std::optional<Batch>(std::move(shared));
}

// The columns of blocks: the model's, without what scores do not need.
LogSchema ColumnsOnly(const LogSchema& model) {
  LogSchema schema;
  schema.slots = model.slots;
  schema.numerics = model.numerics;
  return schema;
}

}  // namespace

RowScorer::RowScorer(Session* session, RowSource* source)
    : session_(session),
      source_(source),
      step_rows_(uint64_t{session->config().step().grain_rows()} *
                 session->config().step().grains_per_step()),
      queue_(ColumnsOnly(session->schema())),
      lookup_(session->model().inputs.slot_reads, session->model().inputs.tables,
              session->config().cluster().shards(), &session->objective()),
      counter_(session->model().inputs) {}

// Blocks of bad rows alone stay on worker 0.
Result<bool> RowScorer::ReadBlock(std::deque<SourceRow>* rows) {
  std::optional<Batch> batch;
  bool got = source_ != nullptr;
  while (got && !batch.has_value()) {
    RowBlock block;
    ASSIGN_OR_RETURN(got, source_->Next(&block));
    rows->insert(rows->end(), std::make_move_iterator(block.rows.begin()),
                 std::make_move_iterator(block.rows.end()));
    if (block.batch.rows() > 0) batch = std::move(block.batch);
  }
  ASSIGN_OR_RETURN(batch, ShareBatch(ColumnsOnly(session_->schema()), std::move(batch),
                                     session_->environment().collective));
  if (!batch.has_value()) return false;
  queue_.Push(*std::move(batch));
  return true;
}

Result<bool> RowScorer::NextStep(std::deque<SourceRow>* rows) {
  while (!ended_ && queue_.rows() < step_rows_) {
    ASSIGN_OR_RETURN(const bool got, ReadBlock(rows));
    ended_ = !got;
  }
  own_.clear();
  scores_.clear();
  if (queue_.rows() == 0) return false;
  RETURN_IF_ERROR(ScoreGrains());
  RETURN_IF_ERROR(GatherScores());
  ShowProgress();
  return !ended_ || queue_.rows() > 0;
}

Status RowScorer::ScoreGrains() {
  const GrainRange grains = session_->grains();
  const uint64_t grain_rows = session_->config().step().grain_rows();
  ++step_.step;
  step_.stage = session_->objective().shape().stages() - 1;
  step_.grains.resize(grains.size());
  queue_.Skip(grains.begin * grain_rows);
  for (Batch& grain : step_.grains) queue_.Take(grain_rows, &grain);
  queue_.Skip((session_->config().step().grains_per_step() - grains.end) * grain_rows);
  lookup_.Resolve(&step_);
  ASSIGN_OR_RETURN(const auto pulled, session_->client().Read(step_.keys));
  counter_.Add(step_, *pulled);
  Engine& engine = session_->engine();
  RETURN_IF_ERROR(engine.Score(step_, *pulled));
  for (uint32_t g = 0; g < grains.size(); ++g) {
    const MatrixView<const float> logits = engine.Logits(g);
    for (uint32_t i = 0; i < step_.grains[g].rows(); ++i) {
      own_.push_back(
          session_->objective().Predict({logits.row(i), static_cast<size_t>(logits.cols)}));
    }
  }
  return Status::Ok();
}

Status RowScorer::GatherScores() {
  static_assert(std::is_trivially_copyable_v<Prediction>);
  Collective& collective = *session_->environment().collective;
  const std::string mine(reinterpret_cast<const char*>(own_.data()),
                         own_.size() * sizeof(Prediction));
  ASSIGN_OR_RETURN(const std::vector<std::string> parts, collective.Gather(mine, 0));
  for (const std::string& part : parts) {
    const size_t first = scores_.size();
    scores_.resize(first + part.size() / sizeof(Prediction));
    std::memcpy(scores_.data() + first, part.data(), part.size());
  }
  return Status::Ok();
}

void RowScorer::ShowProgress() {
  scored_ += scores_.size();
  if (session_->environment().collective->rank() > 0 || !progress_.Due()) return;
  progress_.Show(
      StrCat("scored ", scored_, " rows, ",
             static_cast<uint64_t>(static_cast<double>(scored_) / progress_.elapsed_seconds()),
             " rows/s"));
}

}  // namespace chorus::worker
