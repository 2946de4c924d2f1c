#include "worker/train/predictor.h"

#include <cstdio>

#include "common/device_math.h"
#include "worker/metrics/score_file.h"

namespace chorus::worker {
namespace {

// A label that the log has, or nothing.
const char* LabelText(bool there, uint8_t label) { return there ? (label != 0 ? "1" : "0") : ""; }

void AppendLine(const LogSchema& schema, const Batch& batch, uint32_t row, const Prediction& p,
                std::string* out) {
  char line[160];
  const int length = std::snprintf(line, sizeof(line), "%llu\t%s\t%s\t%.9g\t%.9g\t%.9g\n",
                                   static_cast<unsigned long long>(batch.row_id[row]),
                                   LabelText(schema.has_click, batch.click[row]),
                                   LabelText(schema.has_conversion, batch.conversion[row]),
                                   Sigmoid(p.ctr_logit), Exp(p.log_cvr), Exp(p.log_ctcvr()));
  out->append(line, static_cast<size_t>(length));
}

std::span<const float> RowOf(MatrixView<const float> logits, int64_t i) {
  return {logits.row(i), static_cast<size_t>(logits.cols)};
}

}  // namespace

Status Predict(Session* session, const std::function<Status(std::string_view text)>& write) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Scorer> scorer,
      Scorer::Create(session, EvaluationLogs::Of(session->config()).log, KEEP_UNCLICKED));
  Collective& collective = *session->environment().collective;
  if (collective.rank() == 0) {
    RETURN_IF_ERROR(write("row_id\tclick\tconversion\tpctr\tpcvr\tpctcvr\n"));
  }
  std::string lines;  // of this worker, of the current step
  const auto grain_done = [&](const Batch& batch, MatrixView<const float> logits) {
    for (uint32_t i = 0; i < batch.rows(); ++i) {
      AppendLine(scorer->schema(), batch, i, session->objective().Predict(RowOf(logits, i)),
                 &lines);
    }
    return Status::Ok();
  };
  const auto step_done = [&]() -> Status {
    ASSIGN_OR_RETURN(const std::vector<std::string> parts, collective.Gather(lines, 0));
    lines.clear();
    for (const std::string& part : parts) RETURN_IF_ERROR(write(part));
    return Status::Ok();
  };
  return scorer->Run(grain_done, step_done);
}

Result<std::optional<Evaluation>> WriteScores(Session* session, const EvaluationLogs& logs,
                                              const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator, Evaluator::Create(session, logs));
  Scores scores;
  ASSIGN_OR_RETURN(std::optional<Evaluation> evaluation, evaluator->Run(&scores));
  const WorkerEnvironment& environment = session->environment();
  if (environment.collective->rank() == 0) {
    RETURN_IF_ERROR(SaveScores(*environment.files, path, scores));
  }
  return evaluation;
}

}  // namespace chorus::worker
