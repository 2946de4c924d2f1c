// Text is scored as the log would be that import makes of it: to the bit, on any layout, in order,
// and with a line for every row.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/e2e/import_testing.h"
#include "tests/e2e/job_testing.h"
#include "worker/import/text_blocks.h"
#include "worker/import/text_rules.h"

namespace chorus::e2e {
namespace {

constexpr char kSchema[] = R"(
    click: 'click' conversion: 'sale' row_id: 'order' row_id_text: true
    slot { column: 'user' context: true } slot { column: 'item' }
    slot { column: 'tags' separator: '|' value_separator: ':' key_space: 'item' max_ids: 2 }
    numeric { column: 'age' context: true missing: -1 }
    numeric { column: 'price' transform: LOG_STANDARD } block_rows: 37 file_rows: 100)";

ImportSchema SchemaOf(const std::string& more = "") { return CompleteSchema(kSchema + more); }

// Rows with missing and odd cells; those from kOld on hold ids that no earlier row does.
constexpr int kOld = 300;
std::string Row(int i) {
  const bool click = i % 3 == 0;
  return StrCat(click ? 1 : 0, ",", click && i % 2 == 0 ? 1 : 0, ",o-", i, ",u", i / 4 % 17,
                i >= kOld ? "new" : "", ",", i % 9, i % 5 == 0 ? ".0" : "", ",", i % 7, ":", i % 3,
                ".5|", i % 4, ":1|8:2,", i / 4 % 3 == 0 ? "NULL" : StrCat(20 + i / 4 % 17), ",",
                i % 6 == 0 ? "" : StrCat(i % 11, ".25"), "\n");
}
constexpr char kHeader[] = "click,sale,order,user,item,tags,age,price\n";

std::string TextRows(int first, int end) {
  std::string text = kHeader;
  for (int i = first; i < end; ++i) text += Row(i);
  return text;
}

class PredictTextTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Import(TextRows(0, kOld), "train", "");
    const Trained trained = TrainOn(*files_, config_, Layout());
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    checkpoint_ = trained.first().checkpoint;
  }

  void Import(const std::string& text, const std::string& output, const std::string& like) {
    ImportRows(*files_, SchemaOf(), text, output, like);
  }

  Result<std::string> PredictText(const std::string& text, const Layout& layout,
                                  const worker::TextOptions& options) {
    RETURN_IF_ERROR(ReplaceFile(*files_, "in.csv", text));
    worker::TextOptions all = options;
    all.inputs = {"in.csv"};
    return PredictRowsOn(
        *files_, config_, layout, checkpoint_,
        [&](const worker::LogSchema& model) -> Result<std::unique_ptr<worker::RowSource>> {
          if (all.schema.slot_size() == 0) {
            ASSIGN_OR_RETURN(all.schema, worker::TextRulesOf(model));
          }
          ASSIGN_OR_RETURN(auto blocks, worker::TextBlocks::Open(*files_, all, model));
          return std::unique_ptr<worker::RowSource>(std::move(blocks));
        });
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  TrainConfig config_ = JobConfig("slot { name: 'tags' pooling: MEAN }");
  std::string checkpoint_;
};

TEST_F(PredictTextTest, ScoresAreThoseOfTheImportedLogOnAnyLayout) {
  // Longer than a step, with an end inside a grain.
  const std::string text = TextRows(kOld - 200, kOld + 133);
  Import(text, "test", "train");
  const auto expected =
      PredictOn(*files_, With(config_, "evaluate { log: 'test' }"), Layout(), checkpoint_);
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  EXPECT_TRUE(Split(*expected, '\n')[1].starts_with("o-100\t0\t0\t0.")) << "the text of its row id";
  const Layout wide = {.workers = 3, .servers = 2, .threads = 2, .shards = 5, .tcp = true};
  for (const Layout& layout : {Layout(), wide, Layout{.workers = 5}}) {
    const auto scores = PredictText(text, layout, {.schema = SchemaOf()});
    ASSERT_TRUE(scores.ok()) << scores.status().ToString();
    EXPECT_TRUE(*scores == *expected);
  }
  const auto by_model = PredictText(text, Layout(), {});
  ASSERT_TRUE(by_model.ok()) << by_model.status().ToString();
  EXPECT_TRUE(*by_model == *expected) << "the model knows how to read the text";
}

TEST_F(PredictTextTest, IdsThatWereNeverTrainedAreAWarningOfEveryPrediction) {
  const auto warnings = [&](int first, int end, const Layout& layout) {
    ::testing::internal::CaptureStderr();
    const auto scores = PredictText(TextRows(first, end), layout, {});
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(scores.ok()) << scores.status().ToString();
    return said;
  };
  const std::string expected = "slot \"user\": 100 % of its 100 ids were never trained";
  for (const Layout& layout : {Layout(), Layout{.workers = 3}}) {
    const std::string text = warnings(kOld, kOld + 100, layout);
    EXPECT_NE(text.find(expected), std::string::npos) << text;
    EXPECT_EQ(text.find("slot \"item\""), std::string::npos) << text;
    EXPECT_EQ(warnings(0, 100, layout).find("never trained"), std::string::npos);
  }
  Import(TextRows(kOld, kOld + 100), "new", "train");
  ::testing::internal::CaptureStderr();
  const auto scores =
      PredictOn(*files_, With(config_, "evaluate { log: 'new' }"), Layout(), checkpoint_);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(scores.ok()) << scores.status().ToString();
  EXPECT_NE(said.find(expected), std::string::npos) << said;
}

TEST_F(PredictTextTest, EveryRowHasALineAndABadOneNoScore) {
  const std::string good = TextRows(0, 150);
  const auto expected = PredictText(good, Layout(), {});
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  std::string text = kHeader;
  std::vector<int> bad;
  for (int i = 0; i < 150; ++i) {
    if (i % 40 == 0) bad.push_back(i + static_cast<int>(bad.size()));
    if (i % 40 == 0) text += StrCat("1,0,bad-", i, ",u,1,,old,1\n");
    text += Row(i);
  }
  text += "1,0,last\n";
  for (const Layout& layout : {Layout(), Layout{.workers = 3}}) {
    EXPECT_FALSE(PredictText(text, layout, {}).ok());
    const auto scores = PredictText(text, layout, {.max_bad_rows = 5});
    ASSERT_TRUE(scores.ok()) << scores.status().ToString();
    std::vector<std::string> lines = Split(*scores, '\n');
    ASSERT_EQ(lines.size(), 1u + 150u + 4u + 1u + 1u);
    EXPECT_EQ(lines[1], "bad-0\t1\t0\t\t\t");
    EXPECT_EQ(lines[155], "\t\t\t\t\t");
    lines.erase(lines.begin() + 155);
    for (auto at = bad.rbegin(); at != bad.rend(); ++at) lines.erase(lines.begin() + 1 + *at);
    EXPECT_EQ(Join(lines, "\n"), *expected) << "the other rows' scores are what they were";
  }
}

TEST_F(PredictTextTest, ATextWithoutRowsHasNoScores) {
  const auto scores = PredictText(kHeader, Layout{.workers = 2}, {});
  ASSERT_TRUE(scores.ok()) << scores.status().ToString();
  EXPECT_EQ(*scores, "row_id\tclick\tconversion\tpctr\tpcvr\tpctcvr\n");
}

}  // namespace
}  // namespace chorus::e2e
