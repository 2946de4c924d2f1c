#pragma once
// Scores as text, one line per exposure:
//   row_id <tab> click <tab> conversion <tab> pctr <tab> pcvr <tab> pctcvr
// row_id is the row's text where the log has texts, else its number. Thread safety: pure functions.

#include <string>
#include <string_view>

#include "common/matrix_view.h"
#include "worker/log/batch.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

inline constexpr std::string_view kScoreTextHeader =
    "row_id\tclick\tconversion\tpctr\tpcvr\tpctcvr\n";

// Appends the end of a line: "\tpctr\tpcvr\tpctcvr\n".
void AppendScoreCells(const Prediction& p, std::string* out);

// Appends the lines of a grain.  schema: the log's; logits: [rows, heads].
void AppendScoreLines(const LogSchema& schema, const Batch& batch, MatrixView<const float> logits,
                      const Objective& objective, std::string* out);

}  // namespace chorus::worker
