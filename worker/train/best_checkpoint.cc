#include "worker/train/best_checkpoint.h"

#include "common/check.h"
#include "common/log.h"
#include "worker/train/best_file.h"

namespace chorus::worker {
namespace {

struct Metric {
  CheckpointConfig::Best best;
  const char* name;
  const char* task;  // of TaskMetrics
  bool is_auc;       // else normalised entropy, where less is better
};

constexpr Metric kMetrics[] = {
    {CheckpointConfig::CTR_AUC, "CTR AUC", "ctr", true},
    {CheckpointConfig::CVR_AUC, "CVR AUC", "cvr", true},
    {CheckpointConfig::CTCVR_AUC, "CTCVR AUC", "ctcvr", true},
    {CheckpointConfig::CTR_NE, "CTR NE", "ctr", false},
    {CheckpointConfig::CVR_NE, "CVR NE", "cvr", false},
    {CheckpointConfig::CTCVR_NE, "CTCVR NE", "ctcvr", false},
};

const Metric& MetricOf(CheckpointConfig::Best best) {
  for (const Metric& metric : kMetrics) {
    if (metric.best == best) return metric;
  }
  CHECK(false, "no metric of checkpoint.best: ", static_cast<int>(best));
}

std::optional<double> ValueOf(const Metric& metric, const Evaluation& evaluation) {
  for (const TaskMetrics& task : evaluation.task()) {
    if (task.task() != metric.task) continue;
    if (metric.is_auc && task.has_auc()) return task.auc();
    if (!metric.is_auc && task.has_normalized_entropy()) return task.normalized_entropy();
  }
  return std::nullopt;
}

}  // namespace

std::string MetricName(CheckpointConfig::Best metric) { return MetricOf(metric).name; }

std::optional<double> MetricValue(CheckpointConfig::Best metric, const Evaluation& evaluation) {
  return ValueOf(MetricOf(metric), evaluation);
}

bool IsBetter(CheckpointConfig::Best metric, double value, double than) {
  return MetricOf(metric).is_auc ? value > than : value < than;
}

Result<BestTracker> BestTracker::Open(FileSystem& files, const CheckpointConfig& config,
                                      uint64_t step, const std::string& claim) {
  BestTracker tracker(&files, config, claim);
  if (config.directory().empty()) return tracker;
  if (step == 0) {
    RETURN_IF_ERROR(RemoveBest(files, config.directory()));
    return tracker;
  }
  if (!tracker.enabled()) return tracker;
  ASSIGN_OR_RETURN(const std::optional<BestCheckpoint> best, ReadBest(files, config.directory()));
  // What was the best by another metric, or in steps that this run repeats, says nothing here.
  if (!best.has_value() || best->metric() != config.best() || best->step() > step) {
    RETURN_IF_ERROR(RemoveBest(files, config.directory()));
    return tracker;
  }
  tracker.state_ = *best;
  if (best->evaluated_step() > step) {
    tracker.state_.set_evaluated_step(step);
    tracker.state_.set_worse_since(0);
  }
  return tracker;
}

Status BestTracker::Add(uint64_t step, const Evaluation& evaluation) {
  const Metric& metric = MetricOf(config_.best());
  const std::optional<double> value = ValueOf(metric, evaluation);
  if (!value.has_value()) {
    LogWarning("the evaluation after step ", step, " has no ", metric.name,
               " (checkpoint.best): the log lacks one of its classes");
  }
  const bool better =
      value.has_value() && (state_.step() == 0 || IsBetter(config_.best(), *value, state_.value()));
  if (better) {
    state_.set_metric(config_.best());
    state_.set_step(step);
    state_.set_value(*value);
  }
  state_.set_evaluated_step(step);
  state_.set_worse_since(better ? 0 : state_.worse_since() + 1);
  return state_.step() == 0 ? Status::Ok()
                            : WriteBest(*files_, config_.directory(), state_, claim_);
}

std::optional<BestCheckpoint> BestTracker::best() const {
  return state_.step() == 0 ? std::nullopt : std::optional(state_);
}

}  // namespace chorus::worker
