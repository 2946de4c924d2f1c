#pragma once
// Writes what the model says about every exposure of a log, in log order whatever the layout.
// Thread safety: every worker calls the same from its own thread; worker 0 writes.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/report.pb.h"

#include "common/status.h"
#include "worker/log/row_source.h"
#include "worker/train/evaluator.h"
#include "worker/train/session.h"

namespace chorus::worker {

// Scores evaluate.log as text, one line per exposure:
//   row_id <tab> click <tab> conversion <tab> pctr <tab> pcvr <tab> pctcvr
// row_id is the row's text where the log has texts, else its number.
// `write` gets the text piece by piece, on worker 0 only, which warns of slots of whose ids more
// than half were never trained.
inline constexpr std::string_view kScoreTextHeader =
    "row_id\tclick\tconversion\tpctr\tpcvr\tpctcvr\n";
using TakeScoreText = std::function<Status(std::string_view text)>;
Status Predict(Session* session, const TakeScoreText& write);

// The same of rows that come from `source`, step by step: memory holds a step and a block. A row
// without an exposure has a line too, without scores. source: worker 0's, whose blocks have the
// columns of session->schema(); null on the others.
Status PredictRows(Session* session, RowSource* source, const TakeScoreText& write);

// Evaluates these logs and writes the scores to a score file (score_file.h); worker 0 gets the
// metrics.
Result<std::optional<Evaluation>> WriteScores(Session* session, const EvaluationLogs& logs,
                                              const std::string& path);

}  // namespace chorus::worker
