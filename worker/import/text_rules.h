#pragma once
// The rules about text that a log's or a model's schema brings with it (LogSchema.text), and a
// model's normalisation for a plan of columns. Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/column_plan.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// What `schema` says about the cells of every column, whatever that becomes, and nothing else: no
// column, no format.
ImportSchema RulesOfCells(const ImportSchema& schema);

// Error: kFailedPrecondition, `schema` says nothing about text; names the remedy.
Result<ImportSchema> TextRulesOf(const LogSchema& schema);

// Where `schema` makes other features of the same cells than `model` does, by the features' names:
// "slot tags: separator: \"|\" | \",\"". Both are as LogSchema.text has them.
std::vector<std::string> DifferingRules(const ImportSchema& schema, const ImportSchema& model);

// Gives the standardised numerics of `schema`, which `plan` makes, the means and deviations of the
// model's numerics of the same names. Numerics that the model lacks keep theirs.
void TakeNormalisation(const LogSchema& model, const ColumnPlan& plan, LogSchema* schema);

}  // namespace chorus::worker
