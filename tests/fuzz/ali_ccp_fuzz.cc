// Any bytes as Ali-CCP's pair of files: the bytes before the first NUL byte are the skeleton, the
// rest the common features. Nothing may crash, and what is kept must keep the promises of batch.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/file.h"
#include "tests/fuzz/table_reading.h"
#include "worker/import/text_format.h"

namespace chorus::worker {
namespace {

ImportSchema EveryKindOfField() {
  ImportSchema schema;
  schema.set_delimiter(",");
  schema.set_format(ImportSchema::ALI_CCP);
  schema.set_click("click");
  schema.set_conversion("conversion");
  schema.set_row_id("sample_id");
  for (const char* field : {"1", "2", "3", "4"}) {
    ColumnSlot& slot = *schema.add_slot();
    slot.set_column(field);
    slot.set_context(field[0] < '3');
    if (field[0] % 2 == 0) slot.set_separator("\x01");
    if (field[0] % 2 == 0) slot.set_value_separator("\x03");
    slot.set_value_l2(field[0] == '4');
  }
  return schema;
}

void ReadPair(const std::string& skeleton, const std::string& common) {
  const auto files = NewMemoryFiles();
  std::vector<TextInput> inputs = {testing::InputOf(skeleton), testing::InputOf(common)};
  const ImportSchema schema = EveryKindOfField();
  const auto text = PrepareText(*files, schema, std::move(inputs),
                                {.memory_bytes = 4096, .spill_path = "spill", .max_bad_rows = 100});
  if (!text.ok()) return;
  const auto table = TextTable::Open(text->inputs, text->format);
  if (!table.ok()) return;
  const auto plan = PlanColumns(schema, (*table)->columns(), {});
  CHECK(plan.ok(), plan.status().ToString());
  testing::ReadRows(**table, *plan);
}

}  // namespace
}  // namespace chorus::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(bytes.find('\0'), size);
  chorus::worker::ReadPair(bytes.substr(0, cut), bytes.substr(std::min(cut + 1, size)));
  return 0;
}
