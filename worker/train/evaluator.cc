#include "worker/train/evaluator.h"

#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/collective/collective.h"
#include "worker/log/labels.h"
#include "worker/metrics/clicks_alone.h"
#include "worker/metrics/metrics.h"
#include "worker/metrics/row_metrics.h"
#include "worker/train/group_exchange.h"
#include "worker/train/score_collector.h"

namespace chorus::worker {
namespace {

// The oracle file, once it is clear that it is this log's: row ids of another log would fit it too.
Result<OracleFile> OpenOracle(FileSystem& files, const std::string& path, const LogReader& log) {
  ASSIGN_OR_RETURN(OracleFile oracle, OracleFile::Open(files, path));
  if (oracle.log_fingerprint() == log.first_fingerprint()) return oracle;
  return FailedPrecondition(
      StrCat(path, " tells the truth of another log than ", Join(log.files(), ", ")));
}

// Of all workers, about: a sample leaves fewer.
uint64_t RowsOfStep(const TrainConfig& config, const RowSample& sample) {
  const double rows = static_cast<double>(config.step().grain_rows()) *
                      static_cast<double>(config.step().grains_per_step());
  return static_cast<uint64_t>(rows * sample.share());
}

}  // namespace

EvaluationLogs EvaluationLogs::Of(const TrainConfig& config) {
  const EvaluateConfig& evaluate = config.evaluate();
  EvaluationLogs logs;
  logs.log = {evaluate.log().begin(), evaluate.log().end()};
  logs.oracle = evaluate.oracle();
  logs.group_metrics = evaluate.group_metrics();
  logs.k = {evaluate.k().begin(), evaluate.k().end()};
  logs.max_rows = evaluate.max_rows();
  return logs;
}

Result<std::unique_ptr<Evaluator>> Evaluator::Create(Session* session, const EvaluationLogs& logs) {
  auto evaluator = std::make_unique<Evaluator>();
  evaluator->session_ = session;
  evaluator->log_name_ = Join(logs.log, ",");
  evaluator->logs_ = logs;
  const UnclickedConversion policy = session->config().data().unclicked_conversion();
  ASSIGN_OR_RETURN(evaluator->scorer_,
                   Scorer::Create(session, logs.log, policy, {.max_rows = logs.max_rows}));
  RETURN_IF_ERROR(CheckLabelled(evaluator->scorer_->schema()).Annotate(evaluator->log_name_));
  if (!logs.oracle.empty()) {
    auto oracle = OpenOracle(*session->environment().files, logs.oracle, evaluator->scorer_->log());
    if (!oracle.ok()) return oracle.status().Annotate("evaluate.oracle");
    evaluator->oracle_ = std::move(oracle).value();
  }
  const uint64_t dropped = evaluator->scorer_->counts().dropped_unclicked_conversions;
  if (dropped > 0 && session->environment().collective->rank() == 0) {
    LogInfo("evaluation on ", evaluator->log_name_, " leaves out ", dropped,
            " conversions without click (data.unclicked_conversion)");
  }
  return evaluator;
}

uint64_t Evaluator::rows() const {
  return static_cast<uint64_t>(static_cast<double>(scorer_->counts().kept_rows) *
                               scorer_->sample().share());
}

// What the workers have counted, on worker 0.
Result<Evaluation> Evaluator::Report(const std::vector<std::string>& parts) const {
  const std::unique_ptr<MetricsAccumulator> merged = MetricsAccumulator::Create();
  for (const std::string& part : parts) RETURN_IF_ERROR(merged->Merge(part));
  Evaluation evaluation = merged->Report();
  const RowSample& sample = scorer_->sample();
  if (!sample.all()) evaluation.set_sample(sample.share());
  return evaluation;
}

Status Evaluator::EmptySample() const {
  return InvalidArgument(StrCat("evaluate.max_rows is ", logs_.max_rows, ", and of the ",
                                scorer_->counts().kept_rows, " exposures of ", log_name_,
                                " the sample has none: take a larger number"));
}

Result<std::optional<Evaluation>> Evaluator::Run(Scores* scores) {
  Collective& collective = *session_->environment().collective;
  const std::unique_ptr<MetricsAccumulator> metrics = MetricsAccumulator::Create();
  const bool by_group = logs_.group_metrics && scorer_->schema().has_group;
  const bool collect = scores != nullptr || oracle_.has_value();
  ScoreCollector collector(&collective, scorer_->schema(), oracle_.has_value(),
                           collect ? rows() : 0);
  GroupExchange groups(&collective, RowsOfStep(session_->config(), scorer_->sample()));
  const Objective& objective = session_->objective();
  std::vector<Prediction> predictions;
  std::vector<OracleRow> truths;
  const auto grain_done = [&](const Batch& batch, MatrixView<const float> logits) -> Status {
    predictions.resize(batch.rows());
    truths.clear();
    for (uint32_t i = 0; i < batch.rows(); ++i) {
      predictions[i] = objective.Predict({logits.row(i), static_cast<size_t>(logits.cols)});
      if (oracle_.has_value()) {
        ASSIGN_OR_RETURN(const OracleRow truth, oracle_->Lookup(batch.row_id[i]));
        truths.push_back(truth);
      }
    }
    metrics->Add(predictions, batch.click.data(), batch.conversion.data(), truths, batch.weight);
    if (collect) collector.Add(batch, predictions, truths);
    if (by_group) groups.Add(batch, predictions);
    return Status::Ok();
  };
  const auto step_done = [&]() -> Status {
    if (collect) RETURN_IF_ERROR(collector.FinishStep());
    return by_group ? groups.FinishStep() : Status::Ok();
  };
  SlotCounter counter(session_->model().inputs);
  RETURN_IF_ERROR(scorer_->Run(grain_done, step_done, &counter).Annotate(log_name_));

  ASSIGN_OR_RETURN(const std::vector<SlotUse> slots, counter.Sum(&collective));
  ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                   collective.Gather(metrics->Serialize(), 0));
  std::optional<GroupSums> sums;
  if (by_group) {
    ASSIGN_OR_RETURN(sums, groups.Finish(logs_.k, session_->pool().threads()));
  }
  if (collective.rank() != 0) return std::optional<Evaluation>();
  ASSIGN_OR_RETURN(Evaluation evaluation, Report(parts));
  if (!scorer_->sample().all() && evaluation.rows() == 0) {
    if (!logs_.may_be_empty) return EmptySample();
    LogWarning(EmptySample().message(), "; this evaluation is left out");
    return std::optional<Evaluation>();
  }
  for (const SlotUse& slot : slots) *evaluation.add_slot() = slot;
  if (by_group) sums->AddTo(&evaluation);
  if (!scorer_->schema().has_conversion) LeaveOutConversions(&evaluation);
  if (oracle_.has_value()) AddLowestTenth(collector.scores(), &evaluation);
  if (scores != nullptr) *scores = collector.Take();
  return std::optional<Evaluation>(std::move(evaluation));
}

}  // namespace chorus::worker
