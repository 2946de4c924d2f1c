#include "worker/log/cell_rules.h"

#include <algorithm>
#include <utility>

#include "common/config.h"
#include "common/config.pb.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

using Lines = std::vector<std::string>;

// RulesOfCells, with markers in one order.
ImportSchema CommonRules(const ImportSchema& schema) {
  ImportSchema out = RulesOfCells(schema);
  std::sort(out.mutable_missing_marker()->begin(), out.mutable_missing_marker()->end());
  return out;
}

// Calls visit(name, a's feature, b's feature) for those that both have.
template <typename Features, typename Visit>
void ForSameNames(const Features& a, const Features& b, const Visit& visit) {
  for (const auto& feature : a) {
    const auto other = std::find_if(
        b.begin(), b.end(), [&](const auto& found) { return found.name() == feature.name(); });
    if (other != b.end()) visit(feature.name(), feature, *other);
  }
}

void AddLines(const std::string& feature, const Lines& lines, Lines* out) {
  for (const std::string& line : lines) out->push_back(StrCat(feature, ": ", line));
}

void CompareSlots(const ColumnSlot& a, const ColumnSlot& b, RuleDifferences* out) {
  const std::string slot = StrCat("slot ", a.name());
  Lines ignored = {"column",    "value_column",    "context",  "key_space",
                   "separator", "value_separator", "min_count"};
  if (a.max_ids() == 0 || b.max_ids() == 0) ignored.push_back("keep");
  AddLines(slot, DifferingFields(a, b, ignored), &out->made);
  // Where one of them has none, the slots are of two kinds.
  ColumnSlot ours, theirs;
  if (!a.separator().empty() && !b.separator().empty()) {
    ours.set_separator(a.separator());
    theirs.set_separator(b.separator());
  }
  if (!a.value_separator().empty() && !b.value_separator().empty()) {
    ours.set_value_separator(a.value_separator());
    theirs.set_value_separator(b.value_separator());
  }
  AddLines(slot, DifferingFields(ours, theirs, {}), &out->written);
}

Result<ImportSchema> Parsed(const LogSchema& schema) {
  ImportSchema text;
  if (!text.ParseFromString(schema.text)) return DataLoss("the rules of its text do not parse");
  return text;
}

}  // namespace

ImportSchema RulesOfCells(const ImportSchema& schema) {
  ImportSchema rules;
  *rules.mutable_missing_marker() = schema.missing_marker();
  rules.set_trim(schema.trim());
  rules.set_decimal_ids(schema.decimal_ids());
  return rules;
}

RuleDifferences DifferingRules(const ImportSchema& a, const ImportSchema& b) {
  ImportSchema ours = a, theirs = b;
  // An earlier program did not write what later ones know. Whether the schema could import
  // anything, which is checked too, does not count here.
  for (ImportSchema* const schema : {&ours, &theirs}) {
    static_cast<void>(CompleteConfig("a log's schema", schema).ok());
  }
  RuleDifferences out;
  out.made = DifferingFields(CommonRules(ours), CommonRules(theirs), {});
  ForSameNames(ours.slot(), theirs.slot(),
               [&](const std::string&, const ColumnSlot& slot, const ColumnSlot& other) {
                 CompareSlots(slot, other, &out);
               });
  ForSameNames(ours.cross(), theirs.cross(),
               [&](const std::string& name, const ColumnCross& cross, const ColumnCross& other) {
                 AddLines(StrCat("cross ", name), DifferingFields(cross, other, {"min_count"}),
                          &out.made);
               });
  ForSameNames(
      ours.numeric(), theirs.numeric(),
      [&](const std::string& name, const ColumnNumeric& numeric, const ColumnNumeric& other) {
        AddLines(StrCat("numeric ", name),
                 DifferingFields(numeric, other, {"column", "context", "transform"}), &out.made);
      });
  return out;
}

Result<RuleDifferences> DifferingRules(const LogSchema& a, const LogSchema& b) {
  if (a.text.empty() || b.text.empty() || a.text == b.text) return RuleDifferences();
  ASSIGN_OR_RETURN(const ImportSchema ours, Parsed(a));
  ASSIGN_OR_RETURN(const ImportSchema theirs, Parsed(b));
  return DifferingRules(ours, theirs);
}

std::vector<std::string> DoubtsOf(const OtherRules& other, const std::string& whose) {
  const std::string name = other.more_files == 0
                               ? other.file
                               : StrCat(other.file, " and ", other.more_files,
                                        other.more_files == 1 ? " more file" : " more files");
  Lines out;
  if (!other.differences.made.empty()) {
    out.push_back(StrCat(name, ": imported by other rules than ", whose, " (this log | ", whose,
                         "): ", Join(other.differences.made, "; "),
                         ": the same cells are other ids or numbers; import it again by the schema "
                         "of the training log, with --like that log"));
  }
  if (!other.differences.written.empty()) {
    out.push_back(StrCat(name, ": imported with other separators than ", whose, " (this log | ",
                         whose, "): ", Join(other.differences.written, "; "),
                         ": right if its text was written so; else import it again by the schema "
                         "of the training log, with --like that log"));
  }
  return out;
}

}  // namespace chorus::worker
