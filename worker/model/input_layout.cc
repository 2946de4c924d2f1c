#include "worker/model/input_layout.h"

#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {

const SlotConfig* FindSlotConfig(const TrainConfig& config, const std::string& name) {
  for (const SlotConfig& slot : config.slot()) {
    if (slot.name() == name) return &slot;
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

Status CheckAgainstLog(const SlotConfig& config, const LogSchema& schema) {
  const std::string where = StrCat("slot \"", config.name(), "\": ");
  for (const SlotInfo& slot : schema.slots) {
    if (slot.name != config.name()) continue;
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
    if (numeric.name != config.name()) continue;
    if (config.numeric() || config.ignore()) return Status::Ok();
    return InvalidArgument(where +
                           "a numeric column in the log: write numeric: true or ignore: true");
  }
  return InvalidArgument(StrCat(where, "not in the log; ", ColumnsOf(schema)));
}

Result<uint32_t> TableOf(const SlotConfig* slot, const TrainConfig& config) {
  if (slot == nullptr || !slot->has_table()) return uint32_t{0};
  for (int table = 0; table < config.table_size(); ++table) {
    if (config.table(table).name() == slot->table()) return static_cast<uint32_t>(table);
  }
  return InvalidArgument(
      StrCat("slot \"", slot->name(), "\": table \"", slot->table(), "\" is not configured"));
}

void AppendSlot(SlotInput input, SideInputs* side) {
  input.first = side->slot_width;
  side->slot_width += input.width();
  if (input.is_sequence()) {
    side->sequences += 1;
  } else {
    side->pooled_width = side->slot_width;
  }
  side->slots.push_back(std::move(input));
}

}  // namespace

Result<InputLayout> InputLayout::Make(const TrainConfig& config, const LogSchema& schema) {
  if (config.table_size() == 0) return InvalidArgument("no table is configured");
  for (const SlotConfig& slot : config.slot()) RETURN_IF_ERROR(CheckAgainstLog(slot, schema));

  InputLayout layout;
  layout.tables = static_cast<uint32_t>(config.table_size());
  std::vector<std::pair<bool, SlotInput>> sequences;  // of contexts?
  for (const SlotInfo& info : schema.slots) {
    std::vector<int>& tables =
        info.context ? layout.slot_tables.context : layout.slot_tables.exposure;
    const SlotConfig* slot = FindSlotConfig(config, info.name);
    const auto column = static_cast<uint32_t>(tables.size());
    if (slot != nullptr && slot->ignore()) {
      tables.push_back(kNoTable);
      continue;
    }
    SlotInput input;
    input.name = info.name;
    input.column = column;
    ASSIGN_OR_RETURN(input.table, TableOf(slot, config));
    input.dim = config.table(static_cast<int>(input.table)).dim();
    if (slot != nullptr && slot->has_pooling()) input.pooling = slot->pooling();
    tables.push_back(static_cast<int>(input.table));
    if (input.pooling == SlotConfig::SEQUENCE) {
      input.max_length = slot->max_length();
      sequences.emplace_back(info.context, std::move(input));
    } else {
      AppendSlot(std::move(input), info.context ? &layout.contexts : &layout.exposures);
    }
  }
  for (auto& [context, input] : sequences) {
    AppendSlot(std::move(input), context ? &layout.contexts : &layout.exposures);
  }
  uint32_t columns[2] = {0, 0};
  for (const NumericInfo& info : schema.numerics) {
    const uint32_t column = columns[info.context ? 1 : 0]++;
    const SlotConfig* slot = FindSlotConfig(config, info.name);
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
