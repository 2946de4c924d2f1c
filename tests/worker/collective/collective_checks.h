#pragma once
// What every Collective must do, whatever carries its messages. Each check is called on every rank
// at once.
// Thread safety: a check belongs to its rank's thread; a SumCase is shared.

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/worker/collective/tree_reference.h"

namespace chorus::worker::testing {

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// A step whose plain sums are known once and compared on every rank.
struct SumCase {
  uint32_t grains;
  size_t n;
  size_t m;
  GrainVectors<float> floats;
  GrainVectors<double> doubles;
  std::vector<float> float_sum;
  std::vector<double> double_sum;

  SumCase(uint32_t g, size_t float_count, size_t double_count, uint64_t seed)
      : grains(g),
        n(float_count),
        m(double_count),
        floats(RandomGrains<float>(g, float_count, seed)),
        doubles(RandomGrains<double>(g, double_count, seed + 1)),
        float_sum(PlainTreeSum(floats, 0, g)),
        double_sum(PlainTreeSum(doubles, 0, g)) {}
};

inline void CheckTreeSum(Collective& collective, const SumCase& c, GrainRange range) {
  const WorkerTerms terms(c.floats, c.doubles, range, c.n, c.m);
  std::vector<float> floats(c.n, -7);
  std::vector<double> doubles(c.m, -7);
  ASSERT_TRUE(collective.BeginTreeSum(terms.get(), c.grains, floats, doubles).ok());
  const Status status = collective.FinishTreeSum();
  ASSERT_TRUE(status.ok()) << status.ToString();
  const auto where = [&] {
    return StrCat("rank ", collective.rank(), " of ", collective.size(), ", ", c.grains,
                  " grains, n=", c.n);
  };
  EXPECT_TRUE(SameBits(floats, c.float_sum)) << where();
  EXPECT_TRUE(SameBits(doubles, c.double_sum)) << where();
}

inline void CheckOwnGrains(Collective& collective, const SumCase& c) {
  CheckTreeSum(collective, c, GrainsOfWorker(collective.rank(), collective.size(), c.grains));
}

inline void CheckGather(Collective& collective) {
  for (uint32_t root = 0; root < collective.size(); ++root) {
    // Lengths differ by rank; rank 0 has nothing to say.
    const auto text = [&](uint32_t rank) {
      return std::string(rank * 1000, static_cast<char>('a' + rank));
    };
    const auto all = collective.Gather(text(collective.rank()), root);
    ASSERT_TRUE(all.ok()) << all.status().ToString();
    ASSERT_EQ(all->size(), collective.rank() == root ? collective.size() : 0);
    for (uint32_t rank = 0; rank < all->size(); ++rank) EXPECT_EQ((*all)[rank], text(rank));
  }
}

inline void CheckBroadcast(Collective& collective) {
  for (uint32_t root = 0; root < collective.size(); ++root) {
    for (const size_t length : {0, 5, 300000}) {
      const std::string bytes(length, static_cast<char>('A' + root));
      const auto got = collective.Broadcast(collective.rank() == root ? bytes : "ignored", root);
      ASSERT_TRUE(got.ok()) << got.status().ToString();
      EXPECT_EQ(*got, bytes);
    }
  }
}

// Every pair of ranks has a length of its own, 0 among them; long ones come in between short ones.
inline void CheckAllToAll(Collective& collective) {
  const auto text = [](uint32_t from, uint32_t to) {
    return std::string((from + 2 * to) % 5 * 20000, static_cast<char>('a' + from * 5 + to));
  };
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> out;
    for (uint32_t to = 0; to < collective.size(); ++to) out.push_back(text(collective.rank(), to));
    const auto all = collective.AllToAll(out);
    ASSERT_TRUE(all.ok()) << all.status().ToString();
    ASSERT_EQ(all->size(), collective.size());
    for (uint32_t from = 0; from < collective.size(); ++from) {
      EXPECT_EQ((*all)[from], text(from, collective.rank())) << from;
    }
  }
}

}  // namespace chorus::worker::testing
