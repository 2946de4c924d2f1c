#include "worker/import/text_rules.h"

#include <algorithm>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/log/cell_rules.h"

namespace chorus::worker {

Result<ImportSchema> TextRulesOf(const LogSchema& schema) {
  if (schema.text.empty()) {
    return FailedPrecondition(
        "the model does not say how text becomes its features (its log is older, or was not "
        "imported from text): give the schema of that import with --schema");
  }
  ImportSchema rules;
  if (!rules.ParseFromString(schema.text)) {
    return DataLoss("what the model says about text is no ImportSchema");
  }
  // An earlier program did not write what later ones know.
  RETURN_IF_ERROR(CompleteConfig("the model's schema", &rules));
  return rules;
}

Status CheckSameRules(const LogSchema& made, const LogSchema& like, const std::string& name,
                      bool typed) {
  ASSIGN_OR_RETURN(const RuleDifferences differences, DifferingRules(made, like));
  if (!differences.made.empty()) {
    return FailedPrecondition(StrCat(
        "its rules of text are others (the schema | that log): ", Join(differences.made, "; "),
        ": the same cells would be other ids or numbers; write its rules into the schema"));
  }
  if (!differences.written.empty() && !typed) {
    LogWarning(name,
               " has other separators (the schema | that log): ", Join(differences.written, "; "),
               ": right if the inputs are written so");
  }
  return Status::Ok();
}

void TakeNormalisation(const LogSchema& model, const ColumnPlan& plan, LogSchema* schema) {
  for (const SidePlan* side : {&plan.contexts, &plan.exposures}) {
    for (const NumericPlan& numeric : side->numerics) {
      if (numeric.transform == ColumnNumeric::NONE) continue;
      NumericInfo& info = schema->numerics[numeric.schema_index];
      const auto found =
          std::find_if(model.numerics.begin(), model.numerics.end(),
                       [&](const NumericInfo& other) { return other.name == info.name; });
      if (found == model.numerics.end()) continue;
      info.mean = found->mean;
      info.stddev = found->stddev;
    }
  }
}

}  // namespace chorus::worker
