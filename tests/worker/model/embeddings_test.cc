#include "worker/model/embeddings.h"

#include <gtest/gtest.h>

#include "common/config.h"
#include "common/strings.h"
#include "tests/worker/model/test_config.h"
#include "worker/model/input_layout.h"

namespace chorus::worker {
namespace {

TrainConfig Expanded(const std::string& text) {
  TrainConfig config = TestConfig(text);
  EXPECT_TRUE(FinishTrainConfig("test", &config).ok());
  EXPECT_TRUE(ExpandEmbeddings(&config).ok());
  return config;
}

// "name of column in table for towers"
std::vector<std::string> SlotsOf(const TrainConfig& config) {
  std::vector<std::string> out;
  for (const SlotConfig& slot : config.slot()) {
    EXPECT_EQ(slot.embedding(), SlotConfig::SHARED);
    out.push_back(StrCat(slot.name(), " of ", slot.column(), " in ", slot.table(), " for ",
                         Join({slot.tower().begin(), slot.tower().end()}, "+")));
  }
  return out;
}
using Lines = std::vector<std::string>;

TEST(EmbeddingsTest, SharedAndOwnAddsATableAndASlotForEveryTower) {
  const TrainConfig config = Expanded(
      "slot { name: 'item' embedding: SHARED_AND_OWN } slot { name: 'tags' pooling: MEAN } "
      "objective { esmm { } }");
  EXPECT_EQ(SlotsOf(config),
            (Lines{"item of  in default for ", "item-ctr of item in default-ctr for ctr",
                   "item-cvr of item in default-cvr for cvr", "tags of  in default for "}));
  ASSERT_EQ(config.table_size(), 4);
  EXPECT_EQ(config.table(2).name(), "default-ctr");
  EXPECT_EQ(config.table(2).dim(), 3u);
}

TEST(EmbeddingsTest, OwnLeavesTheSharedSlotOut) {
  const TrainConfig config =
      Expanded("slot { name: 'item' embedding: OWN table: 'small' } objective { two_task { } }");
  EXPECT_EQ(SlotsOf(config), (Lines{"item-ctr of item in small-ctr for ctr",
                                    "item-cvr of item in small-cvr for cvr"}));
}

TEST(EmbeddingsTest, ATableOfTheUsersIsTaken) {
  const TrainConfig config = Expanded(
      "table { name: 'default-ctr' dim: 7 } slot { name: 'item' embedding: SHARED_AND_OWN } "
      "objective { esmm { } }");
  ASSERT_EQ(config.table_size(), 4);
  EXPECT_EQ(config.table(2).dim(), 7u);
  EXPECT_EQ(config.table(3).name(), "default-cvr");
}

TEST(EmbeddingsTest, TowersWithGroupsOfTheirOwnGetNothing) {
  const TrainConfig config = Expanded(
      "slot { name: 'item' embedding: SHARED_AND_OWN } slot { name: 'tags' embedding: OWN } "
      "objective { base { } }");
  EXPECT_EQ(SlotsOf(config), (Lines{"item of  in default for ", "tags of  in default for "}));
  EXPECT_EQ(config.table_size(), 2);
}

// UKD's teacher is alone in its group: it goes on reading the slot, from that group's table.
TEST(EmbeddingsTest, OwnLeavesTheSlotToATowerWithAGroupOfItsOwn) {
  const TrainConfig config = Expanded("slot { name: 'item' embedding: OWN } objective { ukd { } }");
  EXPECT_EQ(SlotsOf(config),
            (Lines{"item of  in default for teacher", "item-ctr of item in default-ctr for ctr",
                   "item-cvr of item in default-cvr for cvr"}));
}

TEST(EmbeddingsTest, WhatIsExpandedStaysAsItIs) {
  TrainConfig config =
      Expanded("slot { name: '*' embedding: SHARED_AND_OWN } objective { esmm { } }");
  const std::string before = config.SerializeAsString();
  ASSERT_TRUE(FinishTrainConfig("test", &config).ok());
  ASSERT_TRUE(ExpandEmbeddings(&config).ok());
  EXPECT_EQ(config.SerializeAsString(), before);
}

TEST(EmbeddingsTest, AStarStandsForEachColumnOfIdsThatNoSlotNames) {
  const TrainConfig config = Expanded(
      "slot { name: '*' embedding: SHARED_AND_OWN } slot { name: 'item' } "
      "slot { name: 'tags' ignore: true } objective { esmm { } }");
  const auto layout = InputLayout::Make(config, TestSchema());
  ASSERT_TRUE(layout.ok()) << layout.status().ToString();
  Lines names;
  for (const SideInputs* side : {&layout->contexts, &layout->exposures}) {
    for (const SlotInput& slot : side->slots) names.push_back(slot.name);
  }
  EXPECT_EQ(names, (Lines{"user", "history", "user-ctr", "history-ctr", "user-cvr", "history-cvr",
                          "item"}));
  ASSERT_EQ(layout->contexts.own.size(), 2u);
  EXPECT_EQ(layout->contexts.own[1].label, "own-cvr");
  EXPECT_EQ(layout->contexts.own[1].first, 12);
  EXPECT_EQ(layout->contexts.own[1].width, 6);
  EXPECT_EQ(layout->contexts.pooled_width, 6);
  // The first reads of all columns come first: numbers of keys stay what they are without the rest.
  EXPECT_EQ(layout->slot_reads.context,
            (std::vector<SlotRead>{{0, 0}, {1, 0}, {0, 2}, {0, 3}, {1, 2}, {1, 3}}));
}

}  // namespace
}  // namespace chorus::worker
