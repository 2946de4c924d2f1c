#include "launch/serving/feature.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/config.h"
#include "common/key.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/text_rules.h"
#include "worker/log/cell_rules.h"

namespace chorus::launch {
namespace {

using worker::Shown;

// A schema names a column of clicks; rows that are scored need none.
constexpr char kNoColumn[] = "(no clicks)";

// The rules for all cells; for a model that has none, every text is taken as it is.
Result<ImportSchema> GeneralRules(const ServedModel& model) {
  ImportSchema rules;
  if (model.schema.text.empty()) {
    rules.set_click(kNoColumn);
    rules.add_missing_marker("");
    rules.set_trim(false);
    rules.set_decimal_ids(ImportSchema::AS_TEXT);
    RETURN_IF_ERROR(CompleteConfig("rules of text", &rules));
    return rules;
  }
  return worker::TextRulesOf(model.schema);
}

// What each feature adds its own to.
ImportSchema WithoutFeatures(const ImportSchema& rules) {
  ImportSchema general = worker::RulesOfCells(rules);
  general.set_click(kNoColumn);
  return general;
}

template <typename Entries>
auto FindEntry(const Entries& entries, const std::string& name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const auto& entry) { return entry.name() == name; });
}

// The feature of a column whose name in the text is not known yet.
template <typename Info>
Feature OfColumn(const Info& info, uint32_t place) {
  Feature feature;
  feature.name = info.name;
  feature.column = info.name;
  feature.context = info.context;
  feature.place = place;
  return feature;
}

class FeatureMaker {
 public:
  FeatureMaker(const ServedModel& model, const ImportSchema& rules)
      : model_(model), rules_(rules), general_(WithoutFeatures(rules)) {}

  Status AddSide(bool context) {
    const worker::InputLayout& inputs = model_.model().inputs;
    const worker::SideInputs& side = context ? inputs.contexts : inputs.exposures;
    const auto& reads = context ? inputs.slot_reads.context : inputs.slot_reads.exposure;
    std::set<uint32_t> slots;
    for (const worker::SlotRead& read : reads) slots.insert(read.column);
    const std::set<uint32_t> numerics(side.numerics.begin(), side.numerics.end());
    uint32_t place = 0;
    for (const worker::SlotInfo& info : model_.schema.slots) {
      if (info.context != context) continue;
      if (slots.count(place) > 0) {
        const auto cross = FindEntry(rules_.cross(), info.name);
        if (cross == rules_.cross().end()) {
          RETURN_IF_ERROR(AddSlot(info, place));
        } else {
          crosses_.push_back({&*cross, {context, place, SpaceSeed(info.key_space), {}}});
        }
      }
      ++place;
    }
    place = 0;
    for (const worker::NumericInfo& info : model_.schema.numerics) {
      if (info.context != context) continue;
      if (numerics.count(place) > 0) RETURN_IF_ERROR(AddNumeric(info, place));
      ++place;
    }
    return Status::Ok();
  }

  // After both sides. Slots of crosses are columns too, whether or not a layer reads them itself.
  Result<Features> Take() {
    for (auto& [cross, feature] : crosses_) {
      for (const std::string& slot : cross->slot()) {
        ASSIGN_OR_RETURN(const size_t part, PartNamed(cross->name(), slot));
        feature.parts.push_back({part, features_[part].context, features_[part].slot().space_seed});
      }
    }
    Features out{.columns = std::move(features_)};
    for (auto& [cross, feature] : crosses_) out.crosses.push_back(std::move(feature));
    return out;
  }

 private:
  Result<size_t> PartNamed(const std::string& cross, const std::string& slot) {
    for (size_t f = 0; f < features_.size(); ++f) {
      if (!features_[f].is_numeric && features_[f].name == slot) return f;
    }
    const auto info = std::find_if(model_.schema.slots.begin(), model_.schema.slots.end(),
                                   [&](const worker::SlotInfo& s) { return s.name == slot; });
    if (info == model_.schema.slots.end()) {
      return DataLoss(
          StrCat("cross ", Shown(cross), ": the training log has no slot ", Shown(slot)));
    }
    RETURN_IF_ERROR(AddSlot(*info, Feature::kNoPlace));
    return features_.size() - 1;
  }

  Status AddSlot(const worker::SlotInfo& info, uint32_t place) {
    Feature feature = OfColumn(info, place);
    feature.multi_valued = info.multi_valued;
    feature.has_values = info.has_values;
    ImportSchema rules = general_;
    ColumnSlot& slot = *rules.add_slot();
    if (const auto entry = FindEntry(rules_.slot(), info.name); entry != rules_.slot().end()) {
      slot = *entry;
      feature.column = entry->column();
    }
    if (info.multi_valued && slot.separator().empty()) slot.set_separator(",");
    if (info.has_values && slot.value_separator().empty()) slot.set_value_separator(":");
    slot.clear_value_column();  // rows that are scored have values beside their ids
    slot.set_name(info.name);
    slot.set_key_space(info.key_space);
    slot.set_context(false);
    slot.set_column(feature.column);
    return Add(rules, std::move(feature));
  }

  Status AddNumeric(const worker::NumericInfo& info, uint32_t place) {
    Feature feature = OfColumn(info, place);
    feature.is_numeric = true;
    feature.info = info;
    feature.missing_is_known = false;
    ImportSchema rules = general_;
    ColumnNumeric& numeric = *rules.add_numeric();
    const auto entry = FindEntry(rules_.numeric(), info.name);
    if (entry != rules_.numeric().end()) {
      numeric = *entry;
      feature.column = entry->column();
      feature.missing_is_known = true;
    }
    numeric.set_transform(info.log_transform ? ColumnNumeric::LOG_STANDARD
                                             : ColumnNumeric::STANDARD);
    numeric.set_name(info.name);
    numeric.set_context(false);
    numeric.set_column(feature.column);
    return Add(rules, std::move(feature));
  }

  Status Add(ImportSchema rules, Feature feature) {
    RETURN_IF_ERROR(CompleteConfig(StrCat("feature ", feature.name), &rules));
    ASSIGN_OR_RETURN(feature.text, worker::PlanColumns(rules, {feature.column}, {.scoring = true}));
    features_.push_back(std::move(feature));
    return Status::Ok();
  }

  const ServedModel& model_;
  const ImportSchema& rules_;
  const ImportSchema general_;
  std::vector<Feature> features_;
  std::vector<std::pair<const ColumnCross*, CrossedFeature>> crosses_;
};

bool IsOf(const Feature& feature, FeatureSide side) {
  return side == FeatureSide::kAll || feature.context == (side == FeatureSide::kContexts);
}

// The columns by one kind of names, and the names that are not there.
std::vector<const InputColumn*> FindColumns(const std::vector<Feature>& features,
                                            const InputColumns& rows, FeatureSide side,
                                            std::string Feature::*name,
                                            std::vector<std::string>* missing) {
  std::vector<const InputColumn*> found(features.size(), nullptr);
  for (size_t f = 0; f < features.size(); ++f) {
    if (!IsOf(features[f], side)) continue;
    const std::string& wanted = features[f].*name;
    for (const InputColumn& column : rows.columns) {
      if (column.name == wanted) found[f] = &column;
    }
    if (found[f] == nullptr) missing->push_back(Shown(wanted));
  }
  return found;
}

Status CheckKind(const Feature& feature, const InputColumn& column) {
  const auto wrong = [&](const std::string& text) {
    return InvalidArgument(StrCat("column ", Shown(column.name), ": ", text));
  };
  if (feature.is_numeric) {
    if (column.lists != nullptr) return wrong("found lists, expected a number a row");
    if (column.factors != nullptr) return wrong("found factors, expected a number a row");
    return Status::Ok();
  }
  if (column.factors != nullptr && !feature.has_values) {
    return wrong("found factors of ids; the model has none for it");
  }
  return Status::Ok();
}

Status CheckNames(const InputColumns& rows) {
  std::set<std::string> names;
  for (const InputColumn& column : rows.columns) {
    if (names.insert(column.name).second) continue;
    return InvalidArgument(StrCat("there are two columns ", Shown(column.name)));
  }
  return Status::Ok();
}

}  // namespace

Result<Features> FeaturesOf(const ServedModel& model) {
  ASSIGN_OR_RETURN(const ImportSchema rules, GeneralRules(model));
  FeatureMaker maker(model, rules);
  RETURN_IF_ERROR(maker.AddSide(true));
  RETURN_IF_ERROR(maker.AddSide(false));
  return maker.Take();
}

Result<std::vector<const InputColumn*>> MatchColumns(const std::vector<Feature>& features,
                                                     const InputColumns& rows, FeatureSide side) {
  RETURN_IF_ERROR(CheckNames(rows));
  std::vector<std::string> missing, missing_names;
  std::vector<const InputColumn*> found =
      FindColumns(features, rows, side, &Feature::column, &missing);
  if (!missing.empty()) {
    found = FindColumns(features, rows, side, &Feature::name, &missing_names);
    if (!missing_names.empty()) {
      std::vector<std::string> there;
      for (const InputColumn& column : rows.columns) there.push_back(Shown(column.name));
      const bool by_name = missing_names.size() < missing.size();
      return NotFound(StrCat("there is no column ", Join(by_name ? missing_names : missing, ", "),
                             "; found: ", there.empty() ? "none" : Join(there, ", ")));
    }
  }
  for (size_t f = 0; f < features.size(); ++f) {
    if (found[f] != nullptr) RETURN_IF_ERROR(CheckKind(features[f], *found[f]));
  }
  return found;
}

}  // namespace chorus::launch
