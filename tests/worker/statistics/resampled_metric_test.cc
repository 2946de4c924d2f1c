#include "worker/statistics/resampled_metric.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/worker/statistics/statistics_testing.h"
#include "worker/statistics/group_values.h"

namespace chorus::worker::testing {
namespace {

constexpr uint32_t kGroups = 23;

struct Sample {
  std::vector<double> logit, probability, label;
  std::vector<uint32_t> group;
  std::vector<uint64_t> row_id;

  MetricRows rows() const { return {logit, probability, label, group, row_id}; }
  size_t size() const { return logit.size(); }
  void Add(const Sample& from, size_t i) {
    logit.push_back(from.logit[i]);
    probability.push_back(from.probability[i]);
    label.push_back(from.label[i]);
    group.push_back(from.group[i]);
    row_id.push_back(from.row_id[i]);
  }
};

// rounded: many ties. fractional: labels in (0, 1).
Sample RandomSample(uint64_t seed, bool rounded, bool fractional) {
  Sample s;
  for (uint64_t i = 0; i < 400; ++i) {
    const double z = TestNormal(seed, i, 0) - 1;
    const double p = 1 / (1 + std::exp(-z));
    s.logit.push_back(rounded ? std::round(3 * z) / 3 : z);
    s.probability.push_back(1 / (1 + std::exp(-s.logit.back())));
    s.label.push_back(fractional ? p * TestUniform(seed, i, 1) : TestUniform(seed, i, 1) < p);
    // Group 0 is large, the last one empty.
    const double u = TestUniform(seed, i, 2);
    s.group.push_back(static_cast<uint32_t>((kGroups - 1) * u * u));
    s.row_id.push_back(Random(seed, RandomPurpose::kTest, i, 3) % 1000);
  }
  return s;
}

// The drawn rows written out: group g's rows counts[g] times, each copy of a group as a group of
// its own.
Sample Draw(const Sample& from, std::span<const uint8_t> counts) {
  Sample out;
  for (size_t i = 0; i < from.size(); ++i) {
    for (uint8_t copy = 0; copy < counts[from.group[i]]; ++copy) {
      out.Add(from, i);
      out.group.back() += kGroups * copy;
    }
  }
  return out;
}

std::vector<double> Ones(const Sample& s) { return std::vector<double>(s.size(), 1.0); }

double KsByThresholds(const Sample& s) {
  double best = 0;
  for (const double t : s.logit) {
    double plus = 0, minus = 0, positives = 0, negatives = 0;
    for (size_t i = 0; i < s.size(); ++i) {
      positives += s.label[i];
      negatives += 1 - s.label[i];
      if (s.logit[i] >= t) plus += s.label[i];
      if (s.logit[i] >= t) minus += 1 - s.label[i];
    }
    best = std::max(best, plus / positives - minus / negatives);
  }
  return best;
}

double EceByLoop(const Sample& s) {
  std::vector<double> difference(20, 0.0);
  for (size_t i = 0; i < s.size(); ++i) {
    size_t below = 0;  // the row's bin is that of the first row of its tie
    for (const double z : s.logit) below += z < s.logit[i];
    difference[20 * below / s.size()] += s.probability[i] - s.label[i];
  }
  double sum = 0;
  for (const double d : difference) sum += std::abs(d);
  return sum / static_cast<double>(s.size());
}

double LogLossByLoop(const Sample& s) {
  double sum = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    const double p = s.probability[i];
    sum -= s.label[i] * std::log(p) + (1 - s.label[i]) * std::log(1 - p);
  }
  return sum / static_cast<double>(s.size());
}

double PcocByLoop(const Sample& s) {
  double predicted = 0, actual = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    predicted += s.probability[i];
    actual += s.label[i];
  }
  return predicted / actual;
}

double EntropyByLoop(const Sample& s) {
  double labels = 0;
  for (const double t : s.label) labels += t;
  const double rate = labels / static_cast<double>(s.size());
  return -rate * std::log(rate) - (1 - rate) * std::log(1 - rate);
}

std::map<uint32_t, Sample> ByGroup(const Sample& s) {
  std::map<uint32_t, Sample> groups;
  for (size_t i = 0; i < s.size(); ++i) groups[s.group[i]].Add(s, i);
  return groups;
}

double GaucByLoop(const Sample& s) {
  double sum = 0, weight = 0;
  for (const auto& [group, rows] : ByGroup(s)) {
    const double auc = AucByPairs(rows.logit, rows.label, Ones(rows));
    if (std::isnan(auc)) continue;  // one class only
    sum += static_cast<double>(rows.size()) * auc;
    weight += static_cast<double>(rows.size());
  }
  return sum / weight;
}

// {NDCG@k, Recall@k}, ranking by selection: k times the best row that is left.
std::pair<double, double> RankingByLoop(const Sample& s, uint32_t k) {
  double ndcg = 0, recall = 0, groups = 0;
  for (const auto& [group, rows] : ByGroup(s)) {
    const double positives = std::count(rows.label.begin(), rows.label.end(), 1.0);
    if (positives == 0) continue;
    double gain = 0, best = 0, found = 0;
    std::vector<bool> taken(rows.size());
    for (uint32_t place = 1; place <= std::min<size_t>(k, rows.size()); ++place) {
      size_t first = rows.size();
      for (size_t i = 0; i < rows.size(); ++i) {
        if (taken[i]) continue;
        const auto key = [&of = rows](size_t r) { return std::pair(-of.logit[r], of.row_id[r]); };
        if (first == rows.size() || key(i) < key(first)) first = i;
      }
      taken[first] = true;
      gain += rows.label[first] / std::log2(place + 1.0);
      found += rows.label[first];
      if (place <= positives) best += 1 / std::log2(place + 1.0);
    }
    ndcg += gain / best;
    recall += found / positives;
    groups += 1;
  }
  return {ndcg / groups, recall / groups};
}

double DivergenceByLoop(const Sample& s) {
  double sum = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    const double t = s.label[i], p = s.probability[i];
    if (t > 0) sum += t * std::log(t / p);
    if (t < 1) sum += (1 - t) * std::log((1 - t) / (1 - p));
  }
  return sum / static_cast<double>(s.size());
}

// of(logit): the row's value of the field. Values with few positives in `all` are one.
template <typename F>
double FieldErrorByLoop(const Sample& all, const Sample& drawn, F of) {
  std::map<uint64_t, double> positives;
  for (size_t i = 0; i < all.size(); ++i) positives[of(all.logit[i])] += all.label[i];
  std::map<uint64_t, Sample> fields;
  for (size_t i = 0; i < drawn.size(); ++i) {
    const uint64_t value = of(drawn.logit[i]);
    fields[positives[value] < 30 ? 1000 : value].Add(drawn, i);
  }
  double sum = 0, rows = 0;
  for (const auto& [value, of_value] : fields) {
    if (std::isinf(PcocByLoop(of_value))) continue;  // no positives
    sum += static_cast<double>(of_value.size()) * std::abs(PcocByLoop(of_value) - 1);
    rows += static_cast<double>(of_value.size());
  }
  return sum / rows;
}

std::vector<uint8_t> RandomCounts(uint64_t seed) {
  std::vector<uint8_t> counts(kGroups);
  for (uint64_t g = 0; g < kGroups; ++g) {
    counts[g] = static_cast<uint8_t>(Random(seed, RandomPurpose::kTest, g, 9) % 3);
  }
  return counts;
}

TEST(ResampledMetricTest, EveryMetricEqualsPlainLoopsOverTheDrawnRows) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const Sample sample = RandomSample(seed, seed % 2 == 0, seed > 4);
    const MetricRows rows = sample.rows();
    for (uint64_t draw = 0; draw < 3; ++draw) {
      const std::vector<uint8_t> counts =
          draw == 0 ? std::vector<uint8_t>(kGroups, 1) : RandomCounts(10 * seed + draw);
      const Sample drawn = Draw(sample, counts);
      EXPECT_NEAR(*NewAuc(rows)->Value(counts), AucByPairs(drawn.logit, drawn.label, Ones(drawn)),
                  1e-11);
      EXPECT_NEAR(*NewKs(rows, kGroups)->Value(counts), KsByThresholds(drawn), 1e-11);
      EXPECT_NEAR(*NewCalibrationError(rows, kGroups)->Value(counts), EceByLoop(drawn), 1e-11);
      EXPECT_NEAR(*NewLogLoss(rows, kGroups)->Value(counts), LogLossByLoop(drawn), 1e-11);
      EXPECT_NEAR(*NewNormalizedEntropy(rows, kGroups)->Value(counts),
                  LogLossByLoop(drawn) / EntropyByLoop(drawn), 1e-11);
      EXPECT_NEAR(*NewPcoc(rows, kGroups)->Value(counts), PcocByLoop(drawn), 1e-11);
      EXPECT_NEAR(*NewDivergence(rows, kGroups)->Value(counts), DivergenceByLoop(drawn), 1e-11);
      const auto field_of = [](double z) { return z < -2.5 ? 7u : z < -1 ? 3u : z < 2 ? 9u : 2u; };
      std::vector<uint64_t> field;
      for (const double z : sample.logit) field.push_back(field_of(z));
      EXPECT_NEAR(*NewFieldError(rows, field)->Value(counts),
                  FieldErrorByLoop(sample, drawn, field_of), 1e-11);
      if (seed > 4) continue;  // the others take 0 or 1
      EXPECT_NEAR(*NewGroupAuc(rows, kGroups)->Value(counts), GaucByLoop(drawn), 1e-11);
      for (const uint32_t k : {1u, 3u, 1000u}) {
        const auto [ndcg, recall] = RankingByLoop(drawn, k);
        EXPECT_NEAR(*NewNdcg(rows, kGroups, k)->Value(counts), ndcg, 1e-11);
        EXPECT_NEAR(*NewRecall(rows, kGroups, k)->Value(counts), recall, 1e-11);
      }
    }
  }
}

TEST(ResampledMetricTest, NothingDrawnIsUndefined) {
  const Sample sample = RandomSample(1, false, false);
  const MetricRows rows = sample.rows();
  const std::vector<uint8_t> none(kGroups, 0);
  EXPECT_FALSE(NewAuc(rows)->Value(none).has_value());
  EXPECT_FALSE(NewKs(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewCalibrationError(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewLogLoss(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewNormalizedEntropy(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewPcoc(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewDivergence(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewShareAboveOne(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewFieldError(rows, sample.row_id)->Value(none).has_value());
  EXPECT_FALSE(NewGroupAuc(rows, kGroups)->Value(none).has_value());
  EXPECT_FALSE(NewNdcg(rows, kGroups, 5)->Value(none).has_value());
}

TEST(ResampledMetricTest, OneClassAloneHasNeitherAucNorKs) {
  const std::vector<uint8_t> once(kGroups, 1);
  for (const double label : {0.0, 1.0}) {
    Sample sample = RandomSample(1, false, false);
    std::fill(sample.label.begin(), sample.label.end(), label);
    EXPECT_FALSE(NewAuc(sample.rows())->Value(once).has_value());
    EXPECT_FALSE(NewKs(sample.rows(), kGroups)->Value(once).has_value());
    EXPECT_FALSE(NewGroupAuc(sample.rows(), kGroups)->Value(once).has_value());
  }
}

TEST(ResampledMetricTest, TheShareAboveOneCountsRatios) {
  Sample sample = RandomSample(1, false, false);
  sample.probability[3] = 1.5;
  sample.probability[5] = 1;
  sample.probability[8] = 2e6;
  std::vector<uint8_t> counts(kGroups, 1);
  EXPECT_DOUBLE_EQ(*NewShareAboveOne(sample.rows(), kGroups)->Value(counts), 2.0 / 400);
}

TEST(ResampledMetricTest, LossOfLogitsBeyondSevenHundredIsFinite) {
  Sample sample = RandomSample(1, false, false);
  sample.logit[0] = 1e9;
  sample.logit[1] = -HUGE_VAL;
  sample.label[0] = 0;
  sample.label[1] = 1;
  const std::vector<uint8_t> once(kGroups, 1);
  EXPECT_TRUE(std::isfinite(*NewLogLoss(sample.rows(), kGroups)->Value(once)));
}

TEST(GroupValuesTest, NumbersGroupsByAscendingId) {
  const GroupNumbers got = NumberGroups(std::vector<uint64_t>{70, 5, 70, 9});
  EXPECT_EQ(got.ids, (std::vector<uint64_t>{5, 9, 70}));
  EXPECT_EQ(got.of_row, (std::vector<uint32_t>{2, 0, 2, 1}));
}

TEST(ResampledMetricTest, AWeightIsAsManyRows) {
  for (const bool rounded : {false, true}) {
    const Sample sample = RandomSample(8, rounded, false);
    std::vector<double> weight;
    Sample repeated;
    for (size_t i = 0; i < sample.size(); ++i) {
      weight.push_back(std::floor(4 * TestUniform(8, i, 9)));
      for (int copy = 0; copy < weight[i]; ++copy) repeated.Add(sample, i);
    }
    MetricRows rows = sample.rows();
    rows.weight = weight;
    const std::vector<uint8_t> once(kGroups, 1);
    const auto expect_equal = [&](const auto& make) {
      const auto got = make(rows)->Value(once), expected = make(repeated.rows())->Value(once);
      ASSERT_TRUE(got.has_value() && expected.has_value());
      EXPECT_NEAR(*got, *expected, 1e-12);
    };
    expect_equal([](const MetricRows& r) { return NewAuc(r); });
    expect_equal([](const MetricRows& r) { return NewKs(r, kGroups); });
    expect_equal([](const MetricRows& r) { return NewLogLoss(r, kGroups); });
    expect_equal([](const MetricRows& r) { return NewNormalizedEntropy(r, kGroups); });
    expect_equal([](const MetricRows& r) { return NewPcoc(r, kGroups); });
    expect_equal([](const MetricRows& r) { return NewGroupAuc(r, kGroups); });
    expect_equal(
        [](const MetricRows& r) { return NewFieldError(r, std::vector<uint64_t>(r.size(), 1)); });
  }
}

}  // namespace
}  // namespace chorus::worker::testing
