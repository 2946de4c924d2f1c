// Any bytes as a file of TFRecord, and, since checksums keep most of them out, as one record of
// tf.Example in a frame that is right: behind one that shows which kinds its features have, and
// where none shows it. Nothing may crash, and what is kept must keep the promises of
// batch.h.
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/check.h"
#include "common/log.h"
#include "tests/fuzz/table_reading.h"
#include "tests/worker/import/tfrecord_testing.h"
#include "worker/import/chunk_reader.h"
#include "worker/import/column_plan.h"
#include "worker/import/example_rows.h"

namespace chorus::worker {
namespace {

ImportSchema EveryKindOfFeature() {
  ImportSchema schema;
  schema.set_click("c");
  schema.set_group("g");
  schema.set_time("t");
  schema.set_weight("w");
  schema.add_slot()->set_column("i");
  ColumnSlot& several = *schema.add_slot();
  several.set_column("l");
  several.set_context(true);
  several.set_value_column("v");
  several.set_max_ids(2);
  several.set_keep(ColumnSlot::LARGEST_VALUE);
  schema.add_numeric()->set_column("n");
  return schema;
}

// A record with all features, so that they are columns and have kinds.
std::string WholeRecord() {
  const std::string one = tfrecord::Integers({1});
  return tfrecord::Record(tfrecord::Example({{"c", one},
                                             {"g", tfrecord::Bytes({"u"})},
                                             {"t", one},
                                             {"w", tfrecord::Floats({1})},
                                             {"i", tfrecord::Bytes({"x"})},
                                             {"l", tfrecord::Integers({1, 2, 3})},
                                             {"v", tfrecord::Floats({1, 2, 3})},
                                             {"n", tfrecord::Floats({0.5f})}}));
}

void ReadRecords(const std::string& bytes, uint64_t sample = kExampleSample) {
  const ImportSchema schema = EveryKindOfFeature();
  const std::vector<TextInput> inputs = {testing::InputOf(bytes)};
  const auto features = LookAtExamples(inputs, {"c", "g", "t", "w", "i", "l", "v", "n"}, sample);
  if (!features.ok()) return;
  const std::unique_ptr<RowTable> table = NewExampleRows(inputs, *features);
  const auto plan = PlanColumns(schema, table->columns(), {.types = table->types()});
  if (!plan.ok()) return;
  const auto reader = ChunkReader::Create(*table, *plan, 1);
  CHECK(reader.ok(), reader.status().ToString());
  BlockBuilder builder(*plan, plan->schema);
  while (true) {
    const auto chunk = (*reader)->Next();
    if (!chunk.ok() || *chunk == nullptr) break;
    const ParsedChunk& parsed = (*chunk)->parsed;
    for (uint32_t i = 0; i < parsed.count; ++i) {
      const ParsedChunk::Row& row = parsed.rows[i];
      if (!row.status.ok()) continue;
      CHECK(row.context < parsed.context_count, row.context);
      builder.Add(row.parsed, parsed.contexts[row.context], row.context + 1);
    }
  }
  const Batch batch = builder.Take();
  testing::CheckSide(batch.contexts);
  testing::CheckSide(batch.exposures);
}

}  // namespace
}  // namespace chorus::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chorus::SetLogLevel(chorus::LogLevel::kError);  // each feature that a sample lacks is warned of
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  chorus::worker::ReadRecords(bytes);
  const std::string record = chorus::worker::tfrecord::Record(bytes);
  chorus::worker::ReadRecords(chorus::worker::WholeRecord() + record);
  // Features that are in none of the sampled records may be of any kind.
  const std::string none = chorus::worker::tfrecord::Record("");
  chorus::worker::ReadRecords(none + record + chorus::worker::WholeRecord(), 1);
  return 0;
}
