#include "worker/import/text_rules.h"

#include <algorithm>

#include "common/config.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

// Adds the differences of features that both have.
template <typename Features>
void AddDiffering(const char* kind, const Features& features, const Features& others,
                  std::vector<std::string>* out) {
  for (const auto& feature : features) {
    const auto other = std::find_if(others.begin(), others.end(),
                                    [&](const auto& o) { return o.name() == feature.name(); });
    if (other == others.end()) continue;
    // Sides, key spaces and kinds are the columns' own: ColumnMap compares them.
    for (const std::string& line :
         DifferingFields(feature, *other, {"column", "value_column", "context", "key_space"})) {
      out->push_back(StrCat(kind, " ", feature.name(), ": ", line));
    }
  }
}

}  // namespace

ImportSchema RulesOfCells(const ImportSchema& schema) {
  ImportSchema rules;
  *rules.mutable_missing_marker() = schema.missing_marker();
  rules.set_trim(schema.trim());
  rules.set_decimal_ids(schema.decimal_ids());
  return rules;
}

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

std::vector<std::string> DifferingRules(const ImportSchema& schema, const ImportSchema& model) {
  std::vector<std::string> lines = DifferingFields(RulesOfCells(schema), RulesOfCells(model), {});
  AddDiffering("slot", schema.slot(), model.slot(), &lines);
  AddDiffering("cross", schema.cross(), model.cross(), &lines);
  AddDiffering("numeric", schema.numeric(), model.numeric(), &lines);
  return lines;
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
