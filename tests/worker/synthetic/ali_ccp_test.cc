// Worlds in the shape of Ali-CCP: text and log are the same data, and have its marginals.
#include "worker/synthetic/ali_ccp_log.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "common/config.h"
#include "common/strings.h"
#include "worker/import/import.h"
#include "worker/log/log_reader.h"
#include "worker/log/oracle_file.h"
#include "worker/synthetic/ali_ccp_world.h"

namespace chorus::worker {
namespace {

GenerateConfig AliCcpConfig(uint64_t exposures, double unclicked = 0.00000544) {
  GenerateConfig config;
  config.set_shape(GenerateConfig::ALI_CCP);
  config.set_exposures(exposures);
  config.set_scale(0.01);
  config.set_ctr(0.03887);
  config.set_cvr(0.3);
  config.set_unclicked(unclicked);
  const Status completed = CompleteConfig("test", &config);
  EXPECT_TRUE(completed.ok()) << completed.ToString();
  return config;
}

// Worlds take a second to calibrate: tests share two, one of a hundredth of its exposures odd.
const World& SmallWorld() {
  static const World world = World::Make(AliCcpConfig(5000, /*unclicked=*/0.01), 2);
  return world;
}
const World& HundredCells() {
  static const World world = World::Make(AliCcpConfig(1158 * 100), 2);
  return world;
}

TEST(AliCcpLog, AnImportOfTheTextGivesTheLog) {
  const World& world = SmallWorld();
  const auto files = NewMemoryFiles();
  const auto text = GenerateAliCcpText(*files, world, {.directory = "raw", .threads = 2});
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  const auto log = GenerateAliCcpLog(*files, world, {.directory = "log", .threads = 2});
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  const auto imported =
      ImportText(*files, AliCcpSchema(), {.inputs = {"raw"}, .output = "imported"});
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_GT(imported->rows.dropped_unclicked_conversions, 20u);
  EXPECT_TRUE(imported->notes.empty() ||
              std::all_of(imported->notes.begin(), imported->notes.end(),
                          [](const auto& note) { return note.note == CellNote::kMissing; }));
  EXPECT_EQ(ReadWholeFile(*files, "imported/part-00000.log").value(),
            ReadWholeFile(*files, "log/part-00000.log").value());
  EXPECT_EQ(log->rows, imported->parts[0].rows);
  EXPECT_EQ(text->rows, 5000u);
  EXPECT_EQ(text->clicks, log->clicks);
}

TEST(AliCcpLog, BytesDoNotDependOnThreads) {
  const World& world = SmallWorld();
  std::map<std::string, std::string> first;
  for (const uint32_t threads : {1, 3}) {
    const auto files = NewMemoryFiles();
    ASSERT_TRUE(GenerateAliCcpText(*files, world, {.directory = "raw", .threads = threads}).ok());
    ASSERT_TRUE(GenerateAliCcpLog(*files, world, {.directory = "log", .threads = threads}).ok());
    for (const char* path : {"raw/sample_skeleton.csv", "raw/common_features.csv",
                             "log/part-00000.log", "log/oracle.bin"}) {
      const std::string bytes = ReadWholeFile(*files, path).value();
      const auto at = first.emplace(path, bytes).first;
      EXPECT_TRUE(at->second == bytes) << path;
    }
  }
}

TEST(AliCcpLog, TheOracleKnowsEverySample) {
  const World& world = SmallWorld();
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(GenerateAliCcpLog(*files, world, {.directory = "log"}).ok());
  auto oracle = OracleFile::Open(*files, "log/oracle.bin");
  ASSERT_TRUE(oracle.ok());
  const auto reader = LogReader::Open(*files, {"log"});
  EXPECT_EQ(oracle->log_fingerprint(), (*reader)->fingerprint());
  const AliCcpWorld ali_ccp(world);
  AliCcpContext context;
  AliCcpExposure exposure;
  ali_ccp.MakeContext(0, &context);
  ali_ccp.MakeExposure(context, 0, &exposure);
  EXPECT_EQ(oracle->Lookup(exposure.sample_id)->p_click, exposure.truth.p_click);
  EXPECT_TRUE(oracle->Lookup(5000).ok());
}

TEST(AliCcpLog, TheCommonFileIsSortedButForItsFirstLine) {
  const World& world = SmallWorld();
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(GenerateAliCcpText(*files, world, {.directory = "raw", .threads = 2}).ok());
  std::vector<std::string> keys;
  for (const std::string& line :
       chorus::Split(ReadWholeFile(*files, "raw/common_features.csv").value(), '\n')) {
    if (!line.empty()) keys.push_back(line.substr(0, line.find(',')));
  }
  EXPECT_EQ(keys.size(), AliCcpWorld(world).contexts());
  EXPECT_FALSE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_TRUE(std::is_sorted(keys.begin() + 1, keys.end()));
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
}

// What a cell of contexts is like, against the counts of full passes over Ali-CCP.
TEST(AliCcpWorld, HasTheMarginalsOfAliCcp) {
  const AliCcpWorld ali_ccp(HundredCells());
  EXPECT_EQ(ali_ccp.contexts(), 2000u);
  std::array<double, kAliCcpFields> tokens = {}, rows = {};
  AliCcpContext context;
  AliCcpExposure made;
  uint64_t contexts = 0, exposures = 0, largest = 0;
  for (uint64_t cell = 0; cell < 100; ++cell) {
    for (const uint32_t size : ali_ccp.SizesOfCell(cell)) {
      ali_ccp.MakeContext(contexts++, &context);
      largest = std::max<uint64_t>(largest, size);
      std::set<AliCcpField> seen;
      for (const AliCcpToken& token : context.tokens) {
        tokens[token.field] += 1;
        if (seen.insert(token.field).second) rows[token.field] += 1;
      }
      ali_ccp.MakeExposure(context, exposures, &made);
      exposures += size;
      seen.clear();
      for (const AliCcpToken& token : made.tokens) {
        tokens[token.field] += 1;
        if (seen.insert(token.field).second) rows[token.field] += 1;
        const AliCcpFieldInfo& info = kAliCcpFieldInfo[token.field];
        EXPECT_GE(token.id, info.first_id);
        EXPECT_LT(token.id, info.first_id + info.ids);
      }
    }
  }
  EXPECT_EQ(exposures, 1158u * 100);
  EXPECT_GT(largest, 200u);
  for (uint32_t f = 0; f < kAliCcpFields; ++f) {
    const AliCcpFieldInfo& info = kAliCcpFieldInfo[f];
    // A few items are shown much more than others, with the fields that they have.
    EXPECT_NEAR(rows[f] / 2000, info.coverage, 0.1) << info.name;
    // Histories cannot be longer than half of this small world's ids.
    if (info.context && info.multi_valued) continue;
    EXPECT_NEAR(tokens[f] / 2000, info.coverage * info.tokens, 0.4) << info.name;
  }
  EXPECT_NEAR(tokens[kShopHistory] / 2000, 250, 40);
}

TEST(AliCcpWorld, ClicksBecomeFewerAlongTheFile) {
  const AliCcpWorld ali_ccp(HundredCells());
  const auto rate = [&](uint64_t first_cell) {
    AliCcpContext context;
    AliCcpExposure made;
    double sum = 0;
    uint64_t rows = 0, exposure = first_cell * kAliCcpCellExposures;
    uint64_t number = first_cell * kAliCcpCellContexts;
    for (uint64_t cell = first_cell; cell < first_cell + 10; ++cell) {
      for (const uint32_t size : ali_ccp.SizesOfCell(cell)) {
        ali_ccp.MakeContext(number++, &context);
        for (uint32_t i = 0; i < size; ++i, ++rows) {
          ali_ccp.MakeExposure(context, exposure++, &made);
          sum += static_cast<double>(made.truth.p_click);
        }
      }
    }
    return sum / static_cast<double>(rows);
  };
  EXPECT_NEAR(rate(0), 0.045, 0.008);
  EXPECT_NEAR(rate(90), 0.033, 0.008);
}

TEST(AliCcpValue, HasFiveDecimalsWithoutTrailingZeros) {
  const auto text = [](uint32_t value) {
    std::string out;
    AppendAliCcpValue(value, &out);
    EXPECT_EQ(static_cast<float>(*ParseDouble(out)), AliCcpValue(value)) << out;
    return out;
  };
  EXPECT_EQ(text(100000), "1.0");
  EXPECT_EQ(text(69315), "0.69315");
  EXPECT_EQ(text(239790), "2.3979");
  EXPECT_EQ(text(1), "0.00001");
  EXPECT_EQ(text(1200000), "12.0");
}

TEST(ShuffleFields, KeepsTheOrderOfAFieldsTokens) {
  std::vector<AliCcpToken> tokens;
  for (uint32_t i = 0; i < 20; ++i) tokens.push_back({kItemIntent, i, 1});
  for (uint32_t i = 0; i < 4; ++i) tokens.push_back({kIntentCross, i, 1});
  tokens.push_back({kItem, 7, 1});
  bool some_field_is_split = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<AliCcpToken> shuffled = tokens;
    ShuffleFields(seed, &shuffled);
    std::map<AliCcpField, uint32_t> next;
    uint32_t runs = 0;
    for (size_t i = 0; i < shuffled.size(); ++i) {
      if (i == 0 || shuffled[i].field != shuffled[i - 1].field) ++runs;
      if (shuffled[i].field != kItem) {
        EXPECT_EQ(shuffled[i].id, next[shuffled[i].field]++);
      }
    }
    some_field_is_split = some_field_is_split || runs > 3;
  }
  EXPECT_TRUE(some_field_is_split);
}

TEST(AliCcpSchema, IsTheOneInConfigs) {
  ImportSchema file;
  const Status loaded =
      LoadConfig(CHORUS_SOURCE_DIR "/configs/import/ali_ccp.textproto", {}, &file);
  ASSERT_TRUE(loaded.ok()) << loaded.ToString();
  EXPECT_EQ(file.SerializeAsString(), AliCcpSchema().SerializeAsString());
}

}  // namespace
}  // namespace chorus::worker
