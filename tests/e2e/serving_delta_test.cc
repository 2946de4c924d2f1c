// What changed between two exports of a run turns the earlier one into the later one, byte for
// byte.

#include "launch/serving/export_delta.h"
#include "tests/e2e/serving_testing.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

class ExportDeltaTest : public ServingTest {
 protected:
  // Exports of steps 1, whose rows are few, and 10.
  void SetUp() override {
    ServingTest::SetUp();
    TrainAndExport("objective { base {} } checkpoint { every_steps: 1 }");
    ExportStep(1, "old", true);
    ExportStep(10, "new", true);
  }
  void ExportStep(uint64_t step, const std::string& output, bool onnx) {
    const Status exported =
        launch::ExportModel(*files_, worker::CheckpointFolder("ckpt", step), output, onnx);
    ASSERT_TRUE(exported.ok()) << exported.ToString();
  }

  void ExpectSameFiles(const std::string& a, const std::string& b) {
    for (const char* folder : {"", "/dense"}) {
      const auto names = *files_->List(a + folder);
      EXPECT_EQ(names, *files_->List(b + folder));
      for (const std::string& name : names) {
        if (name == "dense") continue;
        EXPECT_TRUE(*ReadWholeFile(*files_, JoinPath(a + folder, name)) ==
                    *ReadWholeFile(*files_, JoinPath(b + folder, name)))
            << name;
      }
    }
  }
};

TEST_F(ExportDeltaTest, MakesTheLaterExportOfTheEarlierOne) {
  EXPECT_LT(ReadWholeFile(*files_, "old/a.keys.u64")->size(),
            ReadWholeFile(*files_, "new/a.keys.u64")->size());
  const Status written = launch::WriteDelta(*files_, "old", "new", "delta");
  ASSERT_TRUE(written.ok()) << written.ToString();
  const Status applied = launch::ApplyDelta(*files_, "old", "delta", "made");
  ASSERT_TRUE(applied.ok()) << applied.ToString();
  ExpectSameFiles("made", "new");
  ASSERT_TRUE(launch::Scorer::Load(*files_, "made").ok());
  // And back: rows that the later one has are gone then.
  ASSERT_TRUE(launch::WriteDelta(*files_, "new", "old", "back").ok());
  EXPECT_GT(ReadWholeFile(*files_, "back/a.gone.u64")->size(), 0u);
  ASSERT_TRUE(launch::ApplyDelta(*files_, "new", "back", "old-again").ok());
  ExpectSameFiles("old-again", "old");
}

TEST_F(ExportDeltaTest, HoldsNothingWhereNothingChanged) {
  ASSERT_TRUE(launch::WriteDelta(*files_, "new", "new", "delta").ok());
  EXPECT_EQ(ReadWholeFile(*files_, "delta/a.keys.u64")->size(), 0u);
  EXPECT_EQ(ReadWholeFile(*files_, "delta/a.gone.u64")->size(), 0u);
  EXPECT_FALSE(files_->Exists("delta/dense/tower.ctr.0.bias.f32"));
}

TEST_F(ExportDeltaTest, FitsNoOtherExport) {
  ASSERT_TRUE(launch::WriteDelta(*files_, "old", "new", "delta").ok());
  const std::string other = launch::ApplyDelta(*files_, "new", "delta", "made").ToString();
  EXPECT_NE(other.find("delta: made for another export, of step 1, than new"), std::string::npos)
      << other;
  const std::string none = launch::ApplyDelta(*files_, "old", "new", "made").ToString();
  EXPECT_NE(none.find("new: no delta"), std::string::npos) << none;
  const std::string weights = *ReadWholeFile(*files_, "delta/a.weights.f32");
  ASSERT_TRUE(ReplaceFile(*files_, "delta/a.weights.f32", weights.substr(4)).ok());
  const std::string cut = launch::ApplyDelta(*files_, "old", "delta", "made").ToString();
  EXPECT_NE(cut.find("delta/a.weights.f32"), std::string::npos) << cut;
  EXPECT_FALSE(files_->Exists("made/manifest.json"));
  TrainAndExport("objective { esmm {} } model { tower { hidden: 4 } }");
  const std::string model = launch::WriteDelta(*files_, "old", "model", "delta2").ToString();
  EXPECT_NE(model.find("no earlier export of the model"), std::string::npos) << model;
}

}  // namespace
}  // namespace chorus::e2e
