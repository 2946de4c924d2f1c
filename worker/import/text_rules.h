#pragma once
// The rules about text that a log's or a model's schema brings with it (LogSchema.text), and a
// model's normalisation for a plan of columns. Thread safety: pure functions.

#include <string>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/column_plan.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// Error: kFailedPrecondition, `schema` says nothing about text; names the remedy.
Result<ImportSchema> TextRulesOf(const LogSchema& schema);

// Whether a log that is imported by `made` may take the means of `like`, whose name is `name`: rules
// that make other ids or numbers of the same cells (cell_rules.h) are refused, and other separators
// are a warning. typed: columns that have no separators.  Error: kFailedPrecondition, has the rules
// and both values.
Status CheckSameRules(const LogSchema& made, const LogSchema& like, const std::string& name,
                      bool typed);

// Gives the standardised numerics of `schema`, which `plan` makes, the means and deviations of the
// model's numerics of the same names. Numerics that the model lacks keep theirs.
void TakeNormalisation(const LogSchema& model, const ColumnPlan& plan, LogSchema* schema);

}  // namespace chorus::worker
