#include "worker/train/predictor.h"

#include <deque>
#include <span>

#include "common/check.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/metrics/doubts.h"
#include "worker/metrics/score_file.h"
#include "worker/train/row_scorer.h"
#include "worker/train/score_text.h"
#include "worker/train/scorer.h"
#include "worker/train/slot_use.h"

namespace chorus::worker {

Status WarnOfUntrained(const Session& session, const SlotCounter& counter) {
  Evaluation evaluation;
  ASSIGN_OR_RETURN(const std::vector<SlotUse> slots, counter.Sum(session.environment().collective));
  for (const SlotUse& slot : slots) *evaluation.add_slot() = slot;
  for (const Doubt& doubt : DoubtsOf(evaluation, session.config())) LogWarning(doubt.text);
  return Status::Ok();
}

Status Predict(Session* session, const TakeScoreText& write) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Scorer> scorer,
      Scorer::Create(session, EvaluationLogs::Of(session->config()).log, KEEP_UNCLICKED));
  Collective& collective = *session->environment().collective;
  if (collective.rank() == 0) {
    RETURN_IF_ERROR(write(kScoreTextHeader));
  }
  std::string lines;  // of this worker, of the current step
  const auto grain_done = [&](const Batch& batch, MatrixView<const float> logits) {
    AppendScoreLines(scorer->schema(), batch, logits, session->objective(), &lines);
    return Status::Ok();
  };
  const auto step_done = [&]() -> Status {
    ASSIGN_OR_RETURN(const std::vector<std::string> parts, collective.Gather(lines, 0));
    lines.clear();
    for (const std::string& part : parts) RETURN_IF_ERROR(write(part));
    return Status::Ok();
  };
  SlotCounter counter(session->model().inputs);
  RETURN_IF_ERROR(scorer->Run(grain_done, step_done, &counter));
  return WarnOfUntrained(*session, counter);
}

Status PredictRows(Session* session, RowSource* source, const TakeScoreText& write) {
  Collective& collective = *session->environment().collective;
  if (collective.rank() == 0) RETURN_IF_ERROR(write(kScoreTextHeader));
  RowScorer scorer(session, source);
  std::deque<SourceRow> rows;  // worker 0's that are not written yet
  std::string lines;
  // Writes rows in order until one's score is not there.
  const auto write_lines = [&](std::span<const Prediction> scores) -> Status {
    size_t next = 0;
    lines.clear();
    while (!rows.empty() && (!rows.front().has_exposure || next < scores.size())) {
      const SourceRow& row = rows.front();
      lines.append(StrCat(row.id, "\t", row.click, "\t", row.conversion));
      if (row.has_exposure) {
        AppendScoreCells(scores[next++], &lines);
      } else {
        lines.append("\t\t\t\n");
      }
      rows.pop_front();
    }
    CHECK(next == scores.size(), "scores of ", scores.size(), " rows, and rows for ", next);
    return write(lines);
  };
  while (true) {
    ASSIGN_OR_RETURN(const bool more, scorer.NextStep(&rows));
    if (collective.rank() == 0) RETURN_IF_ERROR(write_lines(scorer.scores()));
    if (!more) return WarnOfUntrained(*session, scorer.slot_counter());
  }
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
