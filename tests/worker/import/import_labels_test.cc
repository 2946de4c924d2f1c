// Logs without labels, with clicks alone, split by time; and what the summary says of cells.
#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/import.h"
#include "worker/log/labels.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

class ImportLabelsTest : public ::testing::Test {
 protected:
  ImportSummary Import(const ImportSchema& schema, const std::string& text,
                       ImportOptions options = {}) {
    WriteFile(*files_, "in.csv", text);
    options.inputs = {"in.csv"};
    options.output = "out";
    auto summary = ImportText(*files_, schema, options);
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    return summary.ok() ? *summary : ImportSummary();
  }
  std::unique_ptr<LogReader> Log(const std::string& path = "out") {
    auto log = LogReader::Open(*files_, {path});
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    return std::move(log).value();
  }
  std::vector<uint64_t> RowIds(const std::string& path) {
    const auto log = Log(path);
    Batch block;
    EXPECT_TRUE(log->ReadBlock(0, &block).ok());
    return block.row_id;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(ImportLabelsTest, UnlabelledRowsMakeALogThatSaysSo) {
  const ImportSummary summary =
      Import(MakeSchema("slot { column: 'item' }"), "item\n5\n6\n", {.unlabelled = true});
  EXPECT_EQ(summary.parts[0].rows, 2u);
  EXPECT_NE(FormatSummary(summary).find(
                "labels                none: the log can be predicted, not trained or evaluated"),
            std::string::npos);
  const auto log = Log();
  EXPECT_FALSE(log->schema().has_click || log->schema().has_conversion);
  EXPECT_EQ(CheckLabelled(log->schema()).message(),
            "the log has no labels (it was imported with --unlabelled): it can be predicted, not "
            "trained or evaluated on");
}

TEST_F(ImportLabelsTest, ClicksAloneMakeALogThatSaysSo) {
  ImportSchema schema = MakeSchema("slot { column: 'item' }");
  schema.clear_conversion();
  const ImportSummary summary = Import(schema, "click,item\n1,5\n0,6\n");
  EXPECT_EQ(summary.parts[0].clicks, 1u);
  EXPECT_NE(
      FormatSummary(summary).find("conversions           not known: the log has clicks alone\n"),
      std::string::npos);
  const auto log = Log();
  EXPECT_TRUE(log->schema().has_click);
  EXPECT_FALSE(log->schema().has_conversion);
  ASSERT_OK(CheckLabelled(log->schema()));
}

TEST_F(ImportLabelsTest, ALogWithLabelsIsOfTheFirstVersionAndOthersOfTheSecond) {
  const ImportSchema schema = MakeSchema("slot { column: 'item' }");
  Import(schema, "click,sale,item\n1,0,5\n");
  const std::string labelled = ReadWholeFile(*files_, "out/part-00000.log").value();
  ASSERT_OK(files_->RemoveRecursively("out"));
  Import(schema, "item\n5\n", {.unlabelled = true});
  std::string unlabelled = ReadWholeFile(*files_, "out/part-00000.log").value();
  EXPECT_EQ(labelled[8], 1);
  EXPECT_EQ(unlabelled[8], 2);
}

TEST_F(ImportLabelsTest, SplitsByTheTimeInAColumn) {
  const std::string text =
      "click,sale,item,day\n0,0,1,2025-11-26\n0,0,2,2025-11-28\n0,0,3,\n0,0,4,2025-11-27\n";
  const ImportSummary summary = Import(MakeSchema("slot { column: 'item' }"), text,
                                       {.split = Split::ParseTimes("day:2025-11-27").value()});
  EXPECT_EQ(RowIds("out/train"), (std::vector<uint64_t>{0, 2}));
  EXPECT_EQ(RowIds("out/test"), (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(summary.rows.without_split_time, 1u);
}

TEST_F(ImportLabelsTest, ASplitByTimeGoesWithNoOther) {
  WriteFile(*files_, "in.csv", "click,sale,item\n0,0,1\n");
  const auto summary = ImportText(*files_, MakeSchema("slot { column: 'item' }"),
                                  {.inputs = {"in.csv"},
                                   .output = "out",
                                   .split = Split::ParseTimes("item:5").value(),
                                   .split_by = "item"});
  EXPECT_EQ(summary.status().message(),
            "--split-by-time does not go with --split-by and --split-contiguous");
}

TEST_F(ImportLabelsTest, TheSummaryTellsWhatWasReplacedAndSkipped) {
  const ImportSummary summary =
      Import(MakeSchema("slot { column: 'item' } slot { column: 'tags' separator: '|' max_ids: 1 }"
                        "numeric { column: 'price' }"),
             "click,sale,item,tags,price,x\n1,0,41.0,a|b|c,NaN,7\n\n0,,42,a, 2,7\n0,0,NULL,,3,7\n");
  const std::string text = FormatSummary(summary);
  for (const char* line :
       {"skipped               1 blank line\n", "columns left out      1: 'x'\n",
        "  sale: missing without click, read as 0 1 (the first: '' at in.csv:4)\n",
        "  item: missing         1 (the first: 'NULL' at in.csv:5)\n",
        "  item: decimal read as integer id 1 (the first: '41.0' at in.csv:2)\n",
        "  tags: missing         1 (the first: '' at in.csv:5)\n",
        "  tags: more ids than max_ids 1 (the first: 'a|b|c' at in.csv:2)\n",
        "  tags: ids dropped by max_ids 2 (the first: 'a|b|c' at in.csv:2)\n",
        "  price: missing        1 (the first: 'NaN' at in.csv:2)\n",
        "  price: blanks around it 1 (the first: ' 2' at in.csv:4)\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

// rows: "click sale" and how many of them.
std::string WarningsOf(const std::vector<std::pair<std::string, int>>& rows) {
  const auto files = NewMemoryFiles();
  std::string text = "click,sale,item\n";
  for (const auto& [labels, count] : rows) {
    for (int i = 0; i < count; ++i) text += StrCat(labels, ",", i % 5, "\n");
  }
  WriteFile(*files, "in.csv", text);
  ::testing::internal::CaptureStderr();
  const auto summary = ImportText(*files, MakeSchema("slot { column: 'item' }"),
                                  {.inputs = {"in.csv"}, .output = "out"});
  EXPECT_TRUE(summary.ok()) << summary.status().ToString();
  return ::testing::internal::GetCapturedStderr();
}

TEST_F(ImportLabelsTest, CountsIdsWithExponentsAndCellsThatAreNoUtf8) {
  ::testing::internal::CaptureStderr();
  const ImportSummary summary =
      Import(MakeSchema("slot { column: 'item' }"),
             "click,sale,item,note\n0,0,1e+05,\xfc\n0,0,100000,x\n0,0,gr\xfc\x6e,x\n0,0,1.2e6,x\n"
             "0,0,gr\xc3\xbcn,x\n");
  EXPECT_NE(::testing::internal::GetCapturedStderr().find(
                "column 'item': 2 ids are integers written with an exponent, the first '1e+05' at "
                "in.csv:2: such a text is another id than the same integer in full"),
            std::string::npos);
  const std::string text = FormatSummary(summary);
  EXPECT_NE(text.find("item: integer with an exponent, an id of its own 2 (the first: '1e+05' at"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("item: not UTF-8       1 (the first: 'gr\\xfcn' at in.csv:4)"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("note: not"), std::string::npos);  // nothing reads that column
}

TEST_F(ImportLabelsTest, DoubtsColumnsOfLabelsThatMayBeSwapped) {
  EXPECT_NE(WarningsOf({{"0,0", 50}, {"1,1", 10}, {"0,1", 30}})
                .find("75 % of the conversions (30 of 40) have no click: are the columns of "
                      "click: \"click\" and conversion: \"sale\" swapped?"),
            std::string::npos);
  EXPECT_NE(WarningsOf({{"0,0", 50}, {"1,1", 20}, {"0,1", 2}})
                .find("every one of 20 clicks has a conversion"),
            std::string::npos);
  EXPECT_EQ(WarningsOf({{"0,0", 50}, {"1,0", 30}, {"1,1", 20}, {"0,1", 5}}), "");
  EXPECT_EQ(WarningsOf({{"0,0", 5}, {"1,1", 9}, {"0,1", 10}}), "");  // too few to say anything
}

}  // namespace
}  // namespace chorus::worker
