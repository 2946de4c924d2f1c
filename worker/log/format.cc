#include "worker/log/format.h"

#include <algorithm>
#include <set>

#include "common/check.h"
#include "common/strings.h"
#include "worker/log/log.pb.h"

namespace chorus::worker {
namespace {

void AppendSide(const LogSchema& schema, bool context, std::vector<Column>* columns) {
  uint32_t index = 0;
  for (const SlotInfo& slot : schema.slots) {
    if (slot.context != context) continue;
    columns->push_back(
        {ColumnKind::kOffsets, context, index, &slot, StrCat("slot ", slot.name, " offsets")});
    columns->push_back(
        {ColumnKind::kKeys, context, index, &slot, StrCat("slot ", slot.name, " keys")});
    if (slot.has_values) {
      columns->push_back(
          {ColumnKind::kValues, context, index, &slot, StrCat("slot ", slot.name, " values")});
    }
    ++index;
  }
  index = 0;
  for (const NumericInfo& numeric : schema.numerics) {
    if (numeric.context != context) continue;
    columns->push_back(
        {ColumnKind::kNumeric, context, index, nullptr, StrCat("numeric ", numeric.name)});
    ++index;
  }
}

}  // namespace

std::vector<Column> ColumnsOf(const LogSchema& schema) {
  std::vector<Column> columns;
  AppendSide(schema, true, &columns);
  AppendSide(schema, false, &columns);
  const auto add = [&](ColumnKind kind, const char* name) {
    columns.push_back({kind, false, 0, nullptr, name});
  };
  if (HasContextColumns(schema)) add(ColumnKind::kContextOf, "context_of");
  add(ColumnKind::kRowId, "row_id");
  add(ColumnKind::kClick, "click");
  add(ColumnKind::kConversion, "conversion");
  if (schema.has_weight) add(ColumnKind::kWeight, "weight");
  if (schema.has_group) add(ColumnKind::kGroup, "group");
  if (schema.has_time) add(ColumnKind::kTime, "time");
  if (schema.has_row_id_text) {
    add(ColumnKind::kRowIdEnds, "ends of row_id texts");
    add(ColumnKind::kRowIdText, "row_id texts");
  }
  return columns;
}

uint32_t CountSlots(const LogSchema& schema, bool context) {
  return static_cast<uint32_t>(
      std::count_if(schema.slots.begin(), schema.slots.end(),
                    [&](const SlotInfo& slot) { return slot.context == context; }));
}

uint32_t CountNumerics(const LogSchema& schema, bool context) {
  return static_cast<uint32_t>(
      std::count_if(schema.numerics.begin(), schema.numerics.end(),
                    [&](const NumericInfo& numeric) { return numeric.context == context; }));
}

bool HasContextColumns(const LogSchema& schema) {
  return CountSlots(schema, true) + CountNumerics(schema, true) > 0;
}

std::string EncodeSchema(const LogSchema& schema) {
  StoredSchema stored;
  for (const SlotInfo& slot : schema.slots) {
    StoredSlot* to = stored.add_slot();
    to->set_name(slot.name);
    to->set_key_space(slot.key_space);
    to->set_context(slot.context);
    to->set_multi_valued(slot.multi_valued);
    to->set_has_values(slot.has_values);
  }
  for (const NumericInfo& numeric : schema.numerics) {
    StoredNumeric* to = stored.add_numeric();
    to->set_name(numeric.name);
    to->set_context(numeric.context);
    to->set_log_transform(numeric.log_transform);
    to->set_mean(numeric.mean);
    to->set_stddev(numeric.stddev);
  }
  stored.set_has_weight(schema.has_weight);
  stored.set_has_group(schema.has_group);
  stored.set_has_time(schema.has_time);
  // Stored the other way round: the schemas of version 1, which lack these fields, have labels.
  stored.set_no_click(!schema.has_click);
  stored.set_no_conversion(!schema.has_conversion);
  stored.set_has_row_id_text(schema.has_row_id_text);
  if (!schema.text.empty()) {
    CHECK(stored.mutable_text()->ParseFromString(schema.text), "the text of a schema");
  }
  return stored.SerializeAsString();
}

Result<LogSchema> DecodeSchema(std::span<const std::byte> bytes) {
  StoredSchema stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss("the schema is no StoredSchema message");
  }
  LogSchema schema;
  std::set<std::string> names;
  for (const StoredSlot& slot : stored.slot()) {
    schema.slots.push_back(
        {slot.name(), slot.key_space(), slot.context(), slot.multi_valued(), slot.has_values()});
    names.insert(slot.name());
  }
  for (const StoredNumeric& numeric : stored.numeric()) {
    schema.numerics.push_back({numeric.name(), numeric.context(), numeric.log_transform(),
                               numeric.mean(), numeric.stddev()});
    names.insert(numeric.name());
  }
  // Columns are matched by name (column_map.h), slots and numerics alike.
  if (names.size() != schema.slots.size() + schema.numerics.size() || names.contains("")) {
    return DataLoss("the schema's names of slots and numerics are not unique or one is empty");
  }
  schema.has_weight = stored.has_weight();
  schema.has_group = stored.has_group();
  schema.has_time = stored.has_time();
  schema.has_click = !stored.no_click();
  schema.has_conversion = !stored.no_conversion();
  schema.has_row_id_text = stored.has_row_id_text();
  if (stored.has_text()) schema.text = stored.text().SerializeAsString();
  return schema;
}

}  // namespace chorus::worker
