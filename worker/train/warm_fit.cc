#include "worker/train/warm_fit.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "common/strings.h"
#include "worker/log/manifest_schema.h"

namespace chorus::worker {
namespace {

// A name for each row of a first layer's matrix: the column that feeds it, with its kind, and the
// place in its embedding.
using RowNames = std::vector<std::string>;

// Of each label of inputs (Port::label) that the columns of a side have.
using NamesByLabel = std::map<std::string, RowNames, std::less<>>;

std::string KindOfSlot(const SlotInfo& slot) {
  return StrCat(slot.multi_valued ? "multi-valued " : "one-hot ",
                slot.has_values ? "with values" : "without values");
}

// The columns of a side's slots: SlotInput::column counts them.
std::vector<const SlotInfo*> SideColumns(const LogSchema& schema, bool context) {
  std::vector<const SlotInfo*> columns;
  for (const SlotInfo& info : schema.slots) {
    if (info.context == context) columns.push_back(&info);
  }
  return columns;
}

void AddRowsOfSlots(const SideInputs& side, const std::vector<const SlotInfo*>& columns,
                    int64_t first, int64_t end, RowNames* names) {
  for (const SlotInput& slot : side.slots) {
    if (slot.first < first || slot.first >= end) continue;
    const SlotInfo& info = *columns[slot.column];
    const std::string kind = StrCat(KindOfSlot(info), ", key space ", info.key_space);
    for (uint32_t i = 0; i < slot.dim; ++i) {
      names->push_back(StrCat("slot ", slot.name, " (", kind, ") ", i));
    }
  }
}

void AddNamesOfRows(const SideInputs& side, const LogSchema& schema, bool context,
                    NamesByLabel* out) {
  const std::string label = context ? "context" : "exposure";
  const std::vector<const SlotInfo*> columns = SideColumns(schema, context);
  RowNames& pooled = (*out)[label];
  AddRowsOfSlots(side, columns, 0, side.pooled_width, &pooled);
  for (const OwnColumns& own : side.own) {
    AddRowsOfSlots(side, columns, own.first, own.first + own.width,
                   &(*out)[StrCat(own.label, "-", label)]);
  }
  std::vector<std::string> numerics;  // of the side, read or not
  for (const NumericInfo& info : schema.numerics) {
    if (info.context == context) numerics.push_back("numeric " + info.name);
  }
  // Numeric columns are an input of their own where other slots are between, and behind a gate.
  const bool beside = side.pooled_width == side.slot_width;
  RowNames& alone = (*out)[label + "-numerics"];
  for (const uint32_t column : side.numerics) {
    alone.push_back(numerics[column]);
    if (beside) pooled.push_back(numerics[column]);
  }
}

struct InputNames {
  NamesByLabel rows;
  RowNames contexts, exposures;  // of the pooled slots that encoders see, in order
};

InputNames NamesOf(const InputLayout& inputs, const LogSchema& schema) {
  InputNames out;
  AddNamesOfRows(inputs.contexts, schema, true, &out.rows);
  AddNamesOfRows(inputs.exposures, schema, false, &out.rows);
  AddRowsOfSlots(inputs.contexts, SideColumns(schema, true), 0, inputs.contexts.pooled_width,
                 &out.contexts);
  AddRowsOfSlots(inputs.exposures, SideColumns(schema, false), 0, inputs.exposures.pooled_width,
                 &out.exposures);
  return out;
}

// A model, as far as the names of its arrays follow from it.
struct NamedModel {
  InputNames inputs;
  const ModelConfig& config;
};

// The one encoder that a tower reads beside its own slots; "" where it reads others.
std::string EncoderReadBy(std::string_view tower, const ModelConfig& model) {
  const TowerConfig* config = nullptr;
  for (const TowerConfig& candidate : model.tower()) {
    if (candidate.head() == tower) config = &candidate;
    if (config == nullptr && !candidate.has_head()) config = &candidate;
  }
  std::vector<std::string> read;
  for (int i = 0; config != nullptr && i < config->input_size(); ++i) {
    if (config->input(i) != "own") read.push_back(config->input(i));
  }
  if (read.size() == 1) return read[0];
  if (!read.empty()) return "";
  const int encoders = model.encoder_size();
  return encoders > 0 ? model.encoder(encoders - 1).name() : "shared_bottom";
}

bool IsOrEndsWith(std::string_view label, std::string_view end) {
  return label == end || label.ends_with(StrCat("-", end));
}

class Fitter {
 public:
  Fitter(NamedModel there, NamedModel here, DenseState state)
      : there_(std::move(there)), here_(std::move(here)) {
    fit_.state = std::move(state);
  }

  WarmFit TakeFrom(const DenseState& there) {
    fit_.state.updates = there.updates;
    for (const NamedArray& array : there.arrays) arrays_[array.name] = &array;
    for (NamedArray& array : fit_.state.arrays) {
      const RowNames* const rows = RowsOf(array.name);
      if (rows != nullptr && rows->size() == array.rows) {
        TakeRows(*rows, &array);
      } else {
        TakeArray(&array);
      }
    }
    for (const auto& [name, array] : arrays_) {
      if (!used_.contains(name)) fit_.left.push_back(name);
    }
    return std::move(fit_);
  }

 private:
  // Where the label of inputs begins in an array's name.
  size_t LabelAt(std::string_view name) const {
    size_t at = name.rfind('.') + 1;
    if (name.substr(at).starts_with("wide-")) at += 5;
    if (here_.inputs.rows.contains(name.substr(at))) return at;
    // Behind an encoder that lets numeric columns pass.
    for (const std::string_view numerics : {"context-numerics", "exposure-numerics"}) {
      if (IsOrEndsWith(name.substr(at), numerics)) return name.size() - numerics.size();
    }
    return at;
  }

  // Null for arrays whose rows are not inputs.
  const RowNames* RowsOf(std::string_view name) const {
    const auto found = here_.inputs.rows.find(name.substr(LabelAt(name)));
    return found == here_.inputs.rows.end() ? nullptr : &found->second;
  }

  const NamedArray* Find(const std::string& name) const {
    const auto found = arrays_.find(name);
    return found == arrays_.end() ? nullptr : found->second;
  }

  struct Row {
    const NamedArray* array = nullptr;
    size_t row = 0;
  };

  // The rows of a layer by the names of its inputs, whichever of its arrays they are in.
  std::map<std::string_view, Row> RowsThere(const std::string& layer, uint64_t cols) const {
    std::map<std::string_view, Row> out;
    for (const auto& [label, names] : there_.inputs.rows) {
      const NamedArray* const array = Find(layer + label);
      if (array == nullptr || array->cols != cols || array->rows != names.size()) continue;
      for (size_t row = 0; row < names.size(); ++row) out[names[row]] = {array, row};
    }
    return out;
  }

  void TakeRows(const RowNames& names, NamedArray* into) {
    const auto rows = RowsThere(into->name.substr(0, LabelAt(into->name)), into->cols);
    size_t taken = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      const auto found = rows.find(names[i]);
      if (found == rows.end()) continue;
      const Row& from = found->second;
      const auto values = from.array->values.begin() + static_cast<int64_t>(from.row * into->cols);
      std::copy_n(values, into->cols, into->values.begin() + static_cast<int64_t>(i * into->cols));
      used_.insert(from.array->name);
      ++taken;
    }
    if (taken == names.size()) {
      fit_.taken.push_back(into->name);
    } else if (taken > 0) {
      fit_.partly.push_back(into->name);
    } else {
      BeginNew(*into, Find(into->name), "the checkpoint's inputs are others");
    }
  }

  void TakeArray(NamedArray* into) {
    const NamedArray* from = Find(into->name);
    if (from == nullptr) from = Find(NameThere(into->name));
    const bool fits = from != nullptr && from->rows == into->rows && from->cols == into->cols;
    if (!fits || !HasItsSlots(into->name)) {
      BeginNew(*into, from, "the checkpoint's slots are others, or in another order");
      return;
    }
    into->values = from->values;
    used_.insert(from->name);
    fit_.taken.push_back(into->name);
  }

  // A tower's first layer calls what it reads of an encoder "weight", if it reads nothing else, and
  // by the encoder's name beside own slots: "weight/tower.ctr.0.weight".
  std::string NameThere(const std::string& name) const {
    const size_t tower = name.find("tower.") + 6, dot = name.find('.', tower);
    if (name.find("tower.") == std::string::npos || dot == std::string::npos) return "";
    if (name.compare(dot, 3, ".0.") != 0) return "";
    const std::string of_tower = name.substr(tower, dot - tower), label = name.substr(dot + 3);
    const std::string layer = name.substr(0, dot + 3);
    if (label == "weight") return layer + EncoderReadBy(of_tower, here_.config);
    return label == EncoderReadBy(of_tower, there_.config) ? layer + "weight" : "";
  }

  // False for an array with a row or column for each slot, or each pair of slots, if these are not
  // the same here and there.
  bool HasItsSlots(std::string_view name) const {
    const std::string_view label = name.substr(name.rfind('.') + 1);
    const bool gate = name.ends_with(".excite.weight") || name.ends_with(".excite.bias");
    const bool both = gate || IsOrEndsWith(label, "both");
    const bool contexts = both || IsOrEndsWith(label, "contexts");
    const bool exposures = both || IsOrEndsWith(label, "exposures");
    return (!contexts || there_.inputs.contexts == here_.inputs.contexts) &&
           (!exposures || there_.inputs.exposures == here_.inputs.exposures);
  }

  // from: what has the array's place in the checkpoint, or null.
  void BeginNew(const NamedArray& array, const NamedArray* from, const std::string& why) {
    if (from == nullptr) {
      fit_.begin_new.push_back(array.name);
      return;
    }
    used_.insert(from->name);
    const bool same = from->rows == array.rows && from->cols == array.cols;
    fit_.begin_new.push_back(same ? StrCat(array.name, " (", why, ")")
                                  : StrCat(array.name, " (", from->rows, " x ", from->cols,
                                           " there, ", array.rows, " x ", array.cols, " here)"));
  }

  const NamedModel there_, here_;
  std::map<std::string, const NamedArray*, std::less<>> arrays_;  // there
  std::set<std::string, std::less<>> used_;                       // of them
  WarmFit fit_;
};

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
    const std::vector<const SlotInfo*> columns = SideColumns(schema, context);
    for (const SlotInput& slot : (context ? inputs.contexts : inputs.exposures).slots) {
      names.insert(StrCat(slot.name, " (table ", config.table(static_cast<int>(slot.table)).name(),
                          ", key space ", columns[slot.column]->key_space, ")"));
    }
  }
  return names;
}
// The columns of the slots that a model reads, by the slots' names.
std::map<std::string, const SlotInfo*> SlotColumnsOf(const InputLayout& inputs,
                                                     const LogSchema& schema) {
  std::map<std::string, const SlotInfo*> out;
  for (const bool context : {true, false}) {
    const std::vector<const SlotInfo*> columns = SideColumns(schema, context);
    for (const SlotInput& slot : (context ? inputs.contexts : inputs.exposures).slots) {
      out[slot.name] = columns[slot.column];
    }
  }
  return out;
}

void AddMoved(const std::string& column, bool context_there, bool context_here, WarmFit* fit) {
  if (context_there == context_here) return;
  const auto side = [](bool context) { return context ? "contexts" : "exposures"; };
  fit->moved.push_back(
      StrCat(column, " (of ", side(context_there), " there, of ", side(context_here), " here)"));
}

// Slots that both models read and that are of two kinds, and columns that changed their side. Those
// of another key space are listed as slots that the other one has not.
void ListChanged(const std::map<std::string, const SlotInfo*>& there,
                 const std::map<std::string, const SlotInfo*>& here, WarmFit* fit) {
  for (const auto& [name, info] : here) {
    const auto old = there.find(name);
    if (old == there.end() || old->second->key_space != info->key_space) continue;
    if (KindOfSlot(*old->second) == KindOfSlot(*info)) {
      AddMoved(StrCat("slot ", name), old->second->context, info->context, fit);
      continue;
    }
    fit->begin_new.push_back(StrCat("what layers know of slot ", name, " (",
                                    KindOfSlot(*old->second), " there, ", KindOfSlot(*info),
                                    " here; ids of both keep their embeddings)"));
  }
}
void ListChanged(const std::vector<NumericInfo>& there, const std::vector<NumericInfo>& here,
                 WarmFit* fit) {
  for (const NumericInfo& info : here) {
    for (const NumericInfo& old : there) {
      if (old.name != info.name) continue;
      AddMoved(StrCat("numeric column ", info.name), old.context, info.context, fit);
    }
  }
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
  Fitter fitter({NamesOf(inputs_there, schema_there), manifest.config().model()},
                {NamesOf(inputs, schema), config.model()}, std::move(here));
  WarmFit fit = fitter.TakeFrom(there);
  ListDifference("table", TablesOf(manifest.table(), manifest.config()), TablesOf(tables, config),
                 &fit);
  ListDifference("slot", SlotsOf(inputs_there, schema_there, manifest.config()),
                 SlotsOf(inputs, schema, config), &fit);
  ListDifference("numeric column", NumericsOf(schema_there), NumericsOf(schema), &fit);
  ListChanged(SlotColumnsOf(inputs_there, schema_there), SlotColumnsOf(inputs, schema), &fit);
  ListChanged(schema_there.numerics, schema.numerics, &fit);
  return fit;
}

}  // namespace chorus::worker
