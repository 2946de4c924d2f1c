// Any bytes as delimited text: first byte picks the delimiter, then a table with every kind of
// column is read and built into blocks. Nothing may crash, and what is kept must keep the promises
// of batch.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/check.h"
#include "worker/import/block_builder.h"
#include "worker/import/row_parser.h"
#include "worker/import/text_table.h"

namespace chorus::worker {
namespace {

class BytesSource : public ByteSource {
 public:
  explicit BytesSource(std::string bytes) : bytes_(std::move(bytes)) {}
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

void CheckSide(const FeatureColumns& side) {
  for (const SlotColumn& slot : side.slots) {
    CHECK(slot.offsets.size() == side.rows + 1u && slot.offsets.back() == slot.keys.size());
    CHECK(slot.values.empty() || slot.values.size() == slot.keys.size());
  }
}

void ReadTable(std::string text, char delimiter) {
  std::vector<TextInput> inputs = {{"fuzz", [&]() -> Result<std::unique_ptr<ByteSource>> {
                                      return std::unique_ptr<ByteSource>(
                                          std::make_unique<BytesSource>(text));
                                    }}};
  const auto table = TextTable::Open(std::move(inputs), {.delimiter = delimiter, .header = false});
  if (!table.ok()) return;
  const auto plan = PlanColumns(EveryKindOfColumn(), (*table)->columns(), {});
  if (!plan.ok()) return;
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
  CheckSide(batch.contexts);
  CheckSide(batch.exposures);
  for (const uint32_t context : batch.context_of) CHECK(context < batch.contexts.rows);
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
