// An id is new to a model when no table that learns from its column has made a row for it.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/worker/model/test_config.h"
#include "worker/train/slot_use.h"

namespace chorus::worker {
namespace {

// One row is made.
class MadeRows : public PulledRows {
 public:
  MadeRows(uint32_t table, uint32_t position) : table_(table), position_(position) {}
  std::span<const float> RowsFrom(uint32_t /*table*/, uint32_t /*position*/) const override {
    return {};
  }
  bool seen(uint32_t table, uint32_t position) const override {
    return table == table_ && position == position_;
  }

 private:
  const uint32_t table_, position_;
};

// Two exposures with an item each; the rows are in tables 0 and 1, as far as these are read.
std::vector<SlotUse> UseOf(const std::string& config, const MadeRows& rows) {
  LogSchema schema;
  schema.slots = {{"item", "item", false, false, false}};
  const auto inputs = InputLayout::Make(TestConfig(config), schema);
  EXPECT_TRUE(inputs.ok()) << inputs.status().ToString();
  StepBatch batch;
  Batch& grain = batch.grains.emplace_back();
  grain.exposures.rows = 2;
  SlotColumn& column = grain.exposures.slots.emplace_back();
  column.offsets = {0, 1, 2};
  column.keys = {11, 12};
  grain.context_of = {0, 1};
  grain.contexts.rows = 2;
  batch.positions.emplace_back().exposure.assign(inputs->slot_reads.exposure.size(), {0, 1});
  batch.keys.resize(inputs->tables);
  for (TableKeys& keys : batch.keys) keys.keys = {11, 12};
  SlotCounter counter(*inputs);
  counter.Add(batch, rows);
  const auto collective = NewSingleCollective();
  auto use = counter.Sum(collective.get());
  EXPECT_TRUE(use.ok());
  return std::move(use).value();
}

constexpr char kSlots[] =
    "slot { name: 'shared' column: 'item' } slot { name: 'own' column: 'item' table: 'small' "
    "tower: 'ctr' ";

TEST(SlotCounterTest, AnIdThatAnyTrainedTableHasIsKnownUnderItsColumn) {
  const std::vector<SlotUse> use = UseOf(std::string(kSlots) + "}", MadeRows(1, 0));
  ASSERT_EQ(use.size(), 1u);
  EXPECT_EQ(use[0].name(), "item");
  EXPECT_EQ(use[0].ids(), 2u);
  EXPECT_EQ(use[0].unseen(), 1u);
}

TEST(SlotCounterTest, ATableThatDoesNotLearnFromTheColumnIsNotAsked) {
  const std::vector<SlotUse> use =
      UseOf(std::string(kSlots) + "no_gradient: 'ctr' }", MadeRows(1, 0));
  ASSERT_EQ(use.size(), 1u);
  EXPECT_EQ(use[0].unseen(), 2u);
}

}  // namespace
}  // namespace chorus::worker
