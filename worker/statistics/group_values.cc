#include "worker/statistics/group_values.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "common/check.h"
#include "common/device_math.h"
#include "worker/statistics/auc.h"

namespace chorus::worker {
namespace {

// f(labels of the group in ranked order) -> {value, weight}, for each group.
template <typename F>
GroupValues OfEachGroup(const GroupRanking& ranking, F f) {
  const size_t groups = ranking.begin.size() - 1;
  GroupValues out;
  out.value.assign(groups, 0);
  out.weight.assign(groups, 0);
  for (size_t g = 0; g < groups; ++g) {
    const auto ranked =
        std::span(ranking.order).subspan(ranking.begin[g], ranking.begin[g + 1] - ranking.begin[g]);
    std::tie(out.value[g], out.weight[g]) = f(ranked);
  }
  return out;
}

uint32_t CountPositives(const MetricRows& rows, std::span<const uint32_t> ranked) {
  uint32_t positives = 0;
  for (const uint32_t i : ranked) positives += rows.label[i] >= 0.5;
  return positives;
}

double Discount(size_t position) {  // from 1
  return Log(2.0) / Log(static_cast<double>(position + 1));
}

}  // namespace

GroupNumbers NumberGroups(std::span<const uint64_t> group_of_row) {
  GroupNumbers out;
  out.ids.assign(group_of_row.begin(), group_of_row.end());
  std::sort(out.ids.begin(), out.ids.end());
  out.ids.erase(std::unique(out.ids.begin(), out.ids.end()), out.ids.end());
  out.ids.shrink_to_fit();
  out.of_row.reserve(group_of_row.size());
  for (const uint64_t id : group_of_row) {
    const auto at = std::lower_bound(out.ids.begin(), out.ids.end(), id);
    out.of_row.push_back(static_cast<uint32_t>(at - out.ids.begin()));
  }
  return out;
}

uint64_t GroupValues::groups_counted() const {
  return static_cast<uint64_t>(
      std::count_if(weight.begin(), weight.end(), [](double w) { return w > 0; }));
}

double GroupValues::total_weight() const {
  return std::accumulate(weight.begin(), weight.end(), 0.0);
}

std::optional<double> GroupValues::Mean(std::span<const uint8_t> counts) const {
  double sum = 0, total = 0;
  for (size_t g = 0; g < value.size(); ++g) {
    const double counted = counts.empty() ? weight[g] : counts[g] * weight[g];
    sum += counted * value[g];
    total += counted;
  }
  if (!(total > 0)) return std::nullopt;
  return sum / total;
}

GroupRanking RankGroups(const MetricRows& rows, uint32_t groups) {
  GroupRanking out;
  out.begin.assign(groups + 1, 0);
  for (const uint32_t g : rows.group) {
    CHECK(g < groups, "group=", g, " groups=", groups);
    ++out.begin[g + 1];
  }
  std::partial_sum(out.begin.begin(), out.begin.end(), out.begin.begin());
  out.order.resize(rows.size());
  std::vector<uint32_t> next(out.begin.begin(), out.begin.end() - 1);
  for (uint32_t i = 0; i < rows.size(); ++i) out.order[next[rows.group[i]]++] = i;
  const auto before = [&](uint32_t i, uint32_t j) {
    if (rows.logit[i] != rows.logit[j]) return rows.logit[i] > rows.logit[j];
    return rows.row_id[i] != rows.row_id[j] ? rows.row_id[i] < rows.row_id[j] : i < j;
  };
  for (uint32_t g = 0; g < groups; ++g) {
    std::sort(out.order.begin() + out.begin[g], out.order.begin() + out.begin[g + 1], before);
  }
  return out;
}

GroupValues AucOfGroups(const MetricRows& rows, const GroupRanking& ranking) {
  return OfEachGroup(ranking, [&](std::span<const uint32_t> ranked) {
    AucSums sums;
    double weight = 0;
    for (size_t begin = 0, end; begin < ranked.size(); begin = end) {
      end = begin + 1;
      while (end < ranked.size() && rows.logit[ranked[end]] == rows.logit[ranked[begin]]) ++end;
      double plus = 0, minus = 0;
      for (const uint32_t i : ranked.subspan(begin, end - begin)) {
        (rows.label[i] >= 0.5 ? plus : minus) += rows.weight_of(i);
      }
      sums.AddTie(minus, plus);  // logits descend
      weight += plus + minus;
    }
    const std::optional<double> auc = sums.Auc();
    if (!auc.has_value()) return std::pair(0.0, 0.0);
    return std::pair(*auc, weight);
  });
}

GroupValues NdcgOfGroups(const MetricRows& rows, const GroupRanking& ranking, uint32_t k) {
  return OfEachGroup(ranking, [&](std::span<const uint32_t> ranked) {
    const uint32_t positives = CountPositives(rows, ranked);
    if (positives == 0) return std::pair(0.0, 0.0);
    double gain = 0, best = 0;
    for (size_t p = 0; p < std::min<size_t>(k, ranked.size()); ++p) {
      if (rows.label[ranked[p]] >= 0.5) gain += Discount(p + 1);
      if (p < positives) best += Discount(p + 1);
    }
    return std::pair(gain / best, 1.0);
  });
}

GroupValues RecallOfGroups(const MetricRows& rows, const GroupRanking& ranking, uint32_t k) {
  return OfEachGroup(ranking, [&](std::span<const uint32_t> ranked) {
    const uint32_t positives = CountPositives(rows, ranked);
    if (positives == 0) return std::pair(0.0, 0.0);
    const auto first = ranked.first(std::min<size_t>(k, ranked.size()));
    return std::pair(CountPositives(rows, first) / static_cast<double>(positives), 1.0);
  });
}

}  // namespace chorus::worker
