#include "worker/train/warm_fit.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "common/strings.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

// A name for each row of a first layer's matrix: the column that feeds it and the place in its
// embedding.
using RowNames = std::vector<std::string>;

// Of each label of inputs (Port::label) that the columns of a side have.
using NamesByLabel = std::map<std::string, RowNames, std::less<>>;

void AddRowsOfSlots(const SideInputs& side, int64_t first, int64_t end, RowNames* names) {
  for (const SlotInput& slot : side.slots) {
    if (slot.first < first || slot.first >= end) continue;
    for (uint32_t i = 0; i < slot.dim; ++i) names->push_back(StrCat("slot ", slot.name, " ", i));
  }
}

void AddNamesOfRows(const SideInputs& side, const LogSchema& schema, bool context,
                    NamesByLabel* out) {
  const std::string label = context ? "context" : "exposure";
  RowNames& pooled = (*out)[label];
  AddRowsOfSlots(side, 0, side.pooled_width, &pooled);
  for (const OwnColumns& own : side.own) {
    AddRowsOfSlots(side, own.first, own.first + own.width, &(*out)[StrCat(own.label, "-", label)]);
  }
  std::vector<std::string> numerics;  // of the side, read or not
  for (const NumericInfo& info : schema.numerics) {
    if (info.context == context) numerics.push_back("numeric " + info.name);
  }
  // Numeric columns are an input of their own where other slots stand between.
  RowNames& behind = side.pooled_width == side.slot_width ? pooled : (*out)[label + "-numerics"];
  for (const uint32_t column : side.numerics) behind.push_back(numerics[column]);
}

NamesByLabel NamesOfRows(const InputLayout& inputs, const LogSchema& schema) {
  NamesByLabel out;
  AddNamesOfRows(inputs.contexts, schema, true, &out);
  AddNamesOfRows(inputs.exposures, schema, false, &out);
  return out;
}

// [rows here]: that row's number there, -1 if it is new.
std::vector<int64_t> MatchRows(const RowNames& there, const RowNames& here) {
  std::map<std::string_view, int64_t> places;
  for (size_t i = 0; i < there.size(); ++i) places[there[i]] = static_cast<int64_t>(i);
  std::vector<int64_t> rows;
  for (const std::string& name : here) {
    const auto place = places.find(name);
    rows.push_back(place == places.end() ? -1 : place->second);
  }
  return rows;
}

bool IsIdentity(const std::vector<int64_t>& rows, size_t size_there) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != static_cast<int64_t>(i)) return false;
  }
  return rows.size() == size_there;
}

// The rows of the inputs of one label.
struct LabelRows {
  size_t there = 0;
  std::vector<int64_t> rows;
};
using RowsByLabel = std::map<std::string, LabelRows, std::less<>>;

class Fitter {
 public:
  Fitter(RowsByLabel inputs, DenseState here) : inputs_(std::move(inputs)) {
    fit_.state = std::move(here);
  }

  WarmFit TakeFrom(const DenseState& there) {
    fit_.state.updates = there.updates;
    std::map<std::string_view, const NamedArray*> arrays;
    for (const NamedArray& array : there.arrays) arrays[array.name] = &array;
    for (NamedArray& array : fit_.state.arrays) {
      const auto found = arrays.find(array.name);
      if (found == arrays.end()) {
        fit_.begin_new.push_back(array.name);
        continue;
      }
      TakeArray(*found->second, &array);
      arrays.erase(found);
    }
    for (const auto& [name, array] : arrays) fit_.left.emplace_back(name);
    return std::move(fit_);
  }

 private:
  // Null for arrays whose rows are not inputs.
  const LabelRows* RowsOf(std::string_view name) const {
    std::string_view label = name.substr(name.rfind('.') + 1);
    if (label.starts_with("wide-")) label.remove_prefix(5);
    const auto found = inputs_.find(label);
    return found == inputs_.end() ? nullptr : &found->second;
  }

  void TakeArray(const NamedArray& from, NamedArray* into) {
    const LabelRows* const side = RowsOf(into->name);
    const bool same_rows = side == nullptr || IsIdentity(side->rows, side->there);
    if (from.cols == into->cols && from.rows == into->rows && same_rows) {
      into->values = from.values;
      fit_.taken.push_back(into->name);
    } else if (from.cols == into->cols && side != nullptr && from.rows == side->there) {
      for (size_t i = 0; i < side->rows.size(); ++i) {
        if (side->rows[i] < 0) continue;
        const auto row = from.values.begin() + side->rows[i] * static_cast<int64_t>(from.cols);
        std::copy_n(row, from.cols, into->values.begin() + static_cast<int64_t>(i * into->cols));
      }
      const bool all = std::find(side->rows.begin(), side->rows.end(), -1) == side->rows.end();
      (all ? fit_.taken : fit_.partly).push_back(into->name);
    } else {
      fit_.begin_new.push_back(StrCat(into->name, " (", from.rows, " x ", from.cols, " there, ",
                                      into->rows, " x ", into->cols, " here)"));
    }
  }

  const RowsByLabel inputs_;
  WarmFit fit_;
};

RowsByLabel MatchInputs(const NamesByLabel& there, const NamesByLabel& here) {
  RowsByLabel out;
  for (const auto& [label, names] : here) {
    const auto found = there.find(label);
    const RowNames old_names = found == there.end() ? RowNames{} : found->second;
    out[label] = {old_names.size(), MatchRows(old_names, names)};
  }
  return out;
}

// What is in one list and not in the other, by name.
void ListDifference(const std::string& kind, const std::set<std::string>& there,
                    const std::set<std::string>& here, WarmFit* fit) {
  for (const std::string& name : here) {
    if (!there.contains(name)) fit->begin_new.push_back(StrCat(kind, " ", name));
  }
  for (const std::string& name : there) {
    if (!here.contains(name)) fit->left.push_back(StrCat(kind, " ", name));
  }
}

// An embedding is found by table and key: a slot of another key space, and a table of another
// dimension, begin anew.
std::set<std::string> SlotsOf(const InputLayout& inputs, const LogSchema& schema,
                              const TrainConfig& config) {
  std::set<std::string> names;
  for (const bool context : {true, false}) {
    std::vector<const SlotInfo*> columns;  // of the side
    for (const SlotInfo& info : schema.slots) {
      if (info.context == context) columns.push_back(&info);
    }
    for (const SlotInput& slot : (context ? inputs.contexts : inputs.exposures).slots) {
      names.insert(StrCat(slot.name, " (table ", config.table(static_cast<int>(slot.table)).name(),
                          ", key space ", columns[slot.column]->key_space, ")"));
    }
  }
  return names;
}
std::set<std::string> NumericsOf(const LogSchema& schema) {
  std::set<std::string> names;
  for (const NumericInfo& numeric : schema.numerics) names.insert(numeric.name);
  return names;
}
// Instances, one for each embedding group: "default", "default@ctr".
template <typename Names>
std::set<std::string> TablesOf(const Names& instances, const TrainConfig& config) {
  std::set<std::string> names;
  for (const std::string& instance : instances) {
    for (const TableConfig& table : config.table()) {
      if (table.name() != instance.substr(0, instance.find('@'))) continue;
      names.insert(StrCat(instance, " (dimension ", table.dim(), ")"));
    }
  }
  return names;
}

}  // namespace

Result<WarmFit> FitState(const DenseState& there, const CheckpointManifest& manifest,
                         const TrainConfig& config, const std::vector<std::string>& tables,
                         const LogSchema& schema, const InputLayout& inputs, DenseState here) {
  const LogSchema schema_there = SchemaOfManifest(manifest);
  ASSIGN_OR_RETURN(const InputLayout inputs_there,
                   InputLayout::Make(manifest.config(), schema_there));
  Fitter fitter(MatchInputs(NamesOfRows(inputs_there, schema_there), NamesOfRows(inputs, schema)),
                std::move(here));
  WarmFit fit = fitter.TakeFrom(there);
  ListDifference("table", TablesOf(manifest.table(), manifest.config()), TablesOf(tables, config),
                 &fit);
  ListDifference("slot", SlotsOf(inputs_there, schema_there, manifest.config()),
                 SlotsOf(inputs, schema, config), &fit);
  ListDifference("numeric column", NumericsOf(schema_there), NumericsOf(schema), &fit);
  return fit;
}

}  // namespace chorus::worker
