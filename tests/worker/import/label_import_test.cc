// Labels that come days after their exposures: the log reads as if it had been imported with them.
#include <functional>

#include "tests/support/faulty_files.h"
#include "tests/worker/import/import_log_testing.h"
#include "worker/import/label_import.h"

namespace chorus::worker {
namespace {

constexpr char kLabelSchema[] =
    R"(row_id: "id" other_columns_are_slots: true block_rows: 16 file_rows: 48)";

class LabelImportTest : public ImportTest {
 protected:
  // "id,click,sale,item" with what `labels` says of a row: "1,0".
  static std::string Exposures(int rows, const std::function<std::string(int)>& labels) {
    std::string text = "id,click,sale,item\n";
    for (int i = 0; i < rows; ++i) {
      text += StrCat(1000 + i, ",", labels(i), ",i", i % 7, "\n");
    }
    return text;
  }
  void ImportLog(const std::string& text, const std::string& output = "log",
                 const std::string& schema = kLabelSchema, ImportOptions options = {}) {
    WriteFile(*files_, "in.csv", text);
    options.output = output;
    const auto summary = Import(schema, options);
    ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  }
  Result<LabelImportSummary> Add(const std::string& text, LabelImportOptions options = {},
                                 const std::string& schema = kLabelSchema) {
    WriteFile(*files_, "late.csv", text);
    options.inputs = {"late.csv"};
    if (options.logs.empty()) options.logs = {"log"};
    return ImportLabels(*files_, MakeSchema(schema), options);
  }
  std::string AddError(const std::string& text, const LabelImportOptions& options = {},
                       const std::string& schema = kLabelSchema) {
    const auto names = files_->List("log");
    const auto summary = Add(text, options, schema);
    EXPECT_FALSE(summary.ok());
    EXPECT_EQ(*files_->List("log"), *names) << "a refused import leaves nothing behind";
    return summary.status().message();
  }
  std::string LabelsOf(const std::string& log) {
    std::string labels;
    for (const Batch& block : ReadLog(*files_, log)) {
      for (uint32_t i = 0; i < block.rows(); ++i) {
        labels += StrCat(block.row_id[i], ":", int{block.click[i]}, int{block.conversion[i]}, " ");
      }
    }
    return labels;
  }
};

std::string NoLabels(int) { return "0,0"; }

void ExpectSameBlocks(const LogReader& a, const LogReader& b) {
  ASSERT_EQ(a.blocks().size(), b.blocks().size());
  for (uint32_t i = 0; i < a.blocks().size(); ++i) {
    EXPECT_EQ(a.blocks()[i].clicks, b.blocks()[i].clicks);
    EXPECT_EQ(a.blocks()[i].conversions, b.blocks()[i].conversions);
    EXPECT_EQ(a.blocks()[i].unclicked_conversions, b.blocks()[i].unclicked_conversions);
    Batch x, y;
    ASSERT_OK(a.ReadBlock(i, &x));
    ASSERT_OK(b.ReadBlock(i, &y));
    EXPECT_EQ(x.row_id, y.row_id);
    EXPECT_EQ(x.click, y.click);
    EXPECT_EQ(x.conversion, y.conversion);
  }
}

TEST_F(LabelImportTest, TheLogReadsAsIfItHadBeenImportedWithItsLastLabels) {
  for (const uint32_t threads : {1u, 3u}) {
    const std::string log = StrCat("log-", threads), final_log = StrCat("final-", threads);
    ImportLog(Exposures(100, NoLabels), log);
    // Day 1: clicks. Day 2: sales of some, in two files with other columns in between.
    std::string clicks = "id,noise,click\n", sales = "sale,id\n";
    for (int i = 0; i < 100; i += 3) clicks += StrCat(1000 + i, ",x,1\n");
    for (int i = 0; i < 100; i += 9) sales += StrCat("true,", 1000 + i, "\n");
    const LabelImportOptions options{.logs = {log}, .threads = threads};
    const auto first = Add(clicks, options);
    ASSERT_TRUE(first.ok()) << first.status().ToString();
    EXPECT_EQ(first->logs[0].new_clicks, 34u);
    const auto second = Add(sales, options);
    ASSERT_TRUE(second.ok()) << second.status().ToString();
    EXPECT_EQ(second->logs[0].label_file, log + "/labels-00001.labels");
    EXPECT_EQ(second->logs[0].new_conversions, 12u);
    ImportLog(Exposures(100, [](int i) { return StrCat(int{i % 3 == 0}, ",", int{i % 9 == 0}); }),
              final_log);
    const auto a = LogReader::Open(*files_, {log}), b = LogReader::Open(*files_, {final_log});
    ASSERT_TRUE(a.ok() && b.ok());
    ExpectSameBlocks(**a, **b);
    EXPECT_NE((*a)->fingerprint(), (*a)->first_fingerprint());
  }
}

TEST_F(LabelImportTest, TheLastRowOfAnIdCountsAndAnEmptyCellLeavesTheLabel) {
  ImportLog(Exposures(4, [](int i) { return i == 3 ? "1,1" : "0,0"; }));
  const auto summary = Add("id,click,sale\n1000,1,0\n1001,1,1\n1000,,1\n1001,0,0\n1003,,0\n");
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->repeated, 2u);
  EXPECT_EQ(LabelsOf("log"), "1000:11 1001:00 1002:00 1003:10 ");
  EXPECT_EQ(summary->logs[0].exposures, 2u);
  EXPECT_EQ(summary->logs[0].lost_conversions, 1u);
  const auto again = Add("id,click,sale\n1000,1,1\n");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->logs[0].label_file, "") << "nothing changed";
  EXPECT_EQ(*files_->List("log"),
            (std::vector<std::string>{"labels-00000.labels", "part-00000.log"}));
}

TEST_F(LabelImportTest, IdsThatNoLogHasAreAnErrorUnlessAllowed) {
  ImportLog(Exposures(4, NoLabels));
  const std::string text = "id,click\n1001,1\n7,1\n8,1\n";
  const std::string error = AddError(text);
  EXPECT_NE(error.find("2 of 3 row ids are in no log: late.csv:3 (id '7'), late.csv:4 (id '8');"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("--allow-unknown"), std::string::npos) << error;
  const auto summary = Add(text, {.allow_unknown = true});
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->unknown, 2u);
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:10 1002:00 1003:00 ");
}

TEST_F(LabelImportTest, PartsOfASplitTakeTheirLabelsFromOneText) {
  ImportLog(Exposures(60, NoLabels), "log", kLabelSchema, WithSplit("train:0.5,test:0.5"));
  std::string text = "id,click\n";
  for (int i = 0; i < 60; ++i) text += StrCat(1000 + i, ",1\n");
  EXPECT_NE(AddError(text, {.logs = {"log/train"}}).find("in no log"), std::string::npos);
  const auto summary = Add(text, {.logs = {"log/train", "log/test"}});
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  ASSERT_EQ(summary->logs.size(), 2u);
  EXPECT_EQ(summary->logs[0].new_clicks + summary->logs[1].new_clicks, 60u);
  for (const char* part : {"log/train", "log/test"}) {
    EXPECT_EQ(LabelsOf(part).find(":0"), std::string::npos) << LabelsOf(part);
  }
}

TEST_F(LabelImportTest, AConversionWithoutAClickObeysTheSchema) {
  ImportLog(Exposures(3, NoLabels));
  const std::string text = "id,sale\n1001,1\n";
  const std::string schema = kLabelSchema;
  EXPECT_NE(AddError(text, {}, schema + " unclicked_conversion: REJECT")
                .find("late.csv:2 (id '1001'): a conversion without a click"),
            std::string::npos);
  const auto dropped = Add(text);
  ASSERT_TRUE(dropped.ok());
  EXPECT_EQ(dropped->dropped_unclicked_conversions, 1u);
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:00 1002:00 ");
  const auto kept = Add(text, {}, schema + " unclicked_conversion: KEEP_UNCLICKED");
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->kept_unclicked_conversions, 1u);
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:01 1002:00 ");
  // A click that goes must not leave its conversion behind either.
  ASSERT_TRUE(Add("id,click,sale\n1002,1,1\n").ok());
  const auto retracted = Add("id,click\n1002,0\n");
  ASSERT_TRUE(retracted.ok());
  EXPECT_EQ(retracted->dropped_unclicked_conversions, 1u);
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:01 1002:11 ");
}

TEST_F(LabelImportTest, RowIdsMayBeTexts) {
  const std::string schema = StrCat(kLabelSchema, " row_id_text: true");
  ImportLog("id,click,sale,item\nö-1,0,0,a\n 7 ,0,0,b\nNULL,0,0,c\n", "log", schema);
  ASSERT_TRUE(Add("id,click,sale\nö-1,1,0\n7,1,1\nNULL,1,0\n", {}, schema).ok());
  EXPECT_EQ(ReadLog(*files_, "log")[0].click, (std::vector<uint8_t>{1, 1, 1}));
  EXPECT_EQ(ReadLog(*files_, "log")[0].conversion, (std::vector<uint8_t>{0, 1, 0}));
  EXPECT_NE(AddError("id,click\n07,1\n", {}, schema).find("late.csv:2 (id '07');"),
            std::string::npos);
}

TEST_F(LabelImportTest, MalformedRowsCountUpToTheirNumberAndNameTheirPlace) {
  ImportLog(Exposures(3, NoLabels));
  const std::string text = "id,click\nx,1\n1001,2\n1002,1\n1000\n";
  EXPECT_NE(AddError(text).find("late.csv:2: column 'id': found 'x'"), std::string::npos);
  EXPECT_NE(AddError(text, {.max_bad_rows = 2}).find("late.csv:5"), std::string::npos);
  const auto summary = Add(text, {.max_bad_rows = 3, .bad_rows = "bad.txt"});
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->bad, 3u);
  EXPECT_NE(ReadWholeFile(*files_, "bad.txt")->find("late.csv:3: column 'click': found '2'"),
            std::string::npos);
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:00 1002:10 ");
}

TEST_F(LabelImportTest, WhatCannotBeMatchedOrLearntIsRefusedWithARemedy) {
  ImportLog(Exposures(3, NoLabels));
  EXPECT_NE(
      AddError("id,clicked\n1001,1\n").find("no column of labels: expected 'click' or 'sale'"),
      std::string::npos);
  EXPECT_NE(AddError("nr,click\n1001,1\n").find("row_id"), std::string::npos);
  EXPECT_NE(AddError("id,click\n1001,1\n", {}, kPlain).find("labels find their rows by row id"),
            std::string::npos);
  const std::string clicks = R"(conversion: "" row_id: "id" slot { column: "item" })";
  ImportLog(Exposures(3, NoLabels), "clicks", clicks);
  EXPECT_NE(AddError("id,sale\n1001,1\n", {.logs = {"clicks"}}).find("has clicks alone"),
            std::string::npos);
  ImportLog(Exposures(3, NoLabels), "bare", kLabelSchema, {.unlabelled = true});
  EXPECT_NE(AddError("id,click\n1001,1\n", {.logs = {"bare"}}).find("--unlabelled"),
            std::string::npos);
}

TEST_F(LabelImportTest, TheFirstUnknownIdsOfTheTextAreNamedAcrossFiles) {
  ImportLog(Exposures(4, NoLabels));
  WriteFile(*files_, "a.csv", "id,click\n900,1\n1001,1\n3,1\n");
  WriteFile(*files_, "b.csv", "id,click\n\n12,1\n11,1\n10,1\n9,1\n");
  const auto summary = ImportLabels(*files_, MakeSchema(kLabelSchema),
                                    {.inputs = {"a.csv", "b.csv"}, .logs = {"log"}});
  EXPECT_NE(summary.status().message().find(
                "a.csv:2 (id '900'), a.csv:4 (id '3'), b.csv:3 (id '12'), b.csv:4 (id '11'), "
                "b.csv:5 (id '10'), ...;"),
            std::string::npos)
      << summary.status().message();
}

TEST_F(LabelImportTest, AnIdOfSeveralExposuresIsAnErrorUnlessAllShareItsLabels) {
  ImportLog("id,click,sale,item\n5,0,0,a\n5,0,0,b\n6,0,0,c\n");
  const std::string error = AddError("id,click\n6,1\n5,1\n");
  EXPECT_NE(error.find("1 of 2 row ids are of several exposures of the logs: late.csv:3 (id '5')"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("--allow-repeated"), std::string::npos) << error;
  // What the labels do not name is nobody's trouble.
  ASSERT_TRUE(Add("id,click\n6,0\n").ok());
  const auto summary = Add("id,click\n5,1\n", {.allow_repeated = true});
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->repeated_exposures, 1u);
  EXPECT_EQ(LabelsOf("log"), "5:10 5:10 6:00 ");
}

TEST_F(LabelImportTest, ALabelFileThatWasRenamedBehindAllOthersIsNamed) {
  ImportLog(Exposures(3, NoLabels));
  ASSERT_TRUE(Add("id,click\n1001,1\n").ok());
  ASSERT_TRUE(files_->Rename("log/labels-00000.labels", "log/late.labels").ok());
  const std::string error = AddError("id,click\n1002,1\n");
  EXPECT_NE(error.find("log/late.labels"), std::string::npos) << error;
  EXPECT_NE(error.find("rename"), std::string::npos) << error;
  // A name before the next one is as good as any.
  ASSERT_TRUE(files_->Rename("log/late.labels", "log/early.labels").ok());
  ASSERT_TRUE(Add("id,click\n1002,1\n").ok());
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:10 1002:10 ");
}

TEST_F(LabelImportTest, ADiskThatFailsLeavesTheLabelsAsTheyWere) {
  ImportLog(Exposures(3, NoLabels));
  WriteFile(*files_, "late.csv", "id,click\n1001,1\n");
  for (int fault = 0; fault < 3; ++fault) {
    FaultPlan plan;
    (fault == 0 ? plan.failing_write : fault == 1 ? plan.failing_sync : plan.failing_rename) = 0;
    plan.write_half_first = true;
    const auto faulty = NewFaultyFiles(*files_, plan);
    const auto summary =
        ImportLabels(*faulty, MakeSchema(kLabelSchema), {.inputs = {"late.csv"}, .logs = {"log"}});
    EXPECT_FALSE(summary.ok()) << fault;
    EXPECT_EQ(*files_->List("log"), std::vector<std::string>{"part-00000.log"}) << fault;
  }
  // What a killed import leaves is no label file, and in nobody's way.
  WriteFile(*files_, "log/labels-00000.labels.tmp", "half a fi");
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:00 1002:00 ");
  ASSERT_TRUE(Add("id,click\n1001,1\n").ok());
  EXPECT_EQ(LabelsOf("log"), "1000:00 1001:10 1002:00 ");
}

}  // namespace
}  // namespace chorus::worker
