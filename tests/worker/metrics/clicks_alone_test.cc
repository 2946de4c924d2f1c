#include "worker/metrics/clicks_alone.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/worker/metrics/metrics_testing.h"
#include "worker/metrics/doubts.h"

namespace chorus::worker::testing {
namespace {

TEST(ClicksAloneTest, NothingOfConversionsIsLeft) {
  Rows rows = RandomRows(4000, 1);
  std::fill(rows.conversion.begin(), rows.conversion.end(), uint8_t{0});
  Evaluation evaluation = rows.Evaluate(false);
  const Evaluation whole = evaluation;
  evaluation.add_ranking()->set_k(2);
  LeaveOutConversions(&evaluation);
  ASSERT_EQ(evaluation.task_size(), 1);
  EXPECT_EQ(evaluation.task(0).SerializeAsString(), whole.task(0).SerializeAsString());
  EXPECT_EQ(evaluation.rows(), whole.rows());
  const std::string table = FormatEvaluation(evaluation);
  for (const char* word : {"cvr", "CVR", "conversions"}) {
    EXPECT_EQ(table.find(word), std::string::npos) << word << "\n" << table;
  }
  for (const Doubt& doubt : DoubtsOf(evaluation, TrainConfig())) {
    EXPECT_EQ(doubt.text.find("labels are 0"), std::string::npos) << doubt.text;
  }
}

}  // namespace
}  // namespace chorus::worker::testing
