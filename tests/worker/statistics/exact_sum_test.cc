#include "worker/statistics/exact_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "common/random.h"

namespace chorus::worker::testing {
namespace {

__extension__ typedef unsigned __int128 Wide;

// Multiples of 2^-60 below 2^20, of very different sizes.
std::vector<double> Terms(size_t n, uint64_t seed) {
  std::vector<double> terms;
  for (size_t i = 0; i < n; ++i) {
    const uint64_t bits = Random(seed, RandomPurpose::kTest, i);
    terms.push_back(std::ldexp(static_cast<double>(bits >> 12), -60 + static_cast<int>(bits % 29)));
  }
  return terms;
}

double SumOf(const std::vector<double>& terms) {
  ExactSum sum;
  for (const double term : terms) sum.Add(term);
  return sum.value();
}

// The nearest double to the sum, from integers.
double NearestSum(const std::vector<double>& terms) {
  Wide sum = 0;
  for (const double term : terms) sum += static_cast<Wide>(std::ldexp(term, 60));
  return std::ldexp(static_cast<double>(sum), -60);
}

TEST(ExactSumTest, IsTheNearestDoubleWhereASumInOrderIsNot) {
  int differ = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<double> terms = Terms(1000, seed);
    EXPECT_EQ(SumOf(terms), NearestSum(terms)) << seed;
    double in_order = 0;
    for (const double term : terms) in_order += term;
    differ += in_order != NearestSum(terms) ? 1 : 0;
  }
  EXPECT_GT(differ, 10) << "a sum in order would do";
}

TEST(ExactSumTest, NeitherOrderNorPartsShow) {
  const std::vector<double> terms = Terms(500, 7);
  const double expected = SumOf(terms);
  for (uint64_t round = 0; round < 5; ++round) {
    std::vector<ExactSum> parts(round + 1);
    uint32_t i = 0;
    for (const uint32_t at : RandomPermutation(500, 3, RandomPurpose::kTest, round, 0)) {
      parts[i++ % parts.size()].Add(terms[at]);
    }
    ExactSum all;
    for (const ExactSum& part : parts) all.Merge(part);
    EXPECT_EQ(all.value(), expected) << round;
  }
}

TEST(ExactSumTest, HoldsTheLargestAndTheSmallestDoubles) {
  const double smallest = std::numeric_limits<double>::denorm_min();
  const double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(SumOf({}), 0);
  EXPECT_EQ(SumOf({0, smallest, smallest, smallest}), 3 * smallest);
  EXPECT_EQ(SumOf({largest, smallest}), largest);
  EXPECT_EQ(SumOf({1, 0x1p-53}), 1) << "a tie goes to the even one";
  EXPECT_EQ(SumOf({1, 0x1p-53, smallest}), 1 + 0x1p-52) << "and no tie is one for a bit below";
  EXPECT_EQ(SumOf({1 + 0x1p-52, 0x1p-53}), 1 + 0x1p-51);
  EXPECT_EQ(SumOf({largest, largest}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(SumOf({0x1.8p-1022, 0x1.8p-1022}), 0x1.8p-1021);
}

TEST(ExactSumTest, TravelsAsBytes) {
  ExactSum sum;
  for (const double term : Terms(100, 9)) sum.Add(term);
  std::string bytes;
  sum.AppendTo(&bytes);
  std::string_view in = bytes;
  const auto there = ExactSum::Take(&in);
  ASSERT_TRUE(there.ok());
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(there->value(), sum.value());
  in = std::string_view(bytes).substr(1);
  EXPECT_EQ(ExactSum::Take(&in).status().code(), Code::kDataLoss);
  bytes[7] = 1;  // a digit beyond its 32 bits
  in = bytes;
  EXPECT_EQ(ExactSum::Take(&in).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace chorus::worker::testing
