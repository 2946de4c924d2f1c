// Crossed slots teach a model what no column tells alone, and are made of the text, or the columns
// in memory, of whoever is scored.

#include <gtest/gtest.h>

#include "common/random.h"
#include "common/strings.h"
#include "tests/e2e/predict_export_testing.h"
#include "tests/e2e/serving_testing.h"
#include "worker/import/text_blocks.h"
#include "worker/import/text_rules.h"

namespace chorus::e2e {
namespace {

constexpr char kColumns[] = R"(
    click: 'click' conversion: 'sale' block_rows: 64
    slot { column: 'town' name: 'city' context: true } slot { column: 'item' }
    slot { column: 'age' context: true } )";
constexpr char kCrossed[] = R"(
    cross { slot: 'city' slot: 'item' } cross { slot: 'city' slot: 'age' name: 'who' })";
std::string Job(const std::string& tower = "") {
  return StrCat(R"(
    data { epochs: 4 } evaluate { log: 'test' group_metrics: false }
    table { name: 'a' dim: 4 optimizer { adagrad { lr: 0.3 initial_accumulator: 1e-4 } } }
    table { name: 'b' dim: 4 unseen: ZERO
            optimizer { adagrad { lr: 0.3 initial_accumulator: 1e-4 } } }
    objective { base { w_ctr: 1 w_cvr: 0 } } model { optimizer { adam { lr: 0.01 } } tower { )",
                tower, "} }");
}

struct MadeUpRow {
  std::string click, town, item, age;
};

// Whether a row is clicked is a coin of its city and item together: neither tells anything alone.
MadeUpRow RowAt(uint64_t i, uint64_t stream) {
  const auto draw = [&](uint64_t what) { return Random(5, RandomPurpose::kTest, stream, i, what); };
  const uint64_t town = draw(0) % 12, item = draw(1) % 12;
  const bool likely = Random(9, RandomPurpose::kTest, town, item) % 2 == 0;
  const bool clicked = draw(2) % 10 < (likely ? 9 : 1);
  return {clicked ? "1" : "0", draw(3) % 20 == 0 ? "" : StrCat("t", town),
          draw(4) % 20 == 0 ? "" : StrCat(item), StrCat(20 + draw(5) % 3, ".0")};
}

std::string TextRows(uint64_t rows, uint64_t stream) {
  std::string text = "click,sale,town,item,age\n";
  for (uint64_t i = 0; i < rows; ++i) {
    const MadeUpRow row = RowAt(i, stream);
    text += StrCat(row.click, ",0,", row.town, ",", row.item, ",", row.age, "\n");
  }
  return text;
}

constexpr uint64_t kTestRows = 600;

class CrossedModelTest : public ServingTest {
 protected:
  void SetUp() override {}

  // The AUC of clicks on other rows.
  double TrainedAuc(const std::string& schema) {
    EXPECT_TRUE(files_->RemoveRecursively("ckpt").ok());
    for (const char* log : {"train", "test"}) EXPECT_TRUE(files_->RemoveRecursively(log).ok());
    ImportRows(*files_, CompleteSchema(schema), TextRows(4000, 1), "train", "");
    ImportRows(*files_, CompleteSchema(schema), TextRows(kTestRows, 2), "test", "train");
    const Trained trained = TrainOn(*files_, JobConfig(Job()), Layout());
    EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
    if (!trained.status.ok()) return 0;
    checkpoint_ = trained.first().checkpoint;
    const auto evaluation = EvaluateOn(*files_, JobConfig(Job()), Layout(), checkpoint_);
    EXPECT_TRUE(evaluation.ok()) << evaluation.status().ToString();
    return evaluation.ok() ? evaluation->task(0).auc() : 0;
  }
};

TEST_F(CrossedModelTest, ASignalThatIsAProductOfTwoColumnsIsLearntWithTheirCrossAlone) {
  const double alone = TrainedAuc(kColumns);
  const double crossed = TrainedAuc(StrCat(kColumns, kCrossed));
  EXPECT_LT(alone, 0.65);
  EXPECT_GT(crossed, 0.8);
}

TEST_F(CrossedModelTest, TextAndColumnsInMemoryAreScoredAsTheLog) {
  TrainedAuc(StrCat(kColumns, kCrossed));
  const auto of_log = PredictOn(*files_, JobConfig(Job()), Layout(), checkpoint_);
  ASSERT_TRUE(of_log.ok()) << of_log.status().ToString();
  ASSERT_TRUE(ReplaceFile(*files_, "in.csv", TextRows(kTestRows, 2)).ok());
  const auto of_text = PredictRowsOn(
      *files_, JobConfig(Job()), Layout(), checkpoint_,
      [&](const worker::LogSchema& model) -> Result<std::unique_ptr<worker::RowSource>> {
        worker::TextOptions options;
        options.inputs = {"in.csv"};
        ASSIGN_OR_RETURN(options.schema, worker::TextRulesOf(model));
        ASSIGN_OR_RETURN(auto blocks, worker::TextBlocks::Open(*files_, options, model));
        return std::unique_ptr<worker::RowSource>(std::move(blocks));
      });
  ASSERT_TRUE(of_text.ok()) << of_text.status().ToString();
  EXPECT_TRUE(*of_text == *of_log);

  ASSERT_TRUE(launch::ExportModel(*files_, checkpoint_, "model", false).ok());
  const auto scorer = Load();
  ASSERT_NE(scorer, nullptr);
  std::vector<std::string> towns, items;
  std::vector<int64_t> ages;
  for (uint64_t i = 0; i < kTestRows; ++i) {
    const MadeUpRow row = RowAt(i, 2);
    towns.push_back(row.town);
    items.push_back(row.item);
    ages.push_back(std::stoll(row.age));
  }
  TextColumns rows(0, static_cast<int>(kTestRows), {});
  rows.Add("town", towns);
  rows.Add("item", items);
  launch::InputColumn age{.name = "age", .type = launch::InputColumn::Type::kInt64};
  age.elements = static_cast<int64_t>(kTestRows);
  age.values = ages.data();
  rows.columns().columns.push_back(age);
  const ServedScores scores = ScoresOf(*scorer, rows.columns());
  const std::vector<std::string> lines = Split(*of_log, '\n');
  for (size_t i = 0; i < kTestRows; ++i) {
    EXPECT_NEAR(scores.pctr[i], std::stod(Split(lines[i + 1], '\t').at(3)), 1e-6) << "row " << i;
  }
  ExpectEqual(ScoresOfScript(*files_, "model", TextRows(kTestRows, 2)), scores, 1e-6);
}

// A crossed slot is read, and the slots that it is made of are not.
TEST_F(CrossedModelTest, ColumnsOfACrossAreAskedForThoughNoLayerReadsThem) {
  TrainedAuc(StrCat(kColumns, kCrossed));
  const TrainConfig config =
      JobConfig(StrCat(Job("input: ['inputs.city_x_item', 'inputs.item']"),
                       "slot { name: 'city' ignore: true } slot { name: 'age' ignore: true } "
                       "slot { name: 'who' ignore: true }"));
  ASSERT_TRUE(files_->RemoveRecursively("ckpt").ok());
  const Trained trained = TrainOn(*files_, config, Layout());
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  ASSERT_TRUE(launch::ExportModel(*files_, trained.first().checkpoint, "model", false).ok());
  const auto scorer = Load();
  ASSERT_NE(scorer, nullptr);
  std::vector<std::string> names;
  for (const launch::FeatureInfo& feature : scorer->features()) names.push_back(feature.column);
  EXPECT_EQ(names, (std::vector<std::string>{"item", "town"}));
  TextColumns rows(0, 2, {});
  for (const std::string& name : names) rows.Add(name, {"1", "2"});
  ServedScores scores(2);
  EXPECT_TRUE(scorer->Score(rows.columns(), scores.spans()).ok());
}

}  // namespace
}  // namespace chorus::e2e
