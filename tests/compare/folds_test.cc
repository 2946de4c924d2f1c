// A comparison on two data sets: what is said of each, and what takes both together.

#include "common/device_math.h"
#include "launch/compare/output.h"
#include "launch/compare/run_figures.h"
#include "launch/report/figures.h"
#include "tests/compare/compare_testing.h"
#include "worker/metrics/calibration_bins.h"

namespace chorus::launch {
namespace {

class FoldsTest : public e2e::CompareTest {
 protected:
  void MakeRuns() {
    e2e::WriteJobLog(files_, Path("other"), e2e::RichSchema(), 90, 5);
    config_ = WriteConfig("two", StrCat("data { name: \"b\" train: \"", Path("train"),
                                        "\" test: \"", Path("other"), "\" }\n"));
    ExpectSuccess(Run(0, Compare(config_, "out", {"--seeds", "1"})));
    plan_ = *MakePlan(files_, *LoadCompareConfig(config_, {}), {}, Path("out"));
    finished_ = *FinishedRuns::Find(files_, plan_);
  }

  std::string config_;
  ComparePlan plan_;
  FinishedRuns finished_;
};

TEST_F(FoldsTest, CoverageIsThatOfEachDataSet) {
  MakeRuns();
  const std::string table = Read("out/table.md");
  const size_t note = table.find("- CTR GAUC: ");
  ASSERT_NE(note, std::string::npos) << table;
  const std::string line = table.substr(note, table.find('\n', note) - note);
  for (const uint32_t fold : {0u, 1u}) {
    const TaskMetrics& ctr = finished_.At(0, fold, 1)->record.evaluation().task(0);
    char coverage[16];
    std::snprintf(coverage, sizeof(coverage), "%.1f", 100 * ctr.gauc_coverage());
    EXPECT_NE(line.find(StrCat("data set ", fold == 0 ? "0" : "b", ": ", ctr.gauc_groups(),
                               " groups with ", coverage, " % of the exposures")),
              std::string::npos)
        << line;
  }
}

TEST_F(FoldsTest, CalibrationTakesTheTestRowsOfAllDataSets) {
  MakeRuns();
  std::vector<double> logit, pcvr, label;
  for (const uint32_t fold : {0u, 1u}) {
    const worker::Scores scores = *finished_.ScoresOf(*finished_.At(1, fold, 1));
    for (uint64_t i = 0; i < scores.rows(); ++i) {
      if (scores.click[i] == 0) continue;
      logit.push_back(scores.cvr_logit[i]);
      pcvr.push_back(Exp(scores.log_cvr[i]));
      label.push_back(scores.conversion[i]);
    }
  }
  const auto pictures = CalibrationCurves(finished_);
  ASSERT_TRUE(pictures.ok()) << pictures.status().ToString();
  ASSERT_EQ(pictures->size(), 2u);
  EXPECT_EQ((*pictures)[1], CalibrationPicture("ESMM", "pCVR on clicked exposures",
                                               {worker::CalibrationBins(logit, pcvr, label)}));
}

TEST_F(FoldsTest, FieldRceLooksItsSlotUpInTheTestLogs) {
  MakeRuns();
  const auto report = [&](const std::string& field) {
    return Run(0, Compare(config_, "out", {"--report-only", "--set", "field=" + field}));
  };
  ExpectSuccess(report("item"));
  EXPECT_NE(Read("out/table.md").find("CVR Field-RCE"), std::string::npos);
  ExpectFailure(report("nowhere"), "no slot \"nowhere\"");
  ExpectFailure(report("tags"), "many ids");
  ASSERT_TRUE(files_.RemoveRecursively(Path("other")).ok());
  ExpectFailure(report("item"), Path("other"));
}

}  // namespace
}  // namespace chorus::launch
