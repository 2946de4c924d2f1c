#include "worker/train/evaluator.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/progress.h"
#include "common/strings.h"
#include "worker/collective/agreement.h"
#include "worker/engine/engine.h"
#include "worker/log/labels.h"
#include "worker/metrics/metrics.h"
#include "worker/metrics/row_metrics.h"
#include "worker/steps/step_reader.h"
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

void TellIgnoredColumns(const Session& session, const LogReader& log) {
  const std::vector<std::string>& ignored = log.ignored_columns();
  if (ignored.empty() || session.environment().collective->rank() > 0) return;
  LogInfo(log.files().front(), ": ", ignored.size(), ignored.size() == 1 ? " column" : " columns",
          " that the model does not know: ", Join(ignored, ", "));
}

// Worker 0's status line while it scores a log. In log order all steps but the last one are full.
class ScoringProgress {
 public:
  ScoringProgress(const Session& session, uint64_t rows)
      : rows_(rows),
        step_rows_(uint64_t{session.config().step().grain_rows()} *
                   session.config().step().grains_per_step()) {
    const WorkerEnvironment& environment = session.environment();
    if (environment.collective->rank() > 0) return;
    what_ = StrCat(environment.label, environment.label.empty() ? "" : ", ", "scoring");
    line_.emplace();
  }
  void AddStep() {
    done_ = std::min(done_ + step_rows_, rows_);
    if (line_.has_value()) line_->ShowDone(what_, done_, rows_, "exposures");
  }

 private:
  const uint64_t rows_, step_rows_;
  uint64_t done_ = 0;
  std::string what_;
  std::optional<ProgressLine> line_;
};

}  // namespace

EvaluationLogs EvaluationLogs::Of(const TrainConfig& config) {
  const EvaluateConfig& evaluate = config.evaluate();
  EvaluationLogs logs;
  logs.log = {evaluate.log().begin(), evaluate.log().end()};
  logs.oracle = evaluate.oracle();
  logs.group_metrics = evaluate.group_metrics();
  logs.k = {evaluate.k().begin(), evaluate.k().end()};
  return logs;
}

Result<std::unique_ptr<Scorer>> Scorer::Create(Session* session,
                                               const std::vector<std::string>& log,
                                               UnclickedConversion unclicked_conversion) {
  std::unique_ptr<Scorer> scorer(new Scorer(session));
  ASSIGN_OR_RETURN(scorer->log_,
                   LogReader::Open(*session->environment().files, log, &session->schema()));
  TellIgnoredColumns(*session, *scorer->log_);
  RETURN_IF_ERROR(CheckAgreement(StrCat("the log ", Join(log, ", ")), scorer->log_->Description(),
                                 session->environment().collective));
  ReadingOptions options;
  options.order = DataConfig::SEQUENTIAL;
  options.unclicked_conversion = unclicked_conversion;
  options.grain_rows = session->config().step().grain_rows();
  options.grains_per_step = session->config().step().grains_per_step();
  ASSIGN_OR_RETURN(scorer->plan_, ReadingPlan::Make(*scorer->log_, options));
  return scorer;
}

Status Scorer::Run(const GrainDone& grain_done, const StepDone& step_done, SlotCounter* counter) {
  StepReaderOptions options = session_->reader_options();
  options.last_step = plan_->total_steps();
  StepReader reader(*plan_, options);
  Engine& engine = session_->engine();
  ScoringProgress progress(*session_, plan_->counts().kept_rows);
  for (uint64_t step = 1; step <= options.last_step; ++step) {
    ASSIGN_OR_RETURN(std::unique_ptr<StepBatch> batch, reader.Next());
    ASSIGN_OR_RETURN(const auto pulled, session_->client().Read(batch->keys));
    if (counter != nullptr) counter->Add(*batch, *pulled);
    RETURN_IF_ERROR(engine.Score(*batch, *pulled));
    for (uint32_t g = 0; g < batch->grains.size(); ++g) {
      RETURN_IF_ERROR(grain_done(batch->grains[g], engine.Logits(g)));
    }
    RETURN_IF_ERROR(step_done());
    progress.AddStep();
    reader.Recycle(std::move(batch));
  }
  return Status::Ok();
}

Result<std::unique_ptr<Evaluator>> Evaluator::Create(Session* session, const EvaluationLogs& logs) {
  auto evaluator = std::make_unique<Evaluator>();
  evaluator->session_ = session;
  evaluator->log_name_ = Join(logs.log, ",");
  evaluator->logs_ = logs;
  const UnclickedConversion policy = session->config().data().unclicked_conversion();
  ASSIGN_OR_RETURN(evaluator->scorer_, Scorer::Create(session, logs.log, policy));
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

Result<std::optional<Evaluation>> Evaluator::Run(Scores* scores) {
  Collective& collective = *session_->environment().collective;
  const std::unique_ptr<MetricsAccumulator> metrics = MetricsAccumulator::Create();
  const bool by_group = logs_.group_metrics && scorer_->schema().has_group;
  const bool collect = scores != nullptr || by_group || oracle_.has_value();
  ScoreCollector collector(&collective, scorer_->schema(), oracle_.has_value(),
                           collect ? scorer_->counts().kept_rows : 0);
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
    return Status::Ok();
  };
  const auto step_done = [&] { return collect ? collector.FinishStep() : Status::Ok(); };
  SlotCounter counter(session_->model().inputs);
  RETURN_IF_ERROR(scorer_->Run(grain_done, step_done, &counter).Annotate(log_name_));

  ASSIGN_OR_RETURN(const std::vector<SlotUse> slots, counter.Sum(&collective));
  ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                   collective.Gather(metrics->Serialize(), 0));
  if (collective.rank() != 0) return std::optional<Evaluation>();
  const std::unique_ptr<MetricsAccumulator> merged = MetricsAccumulator::Create();
  for (const std::string& part : parts) RETURN_IF_ERROR(merged->Merge(part));
  Evaluation evaluation = merged->Report();
  for (const SlotUse& slot : slots) *evaluation.add_slot() = slot;
  if (by_group) AddGroupMetrics(collector.scores(), logs_.k, &evaluation);
  if (oracle_.has_value()) AddLowestTenth(collector.scores(), &evaluation);
  if (scores != nullptr) *scores = collector.Take();
  return std::optional<Evaluation>(std::move(evaluation));
}

}  // namespace chorus::worker
