#include "launch/command/export_loss.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "launch/serving/batch_scorer.h"
#include "launch/serving/served_model.h"
#include "worker/log/block_queue.h"
#include "worker/log/cell_rules.h"
#include "worker/log/labels.h"
#include "worker/log/log_reader.h"
#include "worker/log/manifest_schema.h"
#include "worker/metrics/metrics.h"

namespace chorus::launch {
namespace {

Status AddBatches(BatchScorer* scorer, worker::BlockQueue* queue,
                  worker::MetricsAccumulator* metrics) {
  worker::Batch batch;
  std::vector<worker::Prediction> predictions;
  while (queue->rows() > 0) {
    queue->Take(BatchScorer::kMostRows, &batch);
    RETURN_IF_ERROR(scorer->Score(batch, &predictions));
    metrics->Add(predictions, batch.click.data(), batch.conversion.data(), {}, batch.weight);
  }
  return Status::Ok();
}

const TaskMetrics* TaskOf(const Evaluation& evaluation, const std::string& task) {
  for (const TaskMetrics& metrics : evaluation.task()) {
    if (metrics.task() == task && metrics.has_auc()) return &metrics;
  }
  return nullptr;
}

std::string LossLine(const std::string& task, const Evaluation& full, const Evaluation& stored) {
  const TaskMetrics *before = TaskOf(full, task), *after = TaskOf(stored, task);
  char line[128];
  if (before == nullptr || after == nullptr) {
    std::snprintf(line, sizeof(line), "%-14s %10s %10s %12s\n", task.c_str(), "-", "-", "-");
  } else {
    std::snprintf(line, sizeof(line), "%-14s %10.6f %10.6f %+12.6f\n", task.c_str(), before->auc(),
                  after->auc(), after->auc() - before->auc());
  }
  return line;
}

}  // namespace

Status CheckLossLog(FileSystem& files, const std::vector<std::string>& log,
                    const CheckpointManifest& model) {
  const worker::LogSchema schema = worker::SchemaOfManifest(model);
  ASSIGN_OR_RETURN(const auto reader, worker::LogReader::Open(files, log, &schema));
  for (const worker::OtherRules& other : reader->other_rules()) {
    for (const std::string& doubt : worker::DoubtsOf(other, "the model")) LogWarning(doubt);
  }
  return worker::CheckLabelled(reader->schema()).Annotate(Join(log, ", "));
}

Result<Evaluation> EvaluateExport(FileSystem& files, const std::string& folder,
                                  const std::vector<std::string>& log) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ServedModel> model, LoadModel(files, folder));
  ASSIGN_OR_RETURN(const std::unique_ptr<BatchScorer> scorer, BatchScorer::Create(*model));
  ASSIGN_OR_RETURN(const auto reader, worker::LogReader::Open(files, log, &model->schema));
  worker::BlockQueue queue(reader->schema());
  const auto metrics = worker::MetricsAccumulator::Create();
  for (uint32_t block = 0; block < reader->blocks().size(); ++block) {
    worker::Batch batch;
    RETURN_IF_ERROR(reader->ReadBlock(block, &batch));
    if (batch.rows() == 0) continue;
    queue.Push(std::move(batch));
    RETURN_IF_ERROR(AddBatches(scorer.get(), &queue, metrics.get()).Annotate(folder));
  }
  return metrics->Report();
}

std::string FormatLoss(const std::string& form, const Evaluation& full, const Evaluation& stored) {
  char head[128];
  std::snprintf(head, sizeof(head), "%-14s %10s %10s %12s\n", "AUC", "float32", form.c_str(),
                "difference");
  return StrCat(head, LossLine("ctr", full, stored), LossLine("cvr", full, stored),
                LossLine("ctcvr", full, stored));
}

}  // namespace chorus::launch
