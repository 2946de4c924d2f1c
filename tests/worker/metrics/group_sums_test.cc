#include "worker/metrics/group_sums.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/metrics/group_testing.h"
#include "tests/worker/metrics/metrics_testing.h"

namespace chorus::worker::testing {
namespace {

__extension__ typedef __float128 Quad;
const std::vector<uint32_t> kFirst = {1, 4};

// Rows of groups of uneven sizes; some come twice, with other labels, so that their order shows.
std::vector<GroupedRow> RandomGroupedRows(size_t n, uint64_t seed) {
  const Rows random = RandomRows(n, seed, 3);
  std::vector<GroupedRow> rows;
  for (size_t i = 0; i < n; ++i) {
    GroupedRow row;
    const double u = Uniform(seed, i, 30);
    row.group = static_cast<uint64_t>(80 * u * u);
    row.row_id = i / 2;
    for (const Task task : {Task::kCtr, Task::kCvr, Task::kCtcvr}) {
      row.logit[static_cast<size_t>(task)] = LogitOf(random.predictions[i / 2], task);
    }
    row.weight = static_cast<float>(0.5 + Uniform(seed, i, 31));
    row.click = random.click[i];
    row.conversion = random.click[i] != 0 && random.conversion[i] != 0;
    rows.push_back(row);
  }
  return rows;
}

GroupSums SumsOf(const std::vector<GroupedRow>& rows, uint32_t threads = 1) {
  GroupedRows kept;
  for (const GroupedRow& row : rows) kept.Add(row);
  EXPECT_EQ(kept.rows(), rows.size());
  return kept.TakeSums(kFirst, threads);
}

Evaluation ReportOf(const GroupSums& sums, uint64_t rows) {
  Evaluation evaluation;
  for (size_t t = 0; t < kTasks; ++t) evaluation.add_task()->set_rows(rows);
  sums.AddTo(&evaluation);
  return evaluation;
}

TEST(GroupSumsTest, NeitherPartsNorThreadsShow) {
  const std::vector<GroupedRow> rows = RandomGroupedRows(3000, 1);
  GroupSums at_once(kFirst);
  at_once.Add(rows);
  const std::string expected = ReportOf(at_once, rows.size()).SerializeAsString();
  EXPECT_EQ(ReportOf(SumsOf(rows, 3), rows.size()).SerializeAsString(), expected);
  for (uint32_t workers = 1; workers <= 4; ++workers) {
    std::vector<std::vector<GroupedRow>> parts(workers);
    for (const GroupedRow& row : rows) parts[WorkerOfGroup(row.group, workers)].push_back(row);
    GroupSums all(kFirst);
    for (const auto& part : parts) {
      EXPECT_GT(part.size(), 3000 / workers / 4) << "of " << workers;
      ASSERT_TRUE(all.Merge(SumsOf(part).Serialize()).ok());
    }
    EXPECT_EQ(ReportOf(all, rows.size()).SerializeAsString(), expected) << workers;
  }
}

// By the plain functions over all rows, whose means are sums in the order of the groups: these
// reports are at least as near to the true means.
TEST(GroupSumsTest, MeansAreAsExactAsDoublesAre) {
  Quad errors = 0, errors_in_order = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<GroupedRow> rows = RandomGroupedRows(1000, seed);
    TaskRows task;
    std::vector<uint64_t> ids;
    for (const GroupedRow& row : rows) {
      ids.push_back(row.group);
      task.logit.push_back(row.logit[0]);
      task.label.push_back(row.click);
      task.row_id.push_back(row.row_id);
      task.weight.push_back(static_cast<double>(row.weight));
    }
    const GroupNumbers numbers = NumberGroups(ids);
    task.group = numbers.of_row;
    const auto groups = static_cast<uint32_t>(numbers.ids.size());
    const GroupValues auc = AucOfGroups(task.view(), RankGroups(task.view(), groups));
    Quad sum = 0, weight = 0;
    for (size_t g = 0; g < groups; ++g) {
      sum += static_cast<Quad>(auc.weight[g]) * static_cast<Quad>(auc.value[g]);
      weight += static_cast<Quad>(auc.weight[g]);
    }
    const Evaluation got = ReportOf(SumsOf(rows), rows.size());
    const auto error = [&](double mean) {
      const Quad difference = static_cast<Quad>(mean) - sum / weight;
      return difference < 0 ? -difference : difference;
    };
    EXPECT_LE(static_cast<double>(error(got.task(0).gauc())), 0x1p-52) << seed;
    errors += error(got.task(0).gauc());
    errors_in_order += error(*auc.Mean());
    EXPECT_EQ(got.task(0).gauc_groups(), auc.groups_counted());
    EXPECT_EQ(got.groups(), groups);
  }
  EXPECT_LT(static_cast<double>(errors), static_cast<double>(errors_in_order));
}

TEST(GroupSumsTest, AMessageThatIsNotWholeIsRefused) {
  const std::string bytes = SumsOf(RandomGroupedRows(50, 2)).Serialize();
  for (const size_t size : {size_t{0}, size_t{5}, size_t{20}, bytes.size() - 1}) {
    GroupSums sums(kFirst);
    EXPECT_EQ(sums.Merge(bytes.substr(0, size)).code(), Code::kDataLoss) << size;
  }
  GroupSums sums(kFirst);
  EXPECT_EQ(sums.Merge(bytes + "x").code(), Code::kDataLoss);
}

TEST(GroupSumsTest, WithoutRowsThereAreNoMeans) {
  const Evaluation evaluation = ReportOf(GroupSums(kFirst), 10);
  EXPECT_EQ(evaluation.groups(), 0u);
  EXPECT_FALSE(evaluation.task(0).has_gauc());
  ASSERT_EQ(evaluation.ranking_size(), 2);
  EXPECT_FALSE(evaluation.ranking(1).has_ndcg());
}

}  // namespace
}  // namespace chorus::worker::testing
