#include "worker/model/input_layout.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/check.h"
#include "common/nearest_word.h"
#include "common/strings.h"
#include "worker/model/trainable.h"

namespace chorus::worker {
namespace {

constexpr const char* kAnyColumn = "*";

const std::string& ColumnOf(const SlotConfig& slot) {
  return slot.has_column() ? slot.column() : slot.name();
}

// What is configured for a numeric column.
const SlotConfig* FindNumericConfig(const TrainConfig& config, const std::string& name) {
  for (const SlotConfig& slot : config.slot()) {
    if (ColumnOf(slot) == name) return &slot;
  }
  return nullptr;
}

std::string ColumnsOf(const LogSchema& schema) {
  std::vector<std::string> slots, numerics;
  for (const SlotInfo& slot : schema.slots) slots.push_back(slot.name);
  for (const NumericInfo& numeric : schema.numerics) numerics.push_back(numeric.name);
  return StrCat("the log has slots [", Join(slots, ", "), "] and numeric columns [",
                Join(numerics, ", "), "]");
}

// What the log has in place of a column of this name.
std::string InsteadOf(const std::string& column, const LogSchema& schema) {
  std::vector<std::string> names;
  for (const SlotInfo& slot : schema.slots) names.push_back(slot.name);
  for (const NumericInfo& numeric : schema.numerics) names.push_back(numeric.name);
  const std::string meant = DidYouMean(column, names);
  return StrCat(meant, meant.empty() ? "; " : " ", ColumnsOf(schema));
}

Status CheckAgainstLog(const SlotConfig& config, const LogSchema& schema) {
  const std::string where = StrCat("slot \"", config.name(), "\": ");
  const std::string& column = ColumnOf(config);
  for (const SlotInfo& slot : schema.slots) {
    if (slot.name != column) continue;
    if (config.numeric()) return InvalidArgument(where + "numeric, but the log has ids under it");
    if (config.ignore()) return Status::Ok();
    if (config.pooling() == SlotConfig::SEQUENCE && !slot.multi_valued) {
      return InvalidArgument(where + "SEQUENCE needs several ids, and the log has one under it");
    }
    if (config.pooling() == SlotConfig::WEIGHTED_MEAN && !slot.has_values) {
      return InvalidArgument(where + "WEIGHTED_MEAN needs values, and the log has none under it");
    }
    return Status::Ok();
  }
  for (const NumericInfo& numeric : schema.numerics) {
    if (numeric.name != column) continue;
    if (config.numeric() || config.ignore()) return Status::Ok();
    if (column != config.name()) {
      return InvalidArgument(StrCat(where, "column \"", column,
                                    "\" is numeric in the log: read it under its own name"));
    }
    return InvalidArgument(where +
                           "a numeric column in the log: write numeric: true or ignore: true");
  }
  const std::string read = column == config.name() ? "" : StrCat("column \"", column, "\" is ");
  return InvalidArgument(StrCat(where, read, "not in the log", InsteadOf(column, schema)));
}

// The slots that read a column of ids.
std::vector<SlotConfig> SlotsOf(const std::string& column, const TrainConfig& config) {
  std::vector<SlotConfig> slots;
  for (const SlotConfig& slot : config.slot()) {
    if (ColumnOf(slot) == column) slots.push_back(slot);
  }
  if (!slots.empty()) return slots;
  for (SlotConfig slot : config.slot()) {
    if (ColumnOf(slot) != kAnyColumn) continue;
    std::string name = slot.name();
    for (size_t at = 0; (at = name.find('*', at)) != std::string::npos; at += column.size()) {
      name.replace(at, 1, column);
    }
    slot.set_name(name);
    slot.set_column(column);
    slots.push_back(std::move(slot));
  }
  if (slots.empty()) slots.emplace_back().set_name(column);
  return slots;
}

Result<uint32_t> TableOf(const SlotConfig& slot, const TrainConfig& config) {
  if (!slot.has_table()) return uint32_t{0};
  for (int table = 0; table < config.table_size(); ++table) {
    if (config.table(table).name() == slot.table()) return static_cast<uint32_t>(table);
  }
  return InvalidArgument(
      StrCat("slot \"", slot.name(), "\": table \"", slot.table(), "\" is not configured"));
}

Result<SlotInput> InputOf(const SlotConfig& slot, uint32_t column, const TrainConfig& config) {
  CHECK(slot.embedding() <= SlotConfig::SHARED, "slot ", slot.name(), " is not expanded");
  SlotInput input;
  input.name = slot.name();
  input.log_column = ColumnOf(slot);
  input.column = column;
  ASSIGN_OR_RETURN(input.table, TableOf(slot, config));
  const TableConfig& table = config.table(static_cast<int>(input.table));
  input.dim = table.dim();
  input.trained = IsTrainable(table);
  if (slot.has_pooling()) input.pooling = slot.pooling();
  if (input.pooling == SlotConfig::SEQUENCE) input.max_length = slot.max_length();
  return input;
}

std::string LabelOf(const OwnColumns& own) {
  const std::string label = StrCat("own-", Join(own.trained_by, "+"));
  return own.read_by.empty() ? label : StrCat(label, "-for-", Join(own.read_by, "+"));
}

OwnColumns OwnersOf(const SlotConfig& slot) {
  OwnColumns own;
  for (const std::string& tower : slot.tower()) {
    const auto& without = slot.no_gradient();
    const bool trains = std::find(without.begin(), without.end(), tower) == without.end();
    (trains ? own.trained_by : own.read_by).push_back(tower);
  }
  if (slot.tower_size() > 0) own.label = LabelOf(own);
  return own;
}

// A slot of a side before its place is known.
struct ReadSlot {
  SlotInput input;
  OwnColumns owners;
};

// Gives each slot its read: the first ones of all columns come first.
std::vector<SlotRead> NumberReads(std::vector<ReadSlot>* slots) {
  std::vector<SlotRead> reads;
  for (const ReadSlot& slot : *slots) {
    const uint32_t column = slot.input.column;
    if (reads.empty() || reads.back().column != column) reads.push_back({column, slot.input.table});
  }
  for (ReadSlot& slot : *slots) {
    const SlotRead read = {slot.input.column, slot.input.table};
    const auto found = std::find(reads.begin(), reads.end(), read);
    slot.input.read = static_cast<uint32_t>(found - reads.begin());
    if (found == reads.end()) reads.push_back(read);
  }
  return reads;
}

void AppendSlot(const SlotInput& slot, SideInputs* side) {
  side->slots.push_back(slot);
  side->slots.back().first = side->slot_width;
  side->slot_width += slot.width();
  if (slot.is_sequence()) side->sequences += 1;
}

// Puts the slots of a side in their order.
void Arrange(const std::vector<ReadSlot>& slots, const std::vector<OwnColumns>& owners,
             SideInputs* side) {
  for (const ReadSlot& slot : slots) {
    if (slot.owners.label.empty() && !slot.input.is_sequence()) AppendSlot(slot.input, side);
  }
  side->pooled_width = side->slot_width;
  for (OwnColumns own : owners) {
    own.first = side->slot_width;
    for (const ReadSlot& slot : slots) {
      if (slot.owners.label == own.label) AppendSlot(slot.input, side);
    }
    own.width = side->slot_width - own.first;
    if (own.width > 0) side->own.push_back(std::move(own));
  }
  for (const ReadSlot& slot : slots) {
    if (slot.input.is_sequence()) AppendSlot(slot.input, side);
  }
}

}  // namespace

bool OwnColumns::IsTrainedBy(const std::string& tower) const {
  return std::find(trained_by.begin(), trained_by.end(), tower) != trained_by.end();
}

bool OwnColumns::IsReadBy(const std::string& tower) const {
  return IsTrainedBy(tower) || std::find(read_by.begin(), read_by.end(), tower) != read_by.end();
}

InputLayout InputLayout::WithoutOwn() const {
  InputLayout shared = *this;
  for (SideInputs* side : {&shared.contexts, &shared.exposures}) {
    std::erase_if(side->slots, [&](const SlotInput& slot) { return side->IsOwn(slot); });
    side->own.clear();
  }
  return shared;
}

Result<InputLayout> InputLayout::Make(const TrainConfig& config, const LogSchema& schema) {
  if (config.table_size() == 0) return InvalidArgument("no table is configured");
  for (const SlotConfig& slot : config.slot()) {
    if (ColumnOf(slot) != kAnyColumn) RETURN_IF_ERROR(CheckAgainstLog(slot, schema));
  }
  InputLayout layout;
  layout.tables = static_cast<uint32_t>(config.table_size());
  std::vector<ReadSlot> contexts, exposures;
  std::vector<OwnColumns> owners;
  std::set<std::string> names;
  for (const NumericInfo& info : schema.numerics) names.insert(info.name);
  uint32_t id_columns[2] = {0, 0};
  for (const SlotInfo& info : schema.slots) {
    const uint32_t column = id_columns[info.context ? 1 : 0]++;
    for (const SlotConfig& slot : SlotsOf(info.name, config)) {
      RETURN_IF_ERROR(CheckAgainstLog(slot, schema));
      if (slot.ignore()) continue;
      if (!names.insert(slot.name()).second) {
        return InvalidArgument(StrCat("slot \"", slot.name(), "\": a column of the log has this ",
                                      "name too, or another slot: give it a name of its own"));
      }
      ReadSlot read = {{}, OwnersOf(slot)};
      ASSIGN_OR_RETURN(read.input, InputOf(slot, column, config));
      if (slot.tower_size() > 0 && read.owners.trained_by.empty()) read.input.trained = false;
      const bool known = std::any_of(owners.begin(), owners.end(), [&](const OwnColumns& own) {
        return own.label == read.owners.label;
      });
      if (!read.owners.label.empty() && !known) owners.push_back(read.owners);
      (info.context ? contexts : exposures).push_back(std::move(read));
    }
  }
  layout.slot_reads = {NumberReads(&contexts), NumberReads(&exposures)};
  Arrange(contexts, owners, &layout.contexts);
  Arrange(exposures, owners, &layout.exposures);
  uint32_t columns[2] = {0, 0};
  for (const NumericInfo& info : schema.numerics) {
    const uint32_t column = columns[info.context ? 1 : 0]++;
    const SlotConfig* slot = FindNumericConfig(config, info.name);
    if (slot != nullptr && slot->ignore()) continue;
    SideInputs& side = info.context ? layout.contexts : layout.exposures;
    side.numerics.push_back(column);
    side.numeric_names.push_back(info.name);
  }
  if (layout.contexts.width() + layout.exposures.width() == 0) {
    return InvalidArgument(StrCat("no column of the log is an input; ", ColumnsOf(schema)));
  }
  return layout;
}

}  // namespace chorus::worker
