#include "worker/log/manifest_schema.h"

namespace chorus::worker {
namespace {

// columns: a message with lists of slots and of numeric columns. described: one that may have text.
template <typename Columns, typename Described>
LogSchema SchemaFrom(const Columns& columns, const Described& described) {
  LogSchema schema;
  for (const CheckpointSlot& slot : columns.slot()) {
    schema.slots.push_back(
        {slot.name(), slot.key_space(), slot.context(), slot.multi_valued(), slot.has_values()});
  }
  for (const CheckpointNumeric& numeric : columns.numeric()) {
    schema.numerics.push_back({numeric.name(), numeric.context(), numeric.log_transform(),
                               numeric.mean(), numeric.stddev()});
  }
  if (described.has_text()) schema.text = described.text().SerializeAsString();
  return schema;
}

}  // namespace

void SchemaToManifest(const LogSchema& schema, CheckpointManifest* manifest) {
  for (const SlotInfo& slot : schema.slots) {
    CheckpointSlot* out = manifest->add_slot();
    out->set_name(slot.name);
    out->set_key_space(slot.key_space);
    out->set_context(slot.context);
    out->set_multi_valued(slot.multi_valued);
    out->set_has_values(slot.has_values);
  }
  for (const NumericInfo& numeric : schema.numerics) {
    CheckpointNumeric* out = manifest->add_numeric();
    out->set_name(numeric.name);
    out->set_context(numeric.context);
    out->set_log_transform(numeric.log_transform);
    out->set_mean(numeric.mean);
    out->set_stddev(numeric.stddev);
  }
  // A text that does not parse is not there: whoever needs it says so.
  if (!schema.text.empty() && !manifest->mutable_text()->ParseFromString(schema.text)) {
    manifest->clear_text();
  }
}

LogSchema SchemaOfManifest(const CheckpointManifest& manifest) {
  return SchemaFrom(manifest, manifest);
}

LogSchema SchemaOfManifest(const ExportManifest& manifest) {
  return SchemaFrom(manifest.source(), manifest);
}

}  // namespace chorus::worker
