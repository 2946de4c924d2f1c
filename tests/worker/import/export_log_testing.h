#pragma once
// Logs of any kind, and whether what was exported and imported again holds the same rows.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/key.h"
#include "common/strings.h"
#include "tests/worker/import/import_log_testing.h"
#include "tests/worker/log/log_testing.h"
#include "worker/import/export_log.h"

namespace chorus::worker {

// What a reader of the log sees of a row: bits, so that -0 and 0 differ.
struct RowBits {
  std::vector<uint64_t> numbers;
  std::string id;
  friend bool operator==(const RowBits&, const RowBits&) = default;
};

inline void AddSide(const LogSchema& schema, bool context, const FeatureColumns& side, uint32_t row,
                    RowBits* out) {
  size_t s = 0, n = 0;
  for (const SlotInfo& info : schema.slots) {
    if (info.context != context) continue;
    const SlotColumn& slot = side.slots[s++];
    out->numbers.push_back(slot.offsets[row + 1] - slot.offsets[row]);
    for (uint32_t k = slot.offsets[row]; k < slot.offsets[row + 1]; ++k) {
      out->numbers.push_back(slot.keys[k]);
      const float value = slot.values.empty() ? 1.0f : slot.values[k];
      if (info.has_values) out->numbers.push_back(std::bit_cast<uint32_t>(value));
    }
  }
  for (const NumericInfo& info : schema.numerics) {
    if (info.context != context) continue;
    out->numbers.push_back(std::bit_cast<uint32_t>(side.numerics[n++][row]));
  }
}

inline std::vector<RowBits> BitsOf(const LogSchema& schema, const std::vector<Batch>& blocks) {
  std::vector<RowBits> rows;
  for (const Batch& block : blocks) {
    for (uint32_t i = 0; i < block.rows(); ++i) {
      RowBits row{{block.row_id[i], block.click[i], block.conversion[i]}, ""};
      if (schema.has_row_id_text) row.id = block.row_id_text[i];
      const float weight = block.weight.empty() ? 1.0f : block.weight[i];
      row.numbers.push_back(std::bit_cast<uint32_t>(weight));
      if (schema.has_group) row.numbers.push_back(block.group[i]);
      if (schema.has_time) row.numbers.push_back(static_cast<uint64_t>(block.time[i]));
      AddSide(schema, true, block.contexts, block.context_of[i], &row);
      AddSide(schema, false, block.exposures, i, &row);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

// Names that are difficult for headers, wildcards and roles.
const char* const kNames[] = {
    "click", "row_id", "a*b",  " blanks ", "tab\tin it", "\xef\xbb\xbfmark",
    "\"q\"", "?",      "time", "plain",    "group",      "line\nend",
    "ünï",   "a,b",    "#x",   "tab_in it"};

inline LogSchema DrawSchema(uint64_t seed) {
  const auto draw = [&](uint64_t what, uint64_t below) {
    return testing::TestDraw(seed, 77, what) % below;
  };
  LogSchema schema;
  const uint64_t first = draw(0, std::size(kNames));
  uint64_t name = first;
  const auto next_name = [&] { return std::string(kNames[name++ % std::size(kNames)]); };
  for (uint64_t s = 0; s <= draw(1, 5); ++s) {
    SlotInfo slot;
    slot.name = next_name();
    slot.key_space = draw(10 + s, 2) == 0 ? "shared" : slot.name;
    slot.context = draw(20 + s, 3) == 0;
    slot.multi_valued = draw(30 + s, 2) == 0;
    slot.has_values = draw(40 + s, 2) == 0;
    schema.slots.push_back(slot);
  }
  for (uint64_t n = 0; n < draw(2, 4); ++n) {
    schema.numerics.push_back({next_name(), draw(50 + n, 3) == 0, false, 3.5, 0.25});
  }
  schema.has_weight = draw(3, 2) == 0;
  schema.has_group = draw(4, 2) == 0;
  schema.has_time = draw(5, 2) == 0;
  schema.has_click = draw(6, 4) != 0;
  schema.has_conversion = schema.has_click && draw(7, 4) != 0;
  schema.has_row_id_text = draw(8, 3) == 0;
  return schema;
}

inline float DrawFloat(uint64_t draw) {
  const float odd[] = {0.0f,
                       -0.0f,
                       1.0f,
                       std::numeric_limits<float>::max(),
                       std::numeric_limits<float>::denorm_min(),
                       -1e-38f};
  if (draw % 5 == 0) return odd[(draw >> 8) % std::size(odd)];
  const auto bits = static_cast<uint32_t>(draw >> 16);
  const auto value = std::bit_cast<float>(bits);
  return std::isfinite(value) ? value : 0.5f;
}

inline Batch DrawBatch(const LogSchema& schema, uint32_t rows, uint64_t seed) {
  Batch batch = testing::MakeBatch(schema, rows, 3, seed * 1000, seed);
  const auto spoil = [&](FeatureColumns* side) {
    for (SlotColumn& slot : side->slots) {
      for (size_t k = 0; k < slot.keys.size(); ++k) {
        const uint64_t draw = testing::TestDraw(seed, k, 5);
        if (draw % 3 == 0) slot.keys[k] = draw;  // the key of no known id, as if of a text
        if (!slot.values.empty()) slot.values[k] = DrawFloat(testing::TestDraw(seed, k, 6));
      }
    }
    for (size_t n = 0; n < side->numerics.size(); ++n) {
      for (size_t i = 0; i < side->numerics[n].size(); ++i) {
        side->numerics[n][i] = DrawFloat(testing::TestDraw(seed, n, 1000 + i));
      }
    }
  };
  spoil(&batch.contexts);
  spoil(&batch.exposures);
  for (uint32_t i = 0; i < rows; ++i) {
    if (schema.has_weight) batch.weight[i] = std::abs(DrawFloat(testing::TestDraw(seed, i, 7)));
    if (schema.has_time && i % 4 == 0) batch.time[i] = std::numeric_limits<int64_t>::min() + i;
    if (!schema.has_click) batch.click[i] = 0;
    if (!schema.has_conversion) batch.conversion[i] = 0;
    if (!schema.has_row_id_text) continue;
    const char* const texts[] = {"", " x ", "NaN", "-", "\"", "41.0", "a\"b", "ünï"};
    batch.row_id_text[i] = texts[i % std::size(texts)];
    batch.row_id[i] = IdFromText(batch.row_id_text[i]);
  }
  return batch;
}

class ExportLogTest : public ImportTest {
 protected:
  // Exports `log`, and imports the export as `again` by the schema that came with it.
  void RoundTrip(const std::string& log, const std::string& text, const std::string& again,
                 bool labelled = true, ImportSchema::Format format = ImportSchema::DELIMITED) {
    const auto exported = ExportLog(
        *files_,
        {.logs = {log}, .output = text, .schema_output = text + ".schema", .format = format});
    ASSERT_TRUE(exported.ok()) << exported.status().ToString();
    EXPECT_EQ(exported->has_click, labelled);
    // The schema is read as a user's is, from a file.
    const std::string path = JoinPath(
        ::testing::TempDir(),
        StrCat(::testing::UnitTest::GetInstance()->current_test_info()->name(), ".schema"));
    ASSERT_OK(ReplaceFile(PosixFiles(), path, *ReadWholeFile(*files_, text + ".schema")));
    ImportSchema schema;
    ASSERT_OK(LoadConfig(path, {}, &schema));
    ImportOptions options;
    options.inputs = {text};
    options.output = again;
    options.unlabelled = !labelled;
    const auto summary = ImportText(*files_, schema, options);
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
    EXPECT_EQ(summary->rows.read, exported->rows);
    EXPECT_TRUE(summary->left_out.empty()) << summary->left_out[0];
  }

  void RoundTripOfAnyLog(uint64_t logs, ImportSchema::Format format) {
    const char* const ends[] = {".out", ".out.gz", ".out.zst"};
    const bool packed = format != ImportSchema::PARQUET;  // which packs its pages itself
    for (uint64_t seed = 1; seed <= logs && !HasFatalFailure(); ++seed) {
      SCOPED_TRACE(seed);
      const LogSchema schema = DrawSchema(seed);
      const std::string log = StrCat("log-", seed), again = StrCat("again-", seed);
      std::vector<Batch> blocks = {DrawBatch(schema, 17, seed), DrawBatch(schema, 5, seed + 100)};
      testing::WriteLog(*files_, log + "/a.log", schema, blocks);
      RoundTrip(log, StrCat(log, packed ? ends[seed % 3] : ".parquet"), again, schema.has_click,
                format);
      if (HasFatalFailure()) return;
      LogSchema read;
      const std::vector<Batch> after = ReadLog(*files_, again, &read);
      EXPECT_EQ(read.slots, schema.slots);
      EXPECT_EQ(read.has_group, schema.has_group);
      EXPECT_EQ(read.has_conversion, schema.has_conversion);
      ASSERT_EQ(BitsOf(read, after), BitsOf(schema, ReadLog(*files_, log)));
    }
  }
};

}  // namespace chorus::worker
