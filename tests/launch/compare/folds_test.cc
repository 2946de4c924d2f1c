// A comparison on two data sets: what is said of each, and what takes both together.

#include <algorithm>

#include "common/device_math.h"
#include "launch/compare/measure/cells.h"
#include "launch/compare/measure/results.h"
#include "launch/compare/show/figures.h"
#include "launch/compare/show/pages.h"
#include "launch/compare/show/words.h"
#include "launch/report/figures.h"
#include "tests/launch/compare/compare_testing.h"
#include "worker/metrics/calibration_bins.h"
#include "worker/metrics/score_file.h"

namespace chorus::launch {
namespace {

class FoldsTest : public e2e::CompareTest {
 protected:
  void MakeRuns() {
    e2e::WriteJobLog(files_, Path("other"), e2e::RichSchema(), 90, 5);
    config_ = WriteConfig("two", StrCat("data { name: \"b\" train: \"", Path("train"),
                                        "\" test: \"", Path("other"), "\" }\n"));
    ExpectSuccess(Run(0, Compare(config_, "out", {"--seeds", "1"})));
    plan_ = *MakePlan(files_, *LoadCompareConfig(config_, {}), config_, {}, Path("out"));
    finished_ = *FinishedRuns::Find(files_, plan_);
  }

  static size_t ColumnOf(const CompareTable& table, const std::string& id) {
    for (size_t c = 0; c < table.columns.size(); ++c) {
      if (table.columns[c].id == id) return c;
    }
    ADD_FAILURE() << "no column " << id;
    return 0;
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
  std::vector<double> logit, pcvr, label, weight;
  for (const uint32_t fold : {0u, 1u}) {
    const worker::Scores scores = *finished_.ScoresOf(*finished_.At(1, fold, 1));
    for (uint64_t i = 0; i < scores.rows(); ++i) {
      if (scores.click[i] == 0) continue;
      logit.push_back(scores.cvr_logit[i]);
      pcvr.push_back(Exp(scores.log_cvr[i]));
      label.push_back(scores.conversion[i]);
      weight.push_back(scores.WeightOf(i));
    }
  }
  const auto pictures = CalibrationCurves(finished_);
  ASSERT_TRUE(pictures.ok()) << pictures.status().ToString();
  ASSERT_EQ(pictures->size(), 2u);
  EXPECT_EQ((*pictures)[1],
            CalibrationPicture("ESMM", "pCVR on clicked exposures",
                               {worker::CalibrationBins(logit, pcvr, label, weight)}));
}

TEST_F(FoldsTest, FiguresTakeTheSeedsThatTheTablesTake) {
  MakeRuns();
  ExpectSuccess(Run(0, Compare(config_, "out", {"--resume"})));
  const auto pictures = [&] {
    finished_ = *FinishedRuns::Find(files_, plan_);
    std::vector<std::string> all = *CalibrationCurves(finished_);
    const std::vector<std::string> pcoc = *PcocCurves(finished_);
    all.insert(all.end(), pcoc.begin(), pcoc.end());
    const TrainingPictures training = TrainingCurves(finished_);
    all.insert(all.end(), training.pictures.begin(), training.pictures.end());
    return all;
  };
  const std::vector<std::string> both = pictures();
  ASSERT_TRUE(files_.RemoveRecursively(Path("out/runs/ESMM/seed-2-b")).ok());
  const std::vector<std::string> half = pictures();  // seed 2 is only partly done
  ASSERT_TRUE(files_.RemoveRecursively(Path("out/runs/ESMM/seed-2-0")).ok());
  EXPECT_EQ(half, pictures());
  EXPECT_NE(half, both);
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

TEST_F(FoldsTest, AColumnWithoutAValueOnADataSetSaysSoAndIsComparedOnTheOthers) {
  MakeRuns();
  const auto pool = worker::ThreadPool::Create(1).value();
  for (const uint32_t method : {0u, 1u}) {  // nobody converts on data set b
    const FinishedRun& run = *finished_.At(method, 1, 1);
    worker::Scores scores = *finished_.ScoresOf(run);
    std::fill(scores.conversion.begin(), scores.conversion.end(), 0);
    ASSERT_TRUE(worker::SaveScores(files_, run.run->ScoresPath(), scores).ok());
  }
  std::vector<RunResult> results = *ResultsOf(finished_);
  CompareTable table = *MakeTable(finished_, results, pool.get());
  const size_t c = ColumnOf(table, "cvr_auc"), ctr = ColumnOf(table, "ctr_auc");
  const auto note = [&](size_t column) { return ColumnNote(finished_, table, column); };
  EXPECT_NE(note(c).find("no value on data set b: left out of means and differences"),
            std::string::npos)
      << note(c);
  EXPECT_EQ(note(ctr).find("left out"), std::string::npos) << note(ctr);
  const auto value = [&](uint32_t method) {  // runs: both methods on one data set, then the other
    return FindMetric(results[method], "cvr_auc")->value();
  };
  EXPECT_EQ(table.rows[1].cells[c].mean, value(1));
  ASSERT_TRUE(table.rows[1].cells[c].difference.has_value());
  EXPECT_NEAR(table.rows[1].cells[c].difference->estimate, value(1) - value(0), 1e-12);
  const double ctr_difference = table.rows[1].cells[ctr].difference->estimate;

  // ESMM alone has no value there: the base's mean takes both data sets, the difference one.
  auto* metrics = results[3].mutable_metric();
  ASSERT_EQ(results[3].method(), "ESMM");
  metrics->erase(std::find_if(metrics->begin(), metrics->end(),
                              [](const RunMetric& m) { return m.name() == "ctr_auc"; }));
  table = *MakeTable(finished_, results, pool.get());
  EXPECT_NE(note(ctr).find("no value for ESMM on data set b: left out of that row"),
            std::string::npos)
      << note(ctr);
  const double base = FindMetric(results[0], "ctr_auc")->value();
  EXPECT_NEAR(table.rows[0].cells[ctr].mean,
              (base + FindMetric(results[2], "ctr_auc")->value()) / 2, 1e-12);
  EXPECT_NEAR(table.rows[1].cells[ctr].difference->estimate,
              FindMetric(results[1], "ctr_auc")->value() - base, 1e-12);
  EXPECT_NE(table.rows[1].cells[ctr].difference->estimate, ctr_difference);
}

TEST_F(FoldsTest, RowsThatRestOnDifferentDataSetsHaveTheirOwnCounts) {
  MakeRuns();
  const auto count = [&](uint32_t fold) {
    const worker::Scores scores = *finished_.ScoresOf(*finished_.At(0, fold, 1));
    return static_cast<uint64_t>(std::count(scores.conversion.begin(), scores.conversion.end(), 1));
  };
  const uint64_t first = count(0), both = first + count(1);
  const auto pool = worker::ThreadPool::Create(1).value();
  const auto note = [&] {
    const CompareTable table = *MakeTable(finished_, *ResultsOf(finished_), pool.get());
    return ColumnNote(finished_, table, ColumnOf(table, "cvr_auc"));
  };
  EXPECT_NE(note().find(StrCat(" (", both, " conversions)")), std::string::npos) << note();
  ASSERT_TRUE(files_.RemoveRecursively(Path("out/runs/ESMM/seed-1-b")).ok());
  finished_ = *FinishedRuns::Find(files_, plan_);
  EXPECT_NE(note().find(StrCat(" (BASE: ", both, " conversions on data sets 0, b; ESMM: ", first,
                               " conversions on data set 0)")),
            std::string::npos)
      << note();
}

TEST_F(FoldsTest, ColumnsWithoutAValueAreNamedWithTheReason) {
  MakeRuns();
  const auto pool = worker::ThreadPool::Create(1).value();
  const auto text = [&](bool clicks) {
    for (const FinishedRun& run : finished_.runs()) {
      worker::Scores scores = *finished_.ScoresOf(run);
      std::fill(scores.conversion.begin(), scores.conversion.end(), 0);
      if (!clicks) std::fill(scores.click.begin(), scores.click.end(), 0);
      if (!clicks) scores.has_group = false;
      if (!clicks) scores.group.clear();
      EXPECT_TRUE(worker::SaveScores(files_, run.run->ScoresPath(), scores).ok());
    }
    return TableMarkdown(finished_, *MakeTable(finished_, *ResultsOf(finished_), pool.get()));
  };
  EXPECT_EQ(Read("out/table.md").find("No value: "), std::string::npos);
  const std::string unconverted = text(true);
  EXPECT_NE(unconverted.find("No value: CVR AUC, CTCVR AUC, "), std::string::npos) << unconverted;
  EXPECT_NE(unconverted.find("(no click of the test logs converts)"), std::string::npos);
  EXPECT_EQ(unconverted.find("no group column"), std::string::npos);
  const std::string unclicked = text(false);
  EXPECT_NE(unclicked.find("No value: CTR AUC, CVR AUC, CTCVR AUC, "), std::string::npos)
      << unclicked;
  EXPECT_NE(unclicked.find("(no exposure of the test logs is clicked)"), std::string::npos);
  EXPECT_NE(unclicked.find("No value: CTR GAUC, CVR GAUC, CTCVR GAUC, NDCG@10, Recall@10 (the test "
                           "logs have no group column)"),
            std::string::npos)
      << unclicked;
}

}  // namespace
}  // namespace chorus::launch
