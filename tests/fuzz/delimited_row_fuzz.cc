// Any bytes as delimited text: first byte picks the delimiter, then a table with every kind of
// column is read and built into blocks. Nothing may crash, and what is kept must keep the promises
// of batch.h.
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/table_reading.h"

namespace chorus::worker {
namespace {

ImportSchema EveryKindOfColumn() {
  ImportSchema schema;
  schema.set_click("0");
  schema.set_conversion("1");
  schema.set_weight("2");
  schema.set_time("3");
  ColumnSlot& context = *schema.add_slot();
  context.set_column("4");
  context.set_context(true);
  context.set_separator("|");
  context.set_value_separator(":");
  schema.add_slot()->set_column("5");
  ColumnNumeric& numeric = *schema.add_numeric();
  numeric.set_column("6");
  numeric.set_transform(ColumnNumeric::LOG_STANDARD);
  return schema;
}

void ReadTable(const std::string& text, char delimiter) {
  const auto table =
      TextTable::Open({testing::InputOf(text)}, {.delimiter = delimiter, .header = false});
  if (!table.ok()) return;
  const auto plan = PlanColumns(EveryKindOfColumn(), (*table)->columns(), {});
  if (!plan.ok()) return;
  testing::ReadRows(**table, *plan);
}

}  // namespace
}  // namespace chorus::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const char delimiter = data[0] % 2 == 0 ? ',' : '\t';
  chorus::worker::ReadTable(std::string(reinterpret_cast<const char*>(data) + 1, size - 1),
                            delimiter);
  return 0;
}
