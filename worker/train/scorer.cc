#include "worker/train/scorer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/progress.h"
#include "common/strings.h"
#include "worker/collective/agreement.h"
#include "worker/engine/engine.h"
#include "worker/log/cell_rules.h"
#include "worker/steps/step_reader.h"

namespace chorus::worker {
namespace {

void TellIgnoredColumns(const Session& session, const LogReader& log) {
  const std::vector<std::string>& ignored = log.ignored_columns();
  if (ignored.empty() || session.environment().collective->rank() > 0) return;
  LogInfo(log.files().front(), ": ", ignored.size(), ignored.size() == 1 ? " column" : " columns",
          " that the model does not know: ", Join(ignored, ", "));
}

void TellRulesOfLog(const Session& session, const LogReader& log) {
  if (session.environment().collective->rank() > 0) return;
  for (const OtherRules& other : log.other_rules()) {
    for (const std::string& doubt : DoubtsOf(other, "the model")) LogWarning(doubt);
  }
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

Result<std::unique_ptr<Scorer>> Scorer::Create(Session* session,
                                               const std::vector<std::string>& log,
                                               UnclickedConversion unclicked_conversion,
                                               const ScorerOptions& scoring) {
  std::unique_ptr<Scorer> scorer(new Scorer(session));
  ASSIGN_OR_RETURN(scorer->log_,
                   LogReader::Open(*session->environment().files, log, &session->schema()));
  if (!scoring.is_first_look) {
    TellIgnoredColumns(*session, *scorer->log_);
    TellRulesOfLog(*session, *scorer->log_);
  }
  RETURN_IF_ERROR(CheckAgreement(StrCat("the log ", Join(log, ", ")), scorer->log_->Description(),
                                 session->environment().collective));
  ReadingOptions options;
  options.order = DataConfig::SEQUENTIAL;
  options.unclicked_conversion = unclicked_conversion;
  options.grain_rows = session->config().step().grain_rows();
  options.grains_per_step = session->config().step().grains_per_step();
  ASSIGN_OR_RETURN(scorer->plan_, ReadingPlan::Make(*scorer->log_, options));
  scorer->grains_ = session->grains();
  scorer->rounds_ = scorer->plan_->total_steps();
  CHECK(scoring.max_rows == 0 || !scoring.by_stretches, "a sample is scored step by step");
  scorer->TakeSample(scoring.max_rows);
  if (scoring.by_stretches) scorer->TakeStretch();
  return scorer;
}

void Scorer::TakeSample(uint64_t max_rows) {
  sample_ = RowSample(max_rows, counts().kept_rows);
  if (!sample_.all()) view_ = NewSampledPlan(&log_->schema(), plan_.get(), sample_);
}

void Scorer::TakeStretch() {
  const StepConfig& step = session_->config().step();
  const Collective& collective = *session_->environment().collective;
  const uint64_t grains = (counts().kept_rows + step.grain_rows() - 1) / step.grain_rows();
  const auto grains_of = [&](uint32_t worker) {
    return GrainsOfWorker(worker, collective.size(), step.grains_per_step()).size();
  };
  // Where there are more workers than grains in a step, some compute nothing: their stretch is
  // empty.
  const uint32_t busy = std::min(collective.size(), step.grains_per_step());
  uint32_t next = 0;  // of those that compute
  rounds_ = 0;
  for (uint32_t worker = 0; worker < collective.size(); ++worker) {
    StretchOptions options;
    options.plan_grains = step.grains_per_step();
    options.grains_per_step = std::max(grains_of(worker), 1u);
    if (grains_of(worker) > 0) options.stretch = StretchOfWorker(next++, busy, grains);
    auto plan = NewStretchPlan(&log_->schema(), plan_.get(), options);
    rounds_ = std::max(rounds_, plan->total_steps());
    if (worker != collective.rank()) continue;
    grains_ = {0, options.grains_per_step};
    view_ = std::move(plan);
  }
}

Status Scorer::Run(const GrainDone& grain_done, const StepDone& step_done, SlotCounter* counter) {
  const ReadingPlan& plan = view_ != nullptr ? *view_ : *plan_;
  StepReaderOptions options = session_->reader_options();
  options.grains = grains_;
  options.last_step = plan.total_steps();
  StepReader reader(plan, options);
  Engine& engine = session_->engine();
  ScoringProgress progress(*session_, plan_->counts().kept_rows);
  for (uint64_t step = 1; step <= rounds_; ++step) {
    if (step <= options.last_step) {
      ASSIGN_OR_RETURN(std::unique_ptr<StepBatch> batch, reader.Next());
      ASSIGN_OR_RETURN(const auto pulled, session_->client().Read(batch->keys));
      if (counter != nullptr) counter->Add(*batch, *pulled);
      RETURN_IF_ERROR(engine.Score(*batch, *pulled));
      for (uint32_t g = 0; g < batch->grains.size(); ++g) {
        RETURN_IF_ERROR(grain_done(batch->grains[g], engine.Logits(g)));
      }
      reader.Recycle(std::move(batch));
    }
    RETURN_IF_ERROR(step_done());
    progress.AddStep();
  }
  return Status::Ok();
}

Status Scorer::Read(const std::function<void(const StepBatch& step)>& visit,
                    const StepDone& step_done) {
  const ReadingPlan& plan = view_ != nullptr ? *view_ : *plan_;
  StepReaderOptions options = session_->reader_options();
  options.grains = grains_;
  options.last_step = plan.total_steps();
  StepReader reader(plan, options);
  for (uint64_t step = 1; step <= rounds_; ++step) {
    if (step <= options.last_step) {
      ASSIGN_OR_RETURN(std::unique_ptr<StepBatch> batch, reader.Next());
      visit(*batch);
      reader.Recycle(std::move(batch));
    }
    RETURN_IF_ERROR(step_done());
  }
  return Status::Ok();
}

}  // namespace chorus::worker
