// Exports whose embeddings are stored in fewer bits: what is stored, what it costs, and that every
// reader makes the same of it.

#include <array>
#include <cmath>

#include "launch/command/export_loss.h"
#include "launch/serving/export_delta.h"
#include "launch/serving/row_form.h"
#include "tests/e2e/predict_export_testing.h"
#include "tests/e2e/serving_testing.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

using launch::FloatOfHalf;
using launch::HalfOf;
using launch::StoredRows;

TEST(SmallRows, AHalfIsTheNearestAndOfTwoTheEvenOne) {
  EXPECT_EQ(HalfOf(0.0f), 0x0000);
  EXPECT_EQ(HalfOf(-0.0f), 0x8000);
  EXPECT_EQ(HalfOf(1.0f), 0x3c00);
  EXPECT_EQ(HalfOf(1.0f + 0x1p-11f), 0x3c00) << "a tie";
  EXPECT_EQ(HalfOf(1.0f + 3 * 0x1p-11f), 0x3c02) << "a tie";
  EXPECT_EQ(HalfOf(1.0f + 0x1.2p-11f), 0x3c01);
  EXPECT_EQ(HalfOf(-2.5f), 0xc100);
  EXPECT_EQ(HalfOf(0x1p-24f), 0x0001) << "the smallest";
  EXPECT_EQ(HalfOf(0x1p-25f), 0x0000) << "a tie";
  EXPECT_EQ(HalfOf(3 * 0x1p-25f), 0x0002) << "a tie";
  EXPECT_EQ(HalfOf(0x1.fffp-15f), 0x0400) << "up to the first with an exponent";
  EXPECT_EQ(HalfOf(65519.0f), 0x7bff) << "the largest";
  EXPECT_EQ(HalfOf(65520.0f), 0x7c00) << "infinite";
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const float x = FloatOfHalf(static_cast<uint16_t>(half));
    if (std::isnan(x)) continue;
    ASSERT_EQ(HalfOf(x), half);
  }
}

StoredRows Rows(launch::RowForm form, uint64_t dim) {
  StoredRows rows;
  rows.described = launch::RowArraysOf(form, "t", dim);
  rows.arrays.resize(rows.described.size());
  return rows;
}

TEST(SmallRows, AnInt8RowHasAScaleOfItsOwn) {
  StoredRows rows = Rows(ExportRows::INT8, 4);
  ASSERT_EQ(rows.described.size(), 2u);
  EXPECT_EQ(rows.described[0].file, "t.weights.i8");
  EXPECT_EQ(rows.described[1].file, "t.scales.f32");
  ASSERT_TRUE(
      launch::AppendRow(ExportRows::INT8, 5, std::array{127.0f, 0.5f, 1.5f, -63.5f}, &rows).ok());
  ASSERT_TRUE(
      launch::AppendRow(ExportRows::INT8, 6, std::array{0.0f, 0.0f, 0.0f, 0.0f}, &rows).ok());
  ASSERT_TRUE(launch::AppendRow(ExportRows::INT8, 7,
                                std::array{0.0f, -0x1.fcp-3f, 0x1p-9f, 0x1.fep-4f}, &rows)
                  .ok());
  EXPECT_EQ(rows.arrays[0], std::string("\x7f\x00\x02\xc0"
                                        "\x00\x00\x00\x00"
                                        "\x00\x81\x01\x40",
                                        12))
      << "ties go to even integers; a row of zeros has the scale 0";
  const std::vector<float> weights = launch::WeightsOf(ExportRows::INT8, 4, rows);
  EXPECT_EQ(weights[0], 127.0f);
  EXPECT_EQ(weights[2], 2.0f);
  EXPECT_EQ(weights[3], -64.0f);
  EXPECT_EQ(weights[4], 0.0f);
  EXPECT_EQ(weights[9], -0x1.fcp-3f);
}

TEST(SmallRows, AWeightBeyondHalvesIsAnErrorThatNamesItsKey) {
  StoredRows rows = Rows(ExportRows::FP16, 2);
  ASSERT_TRUE(launch::AppendRow(ExportRows::FP16, 1, std::array{65504.0f, -65504.0f}, &rows).ok());
  const Status beyond = launch::AppendRow(ExportRows::FP16, 17, std::array{1.0f, -7e4f}, &rows);
  EXPECT_EQ(beyond.code(), Code::kInvalidArgument);
  EXPECT_NE(beyond.message().find("key 17: the weight -70000 is beyond FP16"), std::string::npos)
      << beyond.message();
}

TEST(SmallRows, AWeightThatIsNotFiniteIsAnErrorInEachForm) {
  for (const auto form : {ExportRows::FORM_UNSPECIFIED, ExportRows::FP16, ExportRows::INT8}) {
    for (const float weight : {NAN, INFINITY, -INFINITY}) {
      StoredRows rows = Rows(form, 2);
      const Status status = launch::AppendRow(form, 17, std::array{1.0f, weight}, &rows);
      EXPECT_EQ(status.code(), Code::kInvalidArgument) << launch::NameOfForm(form) << weight;
      EXPECT_NE(status.message().find("key 17: the weight"), std::string::npos) << status.message();
    }
  }
}

class SmallRowsExport : public ServingTest {
 protected:
  void SetUp() override {
    ServingTest::SetUp();
    TrainAndExport("objective { esmm {} } checkpoint { every_steps: 1 }");
    Export("half", ExportRows::FP16);
    Export("int8", ExportRows::INT8);
  }
  void Export(const std::string& output, launch::RowForm form, uint64_t step = 0) {
    const std::string from = step == 0 ? checkpoint_ : worker::CheckpointFolder("ckpt", step);
    const Status exported = launch::ExportModel(*files_, from, output, false, form);
    ASSERT_TRUE(exported.ok()) << exported.ToString();
  }
  std::string Bytes(const std::string& path) { return *ReadWholeFile(*files_, path); }

  static std::string TestText() {
    std::string text = Join(ServedNames(), "\t") + "\n";
    for (int i = kTrained - 150; i < kRows; ++i) text += Join(ServedCells(i), "\t") + "\n";
    return text;
  }
  ServedScores ScoresOfExport(const std::string& folder) {
    auto scorer = launch::Scorer::Load(*files_, folder);
    EXPECT_TRUE(scorer.ok()) << scorer.status().ToString();
    if (!scorer.ok()) return ServedScores(0);
    return ScoresOf(**scorer, AllColumns(kTrained - 150, kRows).columns());
  }
};

TEST_F(SmallRowsExport, TakesAHalfOrAQuarterOfTheBytesAndScoresNearly) {
  const size_t full = Bytes("model/a.weights.f32").size();
  EXPECT_EQ(Bytes("half/a.weights.f16").size(), full / 2);
  EXPECT_EQ(Bytes("int8/a.weights.i8").size(), full / 4);
  EXPECT_EQ(Bytes("int8/a.scales.f32").size(), full / 4) << "of rows of four weights";
  EXPECT_FALSE(files_->Exists("half/a.weights.f32"));
  const ServedScores scores = ScoresOfExport("model");
  ExpectEqual(ScoresOfExport("half"), scores, 2e-3);
  ExpectEqual(ScoresOfExport("int8"), scores, 2e-2);
  EXPECT_NE(ScoresOfExport("int8").pctr, scores.pctr);
}

TEST_F(SmallRowsExport, AnExportOfFloatsSaysNothingOfForms) {
  const std::string full = Bytes("model/manifest.json"), half = Bytes("half/manifest.json");
  EXPECT_NE(full.find("\"format\": \"chorus-export 4\""), std::string::npos);
  EXPECT_EQ(full.find("\"form\""), std::string::npos);
  EXPECT_NE(half.find("\"format\": \"chorus-export 5\""), std::string::npos);
  EXPECT_NE(half.find("\"form\": \"FP16\""), std::string::npos);
}

TEST_F(SmallRowsExport, TheScriptScoresAsTheProgram) {
  for (const char* folder : {"half", "int8"}) {
    SCOPED_TRACE(folder);
    ExpectEqual(ScoresOfScript(*files_, folder, TestText()), ScoresOfExport(folder), 1e-6);
  }
}

TEST_F(SmallRowsExport, DeltasKeepTheFormAndRefuseAnother) {
  for (const auto form : {ExportRows::FP16, ExportRows::INT8}) {
    const std::string name = launch::NameOfForm(form);
    SCOPED_TRACE(name);
    Export(name + "-old", form, 1);
    Export(name + "-new", form);
    ASSERT_TRUE(launch::WriteDelta(*files_, name + "-old", name + "-new", name + "-delta").ok());
    const Status applied =
        launch::ApplyDelta(*files_, name + "-old", name + "-delta", name + "-made");
    ASSERT_TRUE(applied.ok()) << applied.ToString();
    const std::vector<std::string> names = files_->List(name + "-new").value();
    for (const std::string& file : names) {
      if (file == "dense") continue;
      EXPECT_TRUE(Bytes(JoinPath(name + "-made", file)) == Bytes(JoinPath(name + "-new", file)))
          << file;
    }
    EXPECT_TRUE(launch::Scorer::Load(*files_, name + "-made").ok());
  }
  const std::string mixed = launch::WriteDelta(*files_, "model", "int8", "mixed").ToString();
  EXPECT_NE(mixed.find("rows of model are float32, and those of the later export INT8"),
            std::string::npos)
      << mixed;
}

TEST_F(SmallRowsExport, DamagedRowsAreRefusedByName) {
  ASSERT_TRUE(ReplaceFile(*files_, "int8/a.scales.f32", Bytes("int8/a.scales.f32").substr(4)).ok());
  const std::string error = launch::Scorer::Load(*files_, "int8").status().ToString();
  EXPECT_NE(error.find("int8/a.scales.f32"), std::string::npos) << error;
}

TEST_F(SmallRowsExport, TheLossIsThatOfTheMetricsOfBoth) {
  const auto full = launch::EvaluateExport(*files_, "model", {"test"});
  ASSERT_TRUE(full.ok()) << full.status().ToString();
  const auto job =
      EvaluateOn(*files_, ServedConfig("objective { esmm {} }"), Layout(), checkpoint_);
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  ASSERT_EQ(full->task_size(), job->task_size());
  for (int task = 0; task < job->task_size(); ++task) {
    EXPECT_EQ(full->task(task).rows(), job->task(task).rows());
    EXPECT_NEAR(full->task(task).auc(), job->task(task).auc(), 1e-3) << job->task(task).task();
  }
  const auto int8 = launch::EvaluateExport(*files_, "int8", {"test"});
  ASSERT_TRUE(int8.ok()) << int8.status().ToString();
  EXPECT_NEAR(int8->task(0).auc(), full->task(0).auc(), 0.05);
  const std::string table = launch::FormatLoss("INT8", *full, *int8);
  EXPECT_NE(table.find("float32       INT8   difference"), std::string::npos) << table;
  EXPECT_NE(table.find("\nctcvr "), std::string::npos) << table;
}

}  // namespace
}  // namespace chorus::e2e
