// Any bytes as Ali-CCP's pair of files: what stands before the first NUL byte is the skeleton, the
// rest the common features. Nothing may crash, and what is kept must keep the promises of batch.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/check.h"
#include "common/file.h"
#include "worker/import/block_builder.h"
#include "worker/import/row_parser.h"
#include "worker/import/text_format.h"
#include "worker/import/text_table.h"

namespace chorus::worker {
namespace {

class PairSource : public ByteSource {
 public:
  explicit PairSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> Read(std::span<char> out) override {
    const size_t n = std::min(out.size(), bytes_.size() - offset_);
    std::copy_n(bytes_.data() + offset_, n, out.data());
    offset_ += n;
    return n;
  }

 private:
  std::string bytes_;
  size_t offset_ = 0;
};

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

void CheckSideOfPair(const FeatureColumns& side) {
  for (const SlotColumn& slot : side.slots) {
    CHECK(slot.offsets.size() == side.rows + 1u && slot.offsets.back() == slot.keys.size());
    CHECK(slot.values.empty() || slot.values.size() == slot.keys.size());
  }
}

void ReadPair(const std::string& skeleton, const std::string& common) {
  const auto files = NewMemoryFiles();
  std::vector<TextInput> inputs;
  for (const std::string* text : {&skeleton, &common}) {
    inputs.push_back({"fuzz", [text]() -> Result<std::unique_ptr<ByteSource>> {
                        return std::unique_ptr<ByteSource>(std::make_unique<PairSource>(*text));
                      }});
  }
  const ImportSchema schema = EveryKindOfField();
  const auto text = PrepareText(*files, schema, std::move(inputs),
                                {.memory_bytes = 4096, .spill_path = "spill", .max_bad_rows = 100});
  if (!text.ok()) return;
  const auto table = TextTable::Open(text->inputs, text->format);
  if (!table.ok()) return;
  const auto plan = PlanColumns(schema, (*table)->columns(), {});
  CHECK(plan.ok(), plan.status().ToString());
  RowParser parser(*plan);
  BlockBuilder builder(*plan, plan->schema);
  ParsedRow row;
  while (true) {
    const auto got = (*table)->Next();
    if (!got.ok() || !*got) break;
    if (!(*table)->malformed().ok()) continue;
    if (!parser.Parse((*table)->cells(), (*table)->row_number(), &row).ok()) continue;
    builder.Add(row);
  }
  const Batch batch = builder.Take();
  CheckSideOfPair(batch.contexts);
  CheckSideOfPair(batch.exposures);
  for (const uint32_t context : batch.context_of) CHECK(context < batch.contexts.rows);
}

}  // namespace
}  // namespace chorus::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(bytes.find('\0'), size);
  chorus::worker::ReadPair(bytes.substr(0, cut), bytes.substr(std::min(cut + 1, size)));
  return 0;
}
