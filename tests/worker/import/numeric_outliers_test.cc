// A value that is far beyond all others of its column is said with its place; values that are only
// spread widely are not.

#include "worker/import/numeric_outliers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/random.h"
#include "tests/worker/import/import_testing.h"

namespace chorus::worker {
namespace {

std::vector<std::string> LinesOf(const std::string& transform, const std::vector<double>& values) {
  const ImportSchema schema =
      MakeSchema(StrCat("numeric { column: 'price' transform: ", transform, " }"));
  const auto plan = PlanColumns(schema, {"click", "sale", "price"}, {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  NumericOutliers outliers(*plan);
  for (size_t i = 0; i < values.size(); ++i) {
    ParsedRow row;
    row.exposure.numerics = {transform == "LOG_STANDARD" ? std::log1p(values[i]) : values[i]};
    outliers.Add(row.context, row.exposure, [&] { return StrCat("in.csv:", i + 2); });
  }
  return outliers.Describe();
}

double Draw(uint64_t i) { return ToNormal(Random(1, RandomPurpose::kTest, i, 0)); }

std::vector<double> Prices(size_t rows) {
  std::vector<double> values;
  for (size_t i = 0; i < rows; ++i) values.push_back(std::exp(2 + Draw(i)));
  return values;
}

TEST(NumericOutliersTest, OneAbsurdValueIsNamedWithColumnAndRow) {
  for (const char* transform : {"STANDARD", "LOG_STANDARD", "NONE"}) {
    for (const size_t rows : {100u, 5000u}) {
      std::vector<double> values = Prices(rows);
      EXPECT_TRUE(LinesOf(transform, values).empty());
      values[40] = 1e25;
      const std::vector<std::string> lines = LinesOf(transform, values);
      ASSERT_EQ(lines.size(), 1u) << transform << " " << rows;
      EXPECT_NE(lines[0].find("numeric 'price': 1e+25 in in.csv:42 is far beyond"),
                std::string::npos)
          << lines[0];
      EXPECT_NE(lines[0].find("missing_marker"), std::string::npos);
    }
  }
}

TEST(NumericOutliersTest, WhatIsMerelySpreadWidelyIsNotNamed) {
  std::vector<double> amounts, signs, counts;
  for (uint64_t i = 0; i < 5000; ++i) {
    amounts.push_back(std::exp(5 * Draw(i)));  // 1e-8 to 1e8
    signs.push_back(Draw(i));
    counts.push_back(i % 50 == 0 ? static_cast<double>(i) : 0);
  }
  EXPECT_TRUE(LinesOf("STANDARD", amounts).empty());
  EXPECT_TRUE(LinesOf("STANDARD", signs).empty());
  EXPECT_TRUE(LinesOf("STANDARD", counts).empty());
  EXPECT_TRUE(LinesOf("STANDARD", {1, 1e30}).empty());  // too few to tell
  EXPECT_TRUE(LinesOf("STANDARD", std::vector<double>(100, NAN)).empty());
}

TEST(NumericOutliersTest, OneAbsurdValueOfASlotIsNamedWithSlotAndRow) {
  const ImportSchema schema = MakeSchema(
      "slot { column: 'item' } slot { column: 'history' separator: '|' value_separator: ':' }");
  const auto plan = PlanColumns(schema, {"click", "sale", "item", "history"}, {});
  ASSERT_OK(plan.status());
  for (const float worst : {1.5f, 1e38f}) {
    NumericOutliers outliers(*plan);
    for (size_t i = 0; i < 100; ++i) {
      ParsedRow row;
      row.exposure.keys.resize(3);
      row.exposure.values = {1, 0.5f, i == 40 ? worst : 2};
      row.exposure.slot_ends = {1, 3};
      outliers.Add(row.context, row.exposure, [&] { return StrCat("in.csv:", i + 2); });
    }
    const std::vector<std::string> lines = outliers.Describe();
    ASSERT_EQ(lines.size(), worst > 2 ? 1u : 0u);
    if (lines.empty()) continue;
    EXPECT_EQ(lines[0].find("slot 'history': the value 1e+38 in in.csv:42 is far beyond"), 0u)
        << lines[0];
    EXPECT_NE(lines[0].find("value_clip"), std::string::npos);
  }
}

}  // namespace
}  // namespace chorus::worker
