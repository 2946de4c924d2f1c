// A packed step's bytes and places: the same whoever packs it, and whatever else the step holds.

#include "worker/engine/device/packed_step.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/random.h"
#include "tests/worker/cuda/all_objectives.h"
#include "tests/worker/engine/device/step_world.h"
#include "worker/model/input_layout.h"

namespace chorus::worker {
namespace {

using testing::AllObjectives;

constexpr uint32_t kPackedRows = 1000;

// Rows in runs of uneven lengths, as if many servers had sent them.
class UnevenRows final : public PulledRows {
 public:
  UnevenRows(const std::vector<uint32_t>& dims, uint32_t keys) : dims_(dims), keys_(keys) {
    const uint32_t widest = *std::max_element(dims.begin(), dims.end());
    for (uint32_t i = 0; i < keys * widest; ++i) {
      values_.push_back(static_cast<float>(Random(3, RandomPurpose::kTest, i) % 1000));
    }
  }
  std::span<const float> RowsFrom(uint32_t table, uint32_t position) const override {
    const uint32_t run = std::min(1 + position % 4099, keys_ - position);
    return {&values_[size_t{position} * dims_[table]], size_t{run} * dims_[table]};
  }

 private:
  const std::vector<uint32_t> dims_;
  const uint32_t keys_;
  std::vector<float> values_;
};

class Packer {
 public:
  Packer(const StepWorld& world, ThreadPool* pool)
      : inputs_(world.options().model->inputs),
        dims_(world.dims()),
        packer_({&inputs_, &world.objective(), dims_, MaximalNodes(world.range()),
                 world.options().config->step().grain_rows(), pool, 0}),
        host_((size_t{32} << 20) / sizeof(uint64_t), 0xabababababababab),
        block_(reinterpret_cast<std::byte*>(host_.data()), Device(), size_t{32} << 20) {}

  const PackedStep& Pack(const StepBatch& batch, const PulledRows& rows) {
    const Status packed = packer_.PackBatch(batch, true, &block_, &step_);
    EXPECT_TRUE(packed.ok()) << packed.ToString();
    const Status with_rows = packer_.PackRows(batch, rows, step_);
    EXPECT_TRUE(with_rows.ok()) << with_rows.ToString();
    return step_;
  }
  std::vector<uint8_t> Bytes() const {
    const auto* const begin = reinterpret_cast<const uint8_t*>(host_.data());
    return {begin, begin + block_.used()};
  }

 private:
  static std::byte* Device() { return reinterpret_cast<std::byte*>(uintptr_t{1} << 40); }

  InputLayout inputs_;
  const std::vector<uint32_t> dims_;
  StepPacker packer_;
  std::vector<uint64_t> host_;
  PackedBlock block_;
  PackedStep step_;
};

TEST(PackedStepTest, AnyNumberOfThreadsPacksTheSameBytes) {
  const Case setup = {{{0, 0}, {1, 1}, {700, 300}, {1000, 1}, {333, 333}}};
  StepWorld world("esmm={}", "", setup, kPackedRows);
  StepWorld other("esmm={}", "", {{{31, 7}, {1000, 1000}, {5, 5}, {0, 0}, {1, 1}}}, kPackedRows);
  constexpr uint32_t kKeys = 50001;
  for (StepWorld* any : {&world, &other}) {
    for (TableKeys& table : any->batch().keys) table.keys.resize(kKeys);
  }
  const UnevenRows rows(world.dims(), kKeys);
  Packer alone(world, nullptr);
  const PackedStep& expected = alone.Pack(world.batch(), rows);
  for (uint32_t table = 0; table < expected.rows.size(); ++table) {
    const size_t dim = world.dims()[table];
    for (uint32_t p = 0; p < kKeys; ++p) {
      ASSERT_TRUE(
          std::equal(rows.row(table, p), rows.row(table, p) + dim, expected.rows[table] + p * dim))
          << "row " << p << " of table " << table;
    }
  }
  for (const uint32_t threads : {1, 2, 3, 8}) {
    const auto pool = ThreadPool::Create(threads).value();
    Packer lone(world, nullptr), shared(world, pool.get());
    for (const StepWorld* step : {&world, &other, &other, &world}) {
      lone.Pack(step->batch(), rows);
      shared.Pack(step->batch(), rows);
      EXPECT_TRUE(shared.Bytes() == lone.Bytes()) << threads << " threads";
    }
  }
}

// What grains' calls are given, and what they find there.
std::vector<const void*> PlacesOf(const PackedGrain& grain) {
  const DeviceLabels& labels = grain.labels;
  const RowIndex& index = grain.context_of;
  return {grain.context_side.on_device,
          grain.context_side.side.slots,
          grain.context_side.side.slot_of_column,
          grain.context_side.side.numerics,
          grain.exposure_side.on_device,
          grain.exposure_side.side.slots,
          grain.exposure_side.side.slot_of_column,
          grain.exposure_side.side.numerics,
          index.of,
          index.order,
          index.begins,
          labels.click,
          labels.conversion,
          labels.weight,
          labels.copies,
          labels.draw,
          grain.row_id};
}

TEST(PackedStepTest, AGrainLiesInTheSamePlaceBehindAnEmptyOne) {
  for (const std::string& name : AllObjectives()) {
    SCOPED_TRACE(name);
    const StepWorld with(name, "", {{{16, 9}, {5, 4}, {16, 14}}}, 16);
    const StepWorld without(name, "", {{{16, 9}, {0, 0}, {16, 14}}}, 16);
    Packer packer(with, nullptr);
    std::vector<const void*> places[2];
    for (const size_t grain : {0, 2}) {
      places[grain / 2] = PlacesOf(packer.Pack(with.batch(), with.rows()).grains[grain]);
    }
    const PackedStep& step = packer.Pack(without.batch(), without.rows());
    EXPECT_EQ(PlacesOf(step.grains[0]), places[0]);
    EXPECT_EQ(PlacesOf(step.grains[2]), places[1]);
  }
}

}  // namespace
}  // namespace chorus::worker
