// Sequences that are side by side and differ in length are found and named.

#include "worker/steps/sequence_lengths.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "common/strings.h"
#include "tests/worker/log/log_testing.h"

namespace chorus::worker {
namespace {

// A side with the slots' numbers of ids, row by row.
FeatureColumns Side(const std::vector<std::vector<uint32_t>>& lengths) {
  FeatureColumns side;
  for (const std::vector<uint32_t>& of_slot : lengths) {
    side.rows = static_cast<uint32_t>(of_slot.size());
    SlotColumn slot;
    slot.offsets.push_back(0);
    for (const uint32_t length : of_slot) slot.offsets.push_back(slot.offsets.back() + length);
    slot.keys.assign(slot.offsets.back(), 7);
    side.slots.push_back(slot);
  }
  return side;
}

class SequenceLengthsTest : public ::testing::Test {
 protected:
  // A log of two contexts and three exposures.
  void SetUp() override {
    LogSchema schema;
    for (const auto& [name, context] : {std::pair{"items", true},
                                        {"tags", false},
                                        {"shops", true},
                                        {"brands", true},
                                        {"colors", false}}) {
      schema.slots.push_back({name, name, context, true, false});
    }
    Batch batch;
    batch.contexts = Side({{3, 0}, {3, 0}, {2, 0}});
    batch.exposures = Side({{1, 2, 0}, {2, 1, 0}});
    batch.context_of = {0, 0, 1};
    batch.row_id = {1, 2, 3};
    batch.click = {0, 1, 0};
    batch.conversion = {0, 0, 0};
    testing::WriteLog(*files_, "log", schema, {batch});
    auto log = LogReader::Open(*files_, {"log"});
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    log_ = std::move(*log);
  }
  std::string Doubt(const std::string& model) {
    TrainConfig config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "table { dim: 2 } slot { name: 'recent' column: 'items' pooling: SEQUENCE max_length: 4 } "
        "model { " +
            model + " }",
        &config))
        << model;
    for (const char* name : {"items", "tags", "shops", "brands", "colors"}) {
      SlotConfig* const slot = config.add_slot();
      slot->set_name(name);
      slot->set_pooling(SlotConfig::SEQUENCE);
      slot->set_max_length(4);
    }
    return DoubtOfSequences(*log_, config);
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::unique_ptr<LogReader> log_;
};

TEST_F(SequenceLengthsTest, EqualOnesAreNoDoubt) {
  EXPECT_EQ(Doubt(""), "");
  EXPECT_EQ(Doubt("encoder { target_attention { sequence: ['items', 'shops'] } }"), "");
  EXPECT_EQ(Doubt("encoder { target_attention { sequence: 'brands' } }"), "");
  EXPECT_EQ(Doubt("encoder { target_attention { sequence: ['items', 'unknown'] } }"), "");
}

TEST_F(SequenceLengthsTest, UnequalOnesAreNamedWithTheNumberOfRows) {
  EXPECT_EQ(Doubt("encoder { target_attention { sequence: ['items', 'shops', 'brands'] } }"),
            "the sequences items, shops, brands have different numbers of ids in 1 of 2 contexts "
            "of the log that were looked at: the first one says how many count, and the others' "
            "stand beside ids that they do not belong to. Give a missing id a text of its own "
            "before the import");
  EXPECT_EQ(
      Doubt("encoder { target_attention { sequence: ['tags', 'colors'] } }")
          .find("the sequences tags, colors have different numbers of ids in 2 of 3 exposures"),
      0u);
}

TEST_F(SequenceLengthsTest, OfEveryEncoderAndUnderAnyName) {
  for (const char* kind : {"target_attention", "self_attention"}) {
    EXPECT_EQ(Doubt(StrCat("encoder { ", kind, " { sequence: ['recent', 'shops'] } }")), "");
    EXPECT_NE(Doubt(StrCat("encoder { ", kind, " { sequence: ['recent', 'brands'] } }")), "");
  }
}

}  // namespace
}  // namespace chorus::worker
