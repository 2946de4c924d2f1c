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
#include "worker/train/score_text.h"
#include "worker/train/session.h"
#include "worker/train/slot_use.h"

namespace chorus::worker {

// Scores evaluate.log as text (score_text.h), its header first. `write` gets the text piece by
// piece, on worker 0 only, which warns of slots of whose ids more than half were never trained.
using TakeScoreText = std::function<Status(std::string_view text)>;
Status Predict(Session* session, const TakeScoreText& write);

// The same of rows that come from `source`, step by step: memory holds a step and a block. A row
// without an exposure has a line too, without scores. source: worker 0's, whose blocks have the
// columns of session->schema(); null on the others.
Status PredictRows(Session* session, RowSource* source, const TakeScoreText& write);

// Says, on worker 0, of which slots the model has not seen most ids, as an evaluation does: nothing
// else in a prediction tells. Every worker calls it.
Status WarnOfUntrained(const Session& session, const SlotCounter& counter);

// Evaluates these logs and writes the scores to a score file (score_file.h); worker 0 gets the
// metrics.
Result<std::optional<Evaluation>> WriteScores(Session* session, const EvaluationLogs& logs,
                                              const std::string& path);

}  // namespace chorus::worker
