#include "worker/train/dense_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

DenseState Example() {
  DenseState state;
  state.step = 12;
  state.updates = 40;
  state.arrays.push_back({"weight/tower.cvr.0.kernel", 2, 3, {1, -0.0f, 3.5f, 1e-40f, 5, 6}});
  state.arrays.push_back({"adam.m/empty", 0, 5, {}});
  state.arrays.push_back({"", 1, 1, {std::numeric_limits<float>::max()}});
  return state;
}

TEST(DenseStateTest, ReadsBackEveryBit) {
  const auto decoded = DecodeDenseState(EncodeDenseState(Example()));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(decoded->step, 12u);
  EXPECT_EQ(decoded->updates, 40u);
  ASSERT_EQ(decoded->arrays.size(), 3u);
  EXPECT_EQ(decoded->arrays[0].name, "weight/tower.cvr.0.kernel");
  EXPECT_EQ(decoded->arrays[0].rows, 2u);
  EXPECT_EQ(decoded->arrays[0].cols, 3u);
  EXPECT_EQ(decoded->arrays[0].values, Example().arrays[0].values);
  EXPECT_TRUE(std::signbit(decoded->arrays[0].values[1]));
  EXPECT_EQ(decoded->arrays[1].cols, 5u);
  EXPECT_EQ(EncodeDenseState(*decoded), EncodeDenseState(Example()));
}

TEST(DenseStateTest, AValueThatIsNotFiniteIsDataLoss) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -INFINITY}) {
    DenseState state = Example();
    state.arrays[0].values[4] = bad;
    const Status status = DecodeDenseState(EncodeDenseState(state)).status();
    EXPECT_EQ(status.code(), Code::kDataLoss);
    EXPECT_NE(status.message().find("weight/tower.cvr.0.kernel"), std::string::npos);
  }
}

TEST(DenseStateTest, EveryTruncationIsDataLoss) {
  const std::string bytes = EncodeDenseState(Example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeDenseState(bytes.substr(0, size)).status().code(), Code::kDataLoss) << size;
  }
  EXPECT_EQ(DecodeDenseState(bytes + "x").status().code(), Code::kDataLoss);
}

TEST(DenseStateTest, EveryFlippedBitIsDataLoss) {
  const std::string bytes = EncodeDenseState(Example());
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(DecodeDenseState(damaged).status().code(), Code::kDataLoss) << "bit " << bit;
  }
}

// A checksum keeps accidents out, not files made to look right: sizes are checked too.
TEST(DenseStateTest, EveryFlippedBitWithAnAmendedChecksumIsSafe) {
  const std::string bytes = EncodeDenseState(Example());
  const size_t body = bytes.size() - sizeof(uint64_t);
  for (size_t bit = 0; bit < 8 * body; ++bit) {
    std::string damaged = bytes.substr(0, body);
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const uint64_t checksum = Checksum(damaged);
    damaged.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    const auto decoded = DecodeDenseState(damaged);
    if (!decoded.ok()) {
      EXPECT_EQ(decoded.status().code(), Code::kDataLoss);
    } else {
      for (const NamedArray& array : decoded->arrays) {
        EXPECT_EQ(array.values.size(), array.rows * array.cols);
      }
    }
  }
}

TEST(DenseStateTest, TheFileReadsBackAndTheManifestEntryFitsIt) {
  const auto files = NewMemoryFiles();
  const auto entry = WriteDenseState(*files, "folder", Example());
  ASSERT_TRUE(entry.ok());
  CheckpointManifest manifest;
  *manifest.add_file() = *entry;
  EXPECT_TRUE(VerifyFiles(*files, "folder", manifest).ok());
  manifest.set_step(Example().step);
  const auto state = ReadDenseState(*files, "folder", manifest);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(EncodeDenseState(*state), EncodeDenseState(Example()));
  EXPECT_EQ(ReadDenseState(*files, "elsewhere", manifest).status().code(), Code::kNotFound);
}

TEST(DenseStateTest, AFileThatIsWholeButNotTheManifestsIsRefused) {
  const auto files = NewMemoryFiles();
  DenseState other = Example();
  other.updates += 1;
  const auto entry = WriteDenseState(*files, "folder", Example());
  const auto other_entry = WriteDenseState(*files, "other", other);
  ASSERT_TRUE(entry.ok() && other_entry.ok());
  CheckpointManifest manifest;
  manifest.set_step(Example().step);
  EXPECT_EQ(ReadDenseState(*files, "folder", manifest).status().code(), Code::kDataLoss);
  *manifest.add_file() = *entry;
  EXPECT_EQ(ReadDenseState(*files, "other", manifest).status().code(), Code::kDataLoss);
  manifest.set_step(manifest.step() + 1);
  EXPECT_EQ(ReadDenseState(*files, "folder", manifest).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace chorus::worker
