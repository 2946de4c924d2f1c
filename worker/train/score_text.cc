#include "worker/train/score_text.h"

#include <cstdint>
#include <cstdio>

#include "common/device_math.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

// A label that the log has, or nothing.
const char* LabelText(bool there, uint8_t label) { return there ? (label != 0 ? "1" : "0") : ""; }

}  // namespace

void AppendScoreCells(const Prediction& p, std::string* out) {
  char scores[120];
  const int length = std::snprintf(scores, sizeof(scores), "\t%.9g\t%.9g\t%.9g\n",
                                   Sigmoid(p.ctr_logit), Exp(p.log_cvr), Exp(p.log_ctcvr()));
  out->append(scores, static_cast<size_t>(length));
}

void AppendScoreLines(const LogSchema& schema, const Batch& batch, MatrixView<const float> logits,
                      const Objective& objective, std::string* out) {
  for (uint32_t i = 0; i < batch.rows(); ++i) {
    out->append(schema.has_row_id_text ? batch.row_id_text[i] : StrCat(batch.row_id[i]));
    out->append(StrCat("\t", LabelText(schema.has_click, batch.click[i]), "\t",
                       LabelText(schema.has_conversion, batch.conversion[i])));
    AppendScoreCells(objective.Predict({logits.row(i), static_cast<size_t>(logits.cols)}), out);
  }
}

}  // namespace chorus::worker
