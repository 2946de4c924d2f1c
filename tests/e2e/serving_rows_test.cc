// Rows as programs hold them: numbers, texts and lists say the same as the text that import reads;
// contexts are shared; what a model cannot read, and a damaged export, are refused by name.

#include "tests/e2e/serving_testing.h"

namespace chorus::e2e {
namespace {

using launch::InputColumn;

class ServedRowsTest : public ServingTest {
 protected:
  void SetUp() override {
    ServingTest::SetUp();
    TrainAndExport("objective { esmm {} }");
    scorer_ = Load();
    ASSERT_NE(scorer_, nullptr);
  }

  // With another column in place of the text one.
  ServedScores ScoresWith(int first, int end, const InputColumn& column) {
    TextColumns rows = AllColumns(first, end);
    Replace(column, &rows);
    return ScoresOf(*scorer_, rows.columns());
  }
  std::string ErrorWith(int first, int end, const InputColumn& column) {
    TextColumns rows = AllColumns(first, end);
    Replace(column, &rows);
    ServedScores scores(end - first);
    return scorer_->Score(rows.columns(), scores.spans()).ToString();
  }
  static void Replace(const InputColumn& column, TextColumns* rows) {
    for (InputColumn& there : rows->columns().columns) {
      if (there.name == column.name) there = column;
    }
  }

  std::unique_ptr<launch::Scorer> scorer_;
};

TEST_F(ServedRowsTest, IntegersAreTheIdsThatTheirTextsAre) {
  std::vector<int64_t> items;
  std::vector<double> decimals;
  for (int i = 0; i < 90; ++i) {
    items.push_back(i % 9 == 0 ? -7 : i * 7 % 13);  // -7 is a marker of missing values
    decimals.push_back(i % 18 == 0 ? std::nan("") : static_cast<double>(items.back()));
  }
  const ServedScores expected = ScoresOf(*scorer_, AllColumns(0, 90).columns());
  InputColumn column{.name = "item", .type = InputColumn::Type::kInt64, .elements = 90};
  column.values = items.data();
  ExpectEqual(ScoresWith(0, 90, column), expected, 0);
  column.type = InputColumn::Type::kFloat64;
  column.values = decimals.data();
  ExpectEqual(ScoresWith(0, 90, column), expected, 0);
}

TEST_F(ServedRowsTest, FloatsAreTheIdsOfTheirIntegersOrNone) {
  std::vector<double> decimals(90, 3);
  std::vector<std::string> cells(90, "3");
  const std::pair<double, const char*> ids[] = {
      {100000, "100000"}, {0.0001, "0.0001"}, {-2e9, "-2000000000"}, {-7, "-7.0"}, {7.5, "7.5"}};
  for (size_t i = 0; i < std::size(ids); ++i) {
    decimals[i] = ids[i].first;
    cells[i] = ids[i].second;
  }
  TextColumns written(0, 90, {0, 1, 3, 4, 5});
  written.Add("item", cells);
  InputColumn column{.name = "item", .type = InputColumn::Type::kFloat64, .elements = 90};
  column.values = decimals.data();
  ExpectEqual(ScoresWith(0, 90, column), ScoresOf(*scorer_, written.columns()), 0);
  decimals[5] = 9007199254740992;
  EXPECT_NE(ErrorWith(0, 90, column)
                .find("column 'item': row 5: found 9007199254740992.0, expected an id that its "
                      "number tells apart"),
            std::string::npos)
      << ErrorWith(0, 90, column);
}

TEST_F(ServedRowsTest, NumbersAreWhatTheirTextsSay) {
  std::vector<double> prices;
  std::vector<uint8_t> there;
  for (int i = 0; i < 90; ++i) {
    prices.push_back(i % 12 == 0 ? -7 : i * 5 % 11 + 0.25);  // a marker
    there.push_back(i % 12 == 6 ? 0 : 1);
  }
  InputColumn column{.name = "price", .type = InputColumn::Type::kFloat64, .elements = 90};
  column.values = prices.data();
  column.there = there.data();
  const ServedScores expected = ScoresOf(*scorer_, AllColumns(0, 90).columns());
  ExpectEqual(ScoresWith(0, 90, column), expected, 0);
  prices[1] = HUGE_VAL;
  EXPECT_NE(ErrorWith(0, 90, column).find("column 'price': row 1: found inf"), std::string::npos)
      << ErrorWith(0, 90, column);
}

TEST_F(ServedRowsTest, ListsAreTheTextsThatTheyAreWrittenAs) {
  std::vector<int64_t> ids, lists = {0};
  std::vector<float> factors;
  for (int i = 0; i < 90; ++i) {
    const int user = i / 4 % 17;
    for (int k = 0; k < user % 6; ++k) {
      ids.push_back(user + 3 * k);
      factors.push_back(static_cast<float>(k) + 0.5f);
    }
    lists.push_back(static_cast<int64_t>(ids.size()));
  }
  InputColumn column{.name = "seen", .type = InputColumn::Type::kInt64};
  column.elements = static_cast<int64_t>(ids.size());
  column.values = ids.data();
  column.lists = lists.data();
  column.factors = factors.data();
  const ServedScores expected = ScoresOf(*scorer_, AllColumns(0, 90).columns());
  ExpectEqual(ScoresWith(0, 90, column), expected, 0);
  column.factors = nullptr;
  EXPECT_NE(ErrorWith(0, 90, column).find("column 'seen': row 4: found an id without a factor"),
            std::string::npos)
      << ErrorWith(0, 90, column);
  column.name = "item";
  EXPECT_NE(ErrorWith(0, 90, column).find("column 'item': row 8: found 2 ids, expected one"),
            std::string::npos)
      << ErrorWith(0, 90, column);
  column.name = "age";
  EXPECT_NE(ErrorWith(0, 90, column).find("column 'age': found lists"), std::string::npos);
}

TEST_F(ServedRowsTest, ContextsMayStandBesideTheirExposures) {
  const TextColumns contexts(0, 40, {0, 1, 4}), exposures(0, 40, {2, 3, 5});
  // Exposure i of context i / 4 * 4 has the columns of row i: they are those of one table.
  std::vector<int64_t> of;
  for (int i = 0; i < 40; ++i) of.push_back(i / 4 * 4);
  const ServedScores expected = ScoresOf(*scorer_, AllColumns(0, 40).columns());
  ServedScores scores(40);
  ASSERT_TRUE(scorer_->Score(contexts.columns(), exposures.columns(), of, scores.spans()).ok());
  ExpectEqual(scores, expected, 1e-9);
  of[7] = 40;
  const Status beyond = scorer_->Score(contexts.columns(), exposures.columns(), of, scores.spans());
  EXPECT_NE(beyond.ToString().find("exposure 7 has context 40"), std::string::npos);
  of.pop_back();
  EXPECT_FALSE(scorer_->Score(contexts.columns(), exposures.columns(), of, scores.spans()).ok());
}

TEST_F(ServedRowsTest, ScoresDoNotDependOnTheRowsBeside) {
  const ServedScores all = ScoresOf(*scorer_, AllColumns(0, kRows).columns());
  for (const int first : {0, 1, 77, 300, kRows - 1}) {
    const ServedScores one = ScoresOf(*scorer_, AllColumns(first, first + 1).columns());
    const auto at = static_cast<size_t>(first);
    EXPECT_NEAR(one.pctr[0], all.pctr[at], 1e-7) << first;
    EXPECT_NEAR(one.pcvr[0], all.pcvr[at], 1e-7) << first;
  }
  EXPECT_TRUE(ScoresOf(*scorer_, AllColumns(5, 5).columns()).pctr.empty());
}

TEST_F(ServedRowsTest, ColumnsThatAreNotThereAreNamed) {
  ServedScores scores(3);
  const TextColumns some(0, 3, {0, 2, 5});
  const std::string error = scorer_->Score(some.columns(), scores.spans()).ToString();
  EXPECT_NE(error.find("there is no column 'seen', 'age', 'tags'; found: 'user', 'item', 'price'"),
            std::string::npos)
      << error;
  TextColumns twice = AllColumns(0, 3);
  twice.Add("item", {"1", "2", "3"});
  EXPECT_NE(scorer_->Score(twice.columns(), scores.spans()).ToString().find("two columns 'item'"),
            std::string::npos);
  TextColumns by_feature(0, 3, {0, 2, 3, 4, 5});
  by_feature.Add("history", {"", "2:1", ""});
  EXPECT_TRUE(scorer_->Score(by_feature.columns(), scores.spans()).ok()) << "the model's own names";
}

TEST_F(ServedRowsTest, CellsThatAreNoNumberAreNamed) {
  TextColumns rows(0, 3, {0, 1, 2, 3, 4});
  rows.Add("price", {"1", "cheap", "2"});
  ServedScores scores(3);
  const std::string error = scorer_->Score(rows.columns(), scores.spans()).ToString();
  EXPECT_NE(error.find("column 'price': row 1: found 'cheap', expected a finite number"),
            std::string::npos)
      << error;
}

TEST_F(ServedRowsTest, DamagedExportsAreRefusedByName) {
  const auto expect = [&](const std::string& file, const std::string& bytes,
                          const std::string& error) {
    const std::string path = JoinPath("model", file);
    const std::string good = *ReadWholeFile(*files_, path);
    ASSERT_TRUE(ReplaceFile(*files_, path, bytes).ok());
    const std::string found = LoadError();
    EXPECT_NE(found.find(path), std::string::npos) << found;
    EXPECT_NE(found.find(error), std::string::npos) << found;
    ASSERT_TRUE(ReplaceFile(*files_, path, good).ok());
  };
  const std::string weights = *ReadWholeFile(*files_, "model/a.weights.f32");
  expect("a.weights.f32", weights.substr(4), "bytes; expected: float32 [");
  std::string flipped = weights;
  flipped[9] = static_cast<char>(flipped[9] ^ 1);
  expect("a.weights.f32", flipped, "the file is damaged, or of another export");
  expect("manifest.json", "{", "DataLoss");
  expect("manifest.json", "{\"format\": \"chorus-export 3\"}", "expected: \"chorus-export 4\"");
  expect("manifest.json", "{\"format\": \"chorus-export 4\"}", "export the checkpoint again");
  const std::string manifest = *ReadWholeFile(*files_, "model/manifest.json");
  std::string other = manifest;
  other.replace(other.find("\"layer\": \"dense\""), 16, "\"layer\": \"logit\"");
  expect("manifest.json", other, "which this build makes otherwise");
  EXPECT_NE(Load(), nullptr);
  ASSERT_TRUE(files_->Remove("model/b.keys.u64").ok());
  EXPECT_NE(LoadError().find("model/b.keys.u64"), std::string::npos) << LoadError();
  ASSERT_TRUE(files_->Remove("model/manifest.json").ok());
  EXPECT_NE(LoadError().find("model: no export of a model"), std::string::npos) << LoadError();
}

// Its checksum is right: only the values are wrong.
TEST_F(ServedRowsTest, WeightsThatAreNoNumbersAreRefused) {
  const auto rewrite = [&](const std::string& file, size_t at, const void* value, size_t size) {
    std::string bytes = *ReadWholeFile(*files_, JoinPath("model", file));
    std::string manifest = *ReadWholeFile(*files_, "model/manifest.json");
    const std::string before = HexDigits(Checksum(bytes));
    bytes.replace(at, size, static_cast<const char*>(value), size);
    manifest.replace(manifest.find(before), 16, HexDigits(Checksum(bytes)));
    ASSERT_TRUE(ReplaceFile(*files_, JoinPath("model", file), bytes).ok());
    ASSERT_TRUE(ReplaceFile(*files_, "model/manifest.json", manifest).ok());
  };
  const std::string keys = *ReadWholeFile(*files_, "model/a.keys.u64");
  const float nan = std::nanf("");
  const uint64_t high = UINT64_MAX;
  rewrite("a.keys.u64", 0, &high, sizeof(high));
  EXPECT_NE(LoadError().find("expected: ascending keys"), std::string::npos) << LoadError();
  rewrite("a.keys.u64", 0, keys.data(), sizeof(high));
  rewrite("a.weights.f32", 8, &nan, sizeof(nan));
  EXPECT_NE(LoadError().find("a.weights.f32: a weight is not finite"), std::string::npos)
      << LoadError();
}

}  // namespace
}  // namespace chorus::e2e
