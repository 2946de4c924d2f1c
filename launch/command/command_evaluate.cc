// `chorus evaluate`: the metrics of a checkpoint on a log, as a table on standard output.

#include <cstdio>
#include <optional>

#include "common/file.h"
#include "common/json.h"
#include "common/log.h"
#include "launch/command/commands.h"
#include "launch/command/scoring.h"
#include "worker/metrics/doubts.h"
#include "worker/metrics/metrics.h"
#include "worker/steps/shared_rows.h"
#include "worker/steps/time_order.h"
#include "worker/train/evaluator.h"

namespace chorus::launch {

Status RunEvaluate(const EvaluateArguments& arguments) {
  std::vector<std::string> overrides = LogOverrides(arguments.log);
  // Another log than the configured one has another oracle, or none.
  if (!arguments.oracle.empty() || !arguments.log.empty()) {
    overrides.push_back("evaluate.oracle=" + arguments.oracle);
  }
  const auto work = [&](worker::Session* session) -> Status {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<worker::Evaluator> evaluator,
        worker::Evaluator::Create(session, worker::EvaluationLogs::Of(session->config())));
    ASSIGN_OR_RETURN(const std::optional<Evaluation> evaluation, evaluator->Run());
    if (!evaluation.has_value()) return Status::Ok();
    if (arguments.json) {
      ASSIGN_OR_RETURN(const std::string line, ToJson(*evaluation, {.zeros = true}));
      std::printf("%s\n", line.c_str());
    } else {
      std::printf("%s", worker::FormatEvaluation(*evaluation).c_str());
    }
    std::fflush(stdout);
    for (const worker::Doubt& doubt : worker::DoubtsOf(*evaluation, session->config())) {
      LogWarning(doubt.text);
    }
    for (const std::string& doubt : {worker::DoubtOfSharedRows(PosixFiles(), session->config()),
                                     worker::DoubtOfTimeOrder(PosixFiles(), session->config())}) {
      if (!doubt.empty()) LogWarning(doubt);
    }
    return Status::Ok();
  };
  return RunScoring({arguments.config, arguments.checkpoint, arguments.best, overrides}, work);
}

}  // namespace chorus::launch
