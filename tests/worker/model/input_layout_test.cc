#include "worker/model/input_layout.h"

#include <gtest/gtest.h>

#include "tests/worker/model/test_config.h"

namespace chorus::worker {
namespace {

std::string ErrorOf(const std::string& slots) {
  return InputLayout::Make(TestConfig(slots), TestSchema()).status().message();
}

TEST(InputLayoutTest, PutsSlotsSideBySideAndNumericsAfterThem) {
  const InputLayout layout = std::move(InputLayout::Make(TestConfig(""), TestSchema())).value();
  ASSERT_EQ(layout.contexts.slots.size(), 2u);
  EXPECT_EQ(layout.contexts.slots[1].name, "history");
  EXPECT_EQ(layout.contexts.slots[1].table, 1u);
  EXPECT_EQ(layout.contexts.slots[1].first, 3);
  EXPECT_EQ(layout.contexts.slot_width, 5);
  EXPECT_EQ(layout.contexts.width(), 6);
  EXPECT_EQ(layout.slot_reads.exposure, (std::vector<SlotRead>{{0, 0}, {1, 1}}));
}

TEST(InputLayoutTest, IgnoredColumnsAreNotRead) {
  const InputLayout layout =
      std::move(InputLayout::Make(TestConfig("slot { name: 'user' ignore: true } "
                                             "slot { name: 'price' ignore: true }"),
                                  TestSchema()))
          .value();
  EXPECT_EQ(layout.slot_reads.context, (std::vector<SlotRead>{{1, 0}}));
  EXPECT_EQ(layout.contexts.slots[0].column, 1u);
  EXPECT_TRUE(layout.exposures.numerics.empty());
}

TEST(InputLayoutTest, ASlotThatTheLogLacksIsNamedBesideWhatItHas) {
  EXPECT_EQ(ErrorOf("slot { name: 'usr' }"),
            "slot \"usr\": not in the log; did you mean \"user\"? the log has slots [user, item, "
            "history, tags] and numeric "
            "columns [age, price]");
}

TEST(InputLayoutTest, RefusesSettingsThatDoNotFitTheColumn) {
  EXPECT_EQ(ErrorOf("slot { name: 'user' numeric: true }"),
            "slot \"user\": numeric, but the log has ids under it");
  EXPECT_EQ(ErrorOf("slot { name: 'age' }"),
            "slot \"age\": a numeric column in the log: write numeric: true or ignore: true");
  EXPECT_EQ(ErrorOf("slot { name: 'a' column: 'age' }"),
            "slot \"a\": column \"age\" is numeric in the log: read it under its own name");
  EXPECT_EQ(ErrorOf("slot { name: 'age' column: 'user' }"),
            "slot \"age\": a column of the log has this name too, or another slot: give it a name "
            "of its own");
  EXPECT_EQ(ErrorOf("slot { name: 'tags' pooling: WEIGHTED_MEAN }"),
            "slot \"tags\": WEIGHTED_MEAN needs values, and the log has none under it");
  EXPECT_EQ(ErrorOf("slot { name: 'tags' table: 'x' }"),
            "slot \"tags\": table \"x\" is not configured");
}

}  // namespace
}  // namespace chorus::worker
