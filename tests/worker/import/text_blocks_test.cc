#include "worker/import/text_blocks.h"

#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/import.h"
#include "worker/import/text_rules.h"
#include "worker/log/cell_rules.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

constexpr char kSchema[] = R"(
    slot { column: 'user' context: true } slot { column: 'item' }
    slot { column: 'tags' separator: '|' value_separator: ':' }
    numeric { column: 'age' context: true missing: -3 }
    numeric { column: 'price' transform: LOG_STANDARD } block_rows: 4)";

// Rows of `kSchema`, contexts of three rows, missing and odd cells.
std::string Rows(int rows) {
  std::string text = "click,sale,user,item,tags,age,price\n";
  for (int i = 0; i < rows; ++i) {
    text += StrCat(i % 2, ",", i % 4 == 1 ? 1 : 0, ",u", i / 3, ",", i % 5, i % 7 == 0 ? ".0" : "",
                   ",a:", i, "|b:0.5,", i / 3 % 2 == 0 ? "NA" : StrCat(20 + i / 3), ",",
                   i % 6 == 0 ? "-" : StrCat(i * 1.5), "\n");
  }
  return text;
}

class TextBlocksTest : public ::testing::Test {
 protected:
  // The columns of a log of 30 rows, as a model has them.
  void SetUp() override {
    WriteFile(*files_, "in.csv", Rows(30));
    ASSERT_OK(
        ImportText(*files_, MakeSchema(kSchema), {.inputs = {"in.csv"}, .output = "log"}).status());
    auto log = LogReader::Open(*files_, {"log"});
    ASSERT_OK(log.status());
    log_ = std::move(log).value();
    model_ = log_->schema();
  }

  TextOptions Options(const std::string& more = "", const std::string& input = "in.csv") {
    return {.schema = MakeSchema(kSchema + more), .inputs = {input}};
  }

  // Every block, and every row.
  struct Read {
    Status status;
    std::vector<Batch> blocks;
    std::vector<SourceRow> rows;
    std::string summary;
  };
  Read ReadAll(const TextOptions& options) {
    Read read;
    auto blocks = TextBlocks::Open(*files_, options, model_);
    read.status = blocks.status();
    while (read.status.ok()) {
      RowBlock block;
      const Result<bool> got = (*blocks)->Next(&block);
      read.status = got.status();
      if (!got.ok() || !*got) break;
      read.rows.insert(read.rows.end(), block.rows.begin(), block.rows.end());
      if (block.batch.rows() > 0) read.blocks.push_back(std::move(block.batch));
    }
    if (blocks.ok()) read.summary = (*blocks)->Summary();
    return read;
  }

  void ExpectBlocksOfTheLog(const std::vector<Batch>& blocks) {
    ASSERT_EQ(blocks.size(), log_->blocks().size());
    for (uint32_t b = 0; b < blocks.size(); ++b) {
      Batch logged;
      ASSERT_OK(log_->ReadBlock(b, &logged));
      EXPECT_EQ(blocks[b].context_of, logged.context_of);
      for (const auto& [mine, other] : {std::pair(&blocks[b].contexts, &logged.contexts),
                                        std::pair(&blocks[b].exposures, &logged.exposures)}) {
        ASSERT_EQ(mine->rows, other->rows);
        EXPECT_EQ(mine->numerics, other->numerics) << "block " << b;
        ASSERT_EQ(mine->slots.size(), other->slots.size());
        for (size_t s = 0; s < mine->slots.size(); ++s) {
          EXPECT_EQ(mine->slots[s].keys, other->slots[s].keys) << "block " << b;
          EXPECT_EQ(mine->slots[s].offsets, other->slots[s].offsets);
        }
      }
    }
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::unique_ptr<LogReader> log_;
  LogSchema model_;
};

TEST_F(TextBlocksTest, WithoutItsColumnOfRowIdsATextIsNumberedAndAWarningSaysSo) {
  ::testing::internal::CaptureStderr();
  const Read read = ReadAll(Options(" row_id: 'rid'"));
  EXPECT_NE(::testing::internal::GetCapturedStderr().find(
                "in.csv has no column rid (row_id): its rows are numbered from 0"),
            std::string::npos);
  ASSERT_OK(read.status);
  EXPECT_EQ(read.rows[17].id, "17");
}

// "a,b,c" without its first two columns.
std::string WithoutLabels(const std::string& text) {
  std::string out;
  for (const std::string& line : chorus::Split(text, '\n')) {
    if (!line.empty()) out += line.substr(line.find(',', line.find(',') + 1) + 1) + "\n";
  }
  return out;
}

TEST_F(TextBlocksTest, AreTheBlocksOfTheLogThatImportMakes) {
  const Read read = ReadAll(Options());
  ASSERT_OK(read.status);
  ExpectBlocksOfTheLog(read.blocks);
  ASSERT_EQ(read.rows.size(), 30u);
  EXPECT_EQ(read.rows[17].id, "17");
  EXPECT_STREQ(read.rows[17].click, "1");
  EXPECT_STREQ(read.rows[17].conversion, "1");
  EXPECT_STREQ(read.rows[16].conversion, "0");
}

TEST_F(TextBlocksTest, RowsOfAliCcpAreThoseOfItsLog) {
  const std::string schema = R"(format: ALI_CCP click: 'click' conversion: 'conversion'
      row_id: 'sample_id' slot { column: '101' context: true }
      slot { column: '210' separator: '\x01' value_separator: '\x03' value_l2: true })";
  const std::string features =
      "2,210\x02"
      "7\x03"
      "1.0\x01"
      "210\x02"
      "8\x03"
      "2.0\n";
  WriteFile(*files_, "pair/skeleton", "1,0,0,a," + features + "2,1,0,b," + features);
  WriteFile(*files_, "pair/common",
            "b,1,101\x02"
            "5\x03"
            "1.0\na,1,101\x02"
            "6\x03"
            "1.0\n");
  ASSERT_OK(
      ImportText(*files_, MakeSchema(schema), {.inputs = {"pair"}, .output = "ali"}).status());
  log_ = LogReader::Open(*files_, {"ali"}).value();
  model_ = log_->schema();
  const Result<ImportSchema> rules = TextRulesOf(model_);
  ASSERT_OK(rules.status());
  const Read read = ReadAll({.schema = *rules, .inputs = {"pair"}});
  ASSERT_OK(read.status);
  ExpectBlocksOfTheLog(read.blocks);
  ASSERT_EQ(read.rows.size(), 2u);
  EXPECT_EQ(read.rows[1].id, "2");
  EXPECT_STREQ(read.rows[1].click, "1");
}

TEST_F(TextBlocksTest, TheModelsOwnRulesReadTheTextToo) {
  const auto rules = TextRulesOf(model_);
  ASSERT_OK(rules.status());
  const Read read = ReadAll({.schema = *rules, .inputs = {"in.csv"}});
  ASSERT_OK(read.status);
  ExpectBlocksOfTheLog(read.blocks);
  EXPECT_TRUE(DifferingRules(*rules, *rules).empty());
}

TEST_F(TextBlocksTest, LabelsMayBeAbsentAndColumnsInAnyOrder) {
  WriteFile(*files_, "in.csv", Gzip(WithoutLabels(Rows(30))));
  const Read read = ReadAll(Options());
  ASSERT_OK(read.status);
  ExpectBlocksOfTheLog(read.blocks);
  EXPECT_STREQ(read.rows[17].click, "");
  EXPECT_STREQ(read.rows[17].conversion, "");

  WriteFile(*files_, "in.csv", "price,new,age,tags,item,user\n-,?,NA,a:0|b:0.5,0,u0\n");
  const Read turned = ReadAll(Options());
  ASSERT_OK(turned.status);
  Batch logged;
  ASSERT_OK(log_->ReadBlock(0, &logged));
  ASSERT_EQ(turned.blocks.size(), 1u);
  EXPECT_EQ(turned.blocks[0].exposures.slots[0].keys[0], logged.exposures.slots[0].keys[0]);
  EXPECT_EQ(turned.blocks[0].contexts.numerics[0][0], -3.0f);
  EXPECT_NE(turned.summary.find("columns left out      1: 'new'"), std::string::npos)
      << turned.summary;
}

TEST_F(TextBlocksTest, LabelsThatSayNothingAreNoReasonToScoreNothing) {
  WriteFile(
      *files_, "in.csv",
      "click,sale,user,item,tags,age,price\n,,u,1,,,\n2,x,u,1,,,\nfalse,,u,1,,,\n0,1,u,1,,,\n");
  const Read read = ReadAll(Options());
  ASSERT_OK(read.status);
  ASSERT_EQ(read.rows.size(), 4u);
  ASSERT_EQ(read.blocks.size(), 1u);
  EXPECT_EQ(read.blocks[0].rows(), 4u) << "a conversion without a click is scored as well";
  EXPECT_EQ(StrCat(read.rows[0].click, "/", read.rows[0].conversion), "/");
  EXPECT_EQ(StrCat(read.rows[1].click, "/", read.rows[1].conversion), "/");
  EXPECT_EQ(StrCat(read.rows[2].click, "/", read.rows[2].conversion), "0/0");
  EXPECT_EQ(StrCat(read.rows[3].click, "/", read.rows[3].conversion), "0/1");
}

TEST_F(TextBlocksTest, BadRowsKeepTheirPlaceAndAreNamed) {
  const std::string text =
      "id,user,item,tags,age,price\nx1,u,1,,5,1\nx2,u,1,,old,1\nx3,u\nx4,u,1,,5,2\n";
  WriteFile(*files_, "in.csv", text);
  TextOptions options = Options(" row_id: 'id' row_id_text: true");
  const Read stopped = ReadAll(options);
  EXPECT_EQ(stopped.status.message(),
            "in.csv:3: column 'age': found 'old', expected a finite number (texts that mean "
            "\"missing\": missing_marker)");
  options.max_bad_rows = 1;
  EXPECT_NE(ReadAll(options).status.message().find("in.csv:4: found 2 cells, expected 6 (this is "
                                                   "bad row 2, --max-bad-rows allows 1)"),
            std::string::npos);
  options.max_bad_rows = 2;
  const Read read = ReadAll(options);
  ASSERT_OK(read.status);
  ASSERT_EQ(read.rows.size(), 4u);
  ASSERT_EQ(read.blocks.size(), 1u);
  EXPECT_EQ(read.blocks[0].rows(), 2u);
  const std::vector<std::string> ids = {"x1", "x2", "", "x4"};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(read.rows[i].id, ids[i]);
    EXPECT_EQ(read.rows[i].has_exposure, i == 0 || i == 3);
  }
  EXPECT_NE(
      read.summary.find("rows without score    2, their scores are empty: in.csv:3, in.csv:4"),
      std::string::npos)
      << read.summary;
}

TEST_F(TextBlocksTest, FeaturesThatTheModelWasNotMadeWithAreRefused) {
  WriteFile(*files_, "in.csv", "user,item,tags,age\nu,1,,5\n");
  EXPECT_NE(ReadAll(Options()).status.message().find("there is no column 'price'"),
            std::string::npos);
  WriteFile(*files_, "in.csv", Rows(3));
  TextOptions narrow = Options();
  narrow.schema.mutable_slot()->RemoveLast();
  EXPECT_NE(ReadAll(narrow).status.message().find("column \"tags\" is missing"), std::string::npos);
  TextOptions other = Options();
  other.schema.mutable_slot(1)->set_key_space("items");
  EXPECT_NE(ReadAll(other).status.message().find("of key space \"items\""), std::string::npos);
}

TEST_F(TextBlocksTest, RulesThatDifferAreNamed) {
  LogSchema made = model_;
  ImportSchema schema = MakeSchema(kSchema);
  schema.mutable_slot(2)->set_separator(";");
  schema.mutable_numeric(0)->set_missing(0);
  schema.set_trim(false);
  const auto plan =
      PlanColumns(schema, {"click", "sale", "user", "item", "tags", "age", "price"}, {});
  ASSERT_OK(plan.status());
  const auto ours = TextRulesOf(plan->schema), theirs = TextRulesOf(model_);
  ASSERT_OK(ours.status());
  ASSERT_OK(theirs.status());
  const RuleDifferences differences = DifferingRules(*ours, *theirs);
  const std::string lines = Join(differences.made, "\n");
  EXPECT_NE(lines.find("trim: false | true"), std::string::npos) << lines;
  EXPECT_EQ(Join(differences.written, "\n"), "slot tags: separator: \";\" | \"|\"");
  EXPECT_NE(lines.find("numeric age: missing: 0 | -3"), std::string::npos) << lines;
}

TEST_F(TextBlocksTest, AModelThatKnowsNothingOfTextSaysSo) {
  model_.text.clear();
  EXPECT_NE(TextRulesOf(model_).status().message().find("--schema"), std::string::npos);
  const Read read = ReadAll(Options());
  ASSERT_OK(read.status);
  ExpectBlocksOfTheLog(read.blocks);
}

// A run of bad rows must not gather in memory until a block is full.
TEST_F(TextBlocksTest, ARunOfBadRowsComesInPieces) {
  constexpr int kBad = 150000;
  std::string text = "user,item,tags,age,price\n";
  for (int i = 0; i < kBad; ++i) text += "u\n";
  WriteFile(*files_, "in.csv", text + "u,1,,5,2\n");
  TextOptions options = Options();
  options.max_bad_rows = kBad;
  const auto blocks = TextBlocks::Open(*files_, options, model_);
  ASSERT_OK(blocks.status());
  size_t rows = 0, longest = 0, exposures = 0;
  RowBlock block;
  for (Result<bool> got = (*blocks)->Next(&block); got.ok() && *got;
       got = (*blocks)->Next(&block)) {
    rows += block.rows.size();
    longest = std::max(longest, block.rows.size());
    exposures += block.batch.rows();
  }
  EXPECT_EQ(rows, kBad + 1u);
  EXPECT_EQ(exposures, 1u);
  EXPECT_LT(longest, kBad / 2u);
}

}  // namespace
}  // namespace chorus::worker
