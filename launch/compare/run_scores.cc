#include "launch/compare/run_scores.h"

#include <utility>

#include "launch/compare/same_log.h"

namespace chorus::launch {

const FinishedRun* CommonCtrRun(const FinishedRuns& finished, const FinishedRun& run) {
  const ComparePlan& plan = finished.plan();
  if (!plan.config.common_ctr().empty()) {
    const int method = plan.FindMethod(plan.config.common_ctr());
    return finished.At(static_cast<uint32_t>(method), run.run->fold, run.run->seed);
  }
  return plan.method(*run.run).reference() ? nullptr : &run;
}

Result<RunScores> RunScoresReader::Read(const FinishedRun& run) {
  RunScores out;
  ASSIGN_OR_RETURN(out.scores, finished_.ScoresOf(run));
  const FinishedRun* const common = CommonCtrRun(finished_, run);
  if (common == &run) {
    out.common_ctr = out.scores.ctr_logit;
  } else if (common != nullptr) {
    ASSIGN_OR_RETURN(worker::Scores scores, finished_.ScoresOf(*common));
    RETURN_IF_ERROR(CheckSameLog(out.scores, scores).Annotate(BothPaths(run, *common)));
    out.common_ctr = std::move(scores.ctr_logit);
  }
  const std::string& slot = finished_.plan().config.field();
  if (slot.empty()) return out;
  if (!fields_.contains(run.run->fold)) {
    const auto& log = run.run->config.evaluate().log();
    ASSIGN_OR_RETURN(FieldValues values,
                     FieldValues::Read(finished_.files(), {log.begin(), log.end()}, slot));
    fields_.emplace(run.run->fold, std::move(values));
  }
  ASSIGN_OR_RETURN(out.field, fields_.at(run.run->fold).Of(out.scores.row_id));
  return out;
}

}  // namespace chorus::launch
