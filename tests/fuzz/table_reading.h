#pragma once
// A text in memory as an import's input, and checks of what the rows of a table become. Thread
// safety: functions of their arguments.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/check.h"
#include "worker/import/block_builder.h"
#include "worker/import/row_parser.h"
#include "worker/import/text_table.h"

namespace chorus::worker::testing {

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

// `text` outlives the input.
inline TextInput InputOf(const std::string& text) {
  return {"fuzz", [&text]() -> Result<std::unique_ptr<ByteSource>> {
            return std::unique_ptr<ByteSource>(std::make_unique<BytesSource>(text));
          }};
}

inline void CheckSide(const FeatureColumns& side) {
  for (const SlotColumn& slot : side.slots) {
    CHECK(slot.offsets.size() == side.rows + 1u && slot.offsets.back() == slot.keys.size());
    CHECK(slot.values.empty() || slot.values.size() == slot.keys.size());
  }
}

// Builds a block of the rows that are well formed, and checks the promises of batch.h.
inline void ReadRows(TextTable& table, const ColumnPlan& plan) {
  RowParser parser(plan);
  BlockBuilder builder(plan, plan.schema);
  ParsedRow row;
  while (true) {
    const auto got = table.Next();
    if (!got.ok() || !*got) break;
    if (!table.malformed().ok()) continue;
    if (!parser.Parse(table.cells(), table.row_number(), &row).ok()) continue;
    builder.Add(row);
  }
  const Batch batch = builder.Take();
  CheckSide(batch.contexts);
  CheckSide(batch.exposures);
  for (const uint32_t context : batch.context_of) CHECK(context < batch.contexts.rows);
}

}  // namespace chorus::worker::testing
