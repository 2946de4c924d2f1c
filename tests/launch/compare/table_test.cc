// The contents of cells: means and spreads of the runs, differences with the intervals that the
// statistics give, bold exactly where an interval excludes 0.

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "launch/compare/measure/cells.h"
#include "launch/compare/measure/results.h"
#include "launch/compare/show/figures.h"
#include "launch/compare/show/pages.h"
#include "launch/compare/show/words.h"
#include "tests/launch/compare/compare_testing.h"
#include "worker/metrics/score_file.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/delong.h"

namespace chorus::launch {
namespace {

class TableTest : public e2e::CompareTest {
 protected:
  // Trains the comparison on logs with weights or without, and makes its table.
  void MakeRuns(bool weighted = false) {
    worker::LogSchema schema = e2e::RichSchema();
    schema.has_weight = weighted;
    e2e::WriteJobLog(files_, Path("train"), schema, 400, 1);
    e2e::WriteJobLog(files_, Path("test"), schema, kTestRows, 2);
    const std::string path = WriteConfig("two");
    ExpectSuccess(Run(0, Compare(path, "out")));
    auto config = LoadCompareConfig(path, {});
    ASSERT_TRUE(config.ok());
    auto plan = MakePlan(files_, *config, path, {}, Path("out"));
    ASSERT_TRUE(plan.ok());
    plan_ = *plan;
    finished_ = *FinishedRuns::Find(files_, plan_);
    results_ = *ResultsOf(finished_);
    const auto pool = worker::ThreadPool::Create(1).value();
    table_ = *MakeTable(finished_, results_, pool.get());
  }

  size_t ColumnOf(const std::string& id) const {
    for (size_t c = 0; c < table_.columns.size(); ++c) {
      if (table_.columns[c].id == id) return c;
    }
    ADD_FAILURE() << "no column " << id;
    return 0;
  }

  ComparePlan plan_;
  FinishedRuns finished_;
  std::vector<RunResult> results_;
  CompareTable table_;
};

TEST_F(TableTest, MeansSpreadsAndDeLongIntervalsAreThoseOfTheRuns) {
  MakeRuns();
  const size_t c = ColumnOf("cvr_auc");
  std::map<std::string, std::vector<double>> values;
  for (const RunResult& result : results_) {
    values[result.method()].push_back(FindMetric(result, "cvr_auc")->value());
  }
  const std::vector<double>& base = values["BASE"];
  const std::vector<double>& esmm = values["ESMM"];
  const Cell& cell = table_.rows[1].cells[c];
  EXPECT_NEAR(cell.mean, (esmm[0] + esmm[1]) / 2, 1e-12);
  EXPECT_NEAR(*cell.sd, std::abs(esmm[0] - esmm[1]) / std::sqrt(2.0), 1e-12);

  // The interval from the score files alone.
  std::vector<worker::TaskRows> rows;
  for (const uint32_t method : {1u, 0u}) {
    for (const uint64_t seed : {1u, 2u}) {
      rows.push_back(worker::RowsOfTask(*finished_.ScoresOf(*finished_.At(method, 0, seed)),
                                        worker::Task::kCvr, {}));
    }
  }
  std::vector<std::span<const double>> scores;
  for (const worker::TaskRows& run : rows) scores.push_back(run.logit);
  const std::vector<uint8_t> labels(rows[0].label.begin(), rows[0].label.end());
  const std::vector<double> contrast = {0.5, 0.5, -0.5, -0.5};
  const double variance = *worker::DeLongVariance(scores, labels, contrast);
  const std::vector<double> differences = {esmm[0] - base[0], esmm[1] - base[1]};
  const auto expected = worker::CombineDifferences(differences, std::vector<double>{variance});
  EXPECT_NEAR(cell.difference->interval.low, expected.interval.low, 1e-12);
  EXPECT_NEAR(cell.difference->interval.high, expected.interval.high, 1e-12);
}

TEST_F(TableTest, EveryColumnOfAMethodHasAnIntervalAndTheBaseHasNone) {
  MakeRuns();
  ASSERT_EQ(table_.rows.size(), 2u);
  EXPECT_TRUE(table_.rows[0].is_base);
  for (size_t c = 0; c < table_.columns.size(); ++c) {
    EXPECT_FALSE(table_.rows[0].cells[c].difference.has_value()) << table_.columns[c].id;
    EXPECT_TRUE(table_.rows[1].cells[c].difference.has_value()) << table_.columns[c].id;
    const std::string note = ColumnNote(finished_, table_, c);
    EXPECT_NE(note.find(table_.columns[c].id.starts_with("ctr_") ? " clicks)" : " conversions)"),
              std::string::npos)
        << note;
  }
}

TEST_F(TableTest, BoldIsWhatItsIntervalSetsApartFromZero) {
  MakeRuns();
  const size_t c = ColumnOf("cvr_auc");
  const struct {
    double low, high;
    bool bold;
  } cases[] = {{0.01, 0.03, true}, {-0.03, -0.01, true}, {-0.01, 0.03, false}, {0, 0.02, false}};
  for (const auto& x : cases) {
    worker::CombinedDifference& difference = *table_.rows[1].cells[c].difference;
    table_.rows[1].cells[c].has_few_positives = false;
    table_.rows[1].cells[c].worse_than_constant = false;
    difference.estimate = (x.low + x.high) / 2;
    difference.standard_error = 0.01;
    difference.interval = {x.low, x.high};
    const std::string text = DifferenceText(table_.rows[1].cells[c], table_.columns[c], false);
    const std::string table = TableMarkdown(finished_, table_);
    EXPECT_NE(table.find(text), std::string::npos) << text;
    EXPECT_EQ(table.find("**" + text + "**") != std::string::npos, x.bold) << text;
    table_.rows[1].reference = true;  // a bound is never bold
    EXPECT_EQ(TableMarkdown(finished_, table_).find("**" + text + "**"), std::string::npos);
    table_.rows[1].reference = false;
  }
}

TEST_F(TableTest, DotsAreFilledWhereTheTableIsBold) {
  MakeRuns();
  const size_t c = ColumnOf("cvr_auc");
  for (size_t other = 0; other < table_.columns.size(); ++other) {
    if (other != c) table_.rows[1].cells[other].difference.reset();
  }
  table_.rows[1].cells[c].has_few_positives = false;
  table_.rows[1].cells[c].worse_than_constant = false;
  worker::CombinedDifference& difference = *table_.rows[1].cells[c].difference;
  for (const auto& [low, reference, hollow] :
       {std::tuple{0.01, false, false}, {-0.01, false, true}, {0.01, true, true}}) {
    difference.estimate = 0.02;
    difference.interval = {low, 0.04};
    table_.rows[1].reference = reference;
    const std::vector<std::string> plots = DotPlots(finished_, table_, {c});
    ASSERT_EQ(plots.size(), 1u);
    EXPECT_EQ(plots[0].find("hollow") != std::string::npos, hollow) << plots[0];
  }
}

TEST_F(TableTest, NothingThatIsWorseThanAConstantIsBold) {
  Cell cell;
  cell.runs.seeds = {1, 2};
  cell.difference =
      worker::CombineDifferences(std::vector<double>{0.25, 0.25}, std::vector<double>{1e-6});
  EXPECT_TRUE(cell.significant());
  cell.worse_than_constant = true;
  EXPECT_FALSE(cell.significant());

  MakeRuns();
  const std::string tasks[] = {"ctr", "cvr", "ctcvr"};
  for (const TableRow& row : table_.rows) {
    for (const std::string& task : tasks) {
      const bool poor = row.cells[ColumnOf(task + "_ne")].mean >= 1;
      EXPECT_EQ(row.cells[ColumnOf(task + "_log_loss")].worse_than_constant, poor) << task;
      EXPECT_EQ(row.cells[ColumnOf(task + "_pcoc")].worse_than_constant, poor) << task;
      const Cell& auc = row.cells[ColumnOf(task + "_auc")];
      EXPECT_EQ(auc.worse_than_constant, auc.mean <= 0.5) << task;
    }
  }
}

TEST_F(TableTest, DoubtsOfARunStandBelowTheTables) {
  MakeRuns();
  const std::string table = TableMarkdown(finished_, table_);
  EXPECT_NE(table.find("Doubtful: BASE seed 1 (and 1 further run of it): only "), std::string::npos)
      << table;
  EXPECT_NE(ReportPage(finished_, table_)->find("Doubtful: ESMM seed 1"), std::string::npos);
}

TEST_F(TableTest, AWeightedLogHasWeightedMetricsWithIntervalsFromTheBootstrap) {
  MakeRuns(true);
  const worker::Scores scores = *finished_.ScoresOf(finished_.runs()[0]);
  ASSERT_TRUE(scores.has_weight);
  double predictions = 0, clicks = 0;
  for (uint64_t i = 0; i < scores.rows(); ++i) {
    predictions += scores.WeightOf(i) / (1 + std::exp(-scores.ctr_logit[i]));
    clicks += scores.WeightOf(i) * scores.click[i];
  }
  EXPECT_NEAR(FindMetric(results_[0], "ctr_pcoc")->value(), predictions / clicks, 1e-9);
  EXPECT_NEAR(results_[0].evaluation().task(0).pcoc(), predictions / clicks, 1e-6);
  EXPECT_NEAR(results_[0].evaluation().task(0).auc(), FindMetric(results_[0], "ctr_auc")->value(),
              results_[0].evaluation().task(0).auc_error_bound() + 1e-9);
  EXPECT_TRUE(table_.rows[1].cells[ColumnOf("ctr_auc")].difference.has_value());
  EXPECT_NE(TableMarkdown(finished_, table_).find("A test log has weights"), std::string::npos);
}

TEST_F(TableTest, AnExactDifferenceOfOneSeedHasNoInterval) {
  Cell cell;
  cell.runs.seeds = {1};
  cell.difference = worker::CombineDifferences(std::vector<double>{0.25}, std::vector<double>{0});
  EXPECT_FALSE(cell.significant());
  EXPECT_EQ(DifferenceText(cell, Column(), false), "+0.2500");
}

TEST_F(TableTest, ADifferenceOfOneSeedIsNeverBold) {
  Cell cell;
  cell.runs.seeds = {1};
  cell.difference =
      worker::CombineDifferences(std::vector<double>{0.25}, std::vector<double>{1e-6});
  EXPECT_TRUE(cell.has_interval());
  EXPECT_FALSE(cell.significant());
}

TEST_F(TableTest, ADifferenceOfFewConversionsIsNeverBold) {
  Cell cell;
  cell.runs.seeds = {1, 2};
  cell.difference =
      worker::CombineDifferences(std::vector<double>{0.25, 0.25}, std::vector<double>{1e-6});
  EXPECT_TRUE(cell.significant());
  cell.has_few_positives = true;
  EXPECT_TRUE(cell.has_interval());
  EXPECT_FALSE(cell.significant());

  MakeRuns();
  const auto has_few = [&](const char* column) {
    const size_t c = ColumnOf(column);
    const bool few = FindMetric(results_[0], column)->positives() < kFewestPositives;
    EXPECT_EQ(table_.rows[1].cells[c].has_few_positives, few) << column;
    return few;
  };
  EXPECT_FALSE(has_few("ctr_auc"));
  EXPECT_TRUE(has_few("cvr_auc"));
}

TEST_F(TableTest, CellsAreMadeFromEveryScore) {
  MakeRuns();
  for (size_t i = 0; i < results_.size(); ++i) {
    const worker::Scores scores = *finished_.ScoresOf(finished_.runs()[i]);
    double pairs = 0, won = 0;
    for (uint64_t p = 0; p < scores.rows(); ++p) {
      for (uint64_t n = 0; n < scores.rows(); ++n) {
        if (scores.click[p] == 0 || scores.click[n] == 1) continue;
        pairs += 1;
        if (scores.ctr_logit[p] > scores.ctr_logit[n]) won += 1;
        if (scores.ctr_logit[p] == scores.ctr_logit[n]) won += 0.5;
      }
    }
    EXPECT_NEAR(FindMetric(results_[i], "ctr_auc")->value(), won / pairs, 1e-12);
    for (const char* id : {"cvr_auc", "ctcvr_auc", "cvr_ks", "cvr_ece"}) {
      ASSERT_NE(FindMetric(results_[i], id), nullptr) << id;
      EXPECT_GT(FindMetric(results_[i], id)->positives(), 0u) << id;
    }
  }
}

TEST_F(TableTest, AnUnfinishedComparisonSaysWhatItsRowsAreMadeOf) {
  MakeRuns();
  EXPECT_EQ(RunsText(finished_, 1), "");
  ASSERT_TRUE(files_.RemoveRecursively(Path("out/runs/ESMM/seed-2-0")).ok());
  finished_ = *FinishedRuns::Find(files_, plan_);
  results_ = *ResultsOf(finished_);
  const auto pool = worker::ThreadPool::Create(1).value();
  table_ = *MakeTable(finished_, results_, pool.get());
  const std::string text = TableMarkdown(finished_, table_);
  for (const char* part : {"| ESMM (1 of 2 seeds) |", "| BASE |", "Unfinished: ",
                           "3 of 4 runs are finished: 2 methods, 2 seeds, 1 data set.",
                           "; lower is better", "; 1 is right"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  const Cell& cell = table_.rows[1].cells[ColumnOf("cvr_auc")];
  EXPECT_EQ(cell.runs.seeds.size(), 1u);
  ASSERT_TRUE(cell.difference.has_value());
  EXPECT_NEAR(cell.difference->estimate, cell.mean - FindMetric(results_[0], "cvr_auc")->value(),
              1e-12);
  EXPECT_FALSE(cell.difference->seed_variance.has_value());
}

// A log of other exposures in place of the one that the run was evaluated on.
void ReplaceLogOf(FileSystem& files, const FinishedRuns& finished, uint32_t method, uint64_t seed) {
  const FinishedRun& run = *finished.At(method, 0, seed);
  worker::Scores scores = *finished.ScoresOf(run);
  scores.row_id[7] += 1000;
  ASSERT_TRUE(worker::SaveScores(files, run.run->ScoresPath(), scores).ok());
}

TEST_F(TableTest, RunsOnDifferentTestLogsAreNotComparedAndBothAreNamed) {
  MakeRuns();
  const auto error = [&] {
    const auto pool = worker::ThreadPool::Create(1).value();
    return MakeTable(finished_, results_, pool.get()).status();
  };
  const auto expect = [&](const std::string& one, const std::string& other) {
    const Status status = error();
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    for (const std::string& text : {one, other, std::string("different test logs")}) {
      EXPECT_NE(status.message().find(text), std::string::npos) << status.message();
    }
  };
  ReplaceLogOf(files_, finished_, 1, 2);  // another one than the common CTR net has
  expect("ESMM/seed-2-0/scores", "BASE/seed-2-0/scores");
  EXPECT_FALSE(ResultsOf(finished_).ok());
  ReplaceLogOf(files_, finished_, 0, 2);  // another one than seed 1 has
  expect("ESMM/seed-2-0/scores", "BASE/seed-1-0/scores");
}

TEST_F(TableTest, DamagedScoresAreNamed) {
  MakeRuns();
  const std::string path = finished_.At(1, 0, 1)->run->ScoresPath();
  std::string scores = Read("out/runs/ESMM/seed-1-0/scores");
  scores[scores.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(files_, path, scores).ok());
  const Status status = ResultsOf(finished_).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
}

TEST_F(TableTest, TheTablesHoldWhatThePapersAndTheMethodsNeed) {
  MakeRuns();
  const std::string text = TableMarkdown(finished_, table_);
  for (const char* heads :
       {"| CTR AUC | CVR AUC | CTCVR AUC | CTCVR AUC, common pCTR | CVR AUC as NISE's code has it "
        "|",
        "| CTR GAUC | CVR GAUC | CTCVR GAUC | NDCG@10 | Recall@10 |",
        "| CTR log loss | CTR NE | CTR KS | CTR PCOC | CTR ECE |",
        "| CVR log loss | CVR NE | CVR KS | CVR PCOC | CVR ECE | CVR PCOC, lowest pCTR |",
        "| CTCVR log loss | CTCVR NE | CTCVR KS | CTCVR PCOC | CTCVR ECE |"}) {
    EXPECT_NE(text.find(heads), std::string::npos) << heads;
  }
  // Nobody's pCVR is a ratio here, and no truth is known.
  for (const char* none : {"pCVR > 1", "truth", "Field-RCE"}) {
    EXPECT_EQ(text.find(none), std::string::npos) << none;
  }
}

TEST(RunGridTest, IsWhatAllMethodsHave) {
  using Run = std::tuple<uint32_t, uint32_t, uint64_t>;  // method, fold, seed
  std::set<Run> runs = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}};
  const auto has = [&](uint32_t m, uint32_t f, uint64_t s) { return runs.contains({m, f, s}); };
  EXPECT_EQ(GridOf({0}, 3, 2, has), (RunGrid{{0, 1}, {1}}));
  EXPECT_EQ(GridOf({0, 1}, 3, 2, has), (RunGrid{{0}, {1}}));
  runs.insert({0, 0, 2});  // a seed that has begun
  EXPECT_EQ(GridOf({0}, 3, 2, has), (RunGrid{{0, 1}, {1}}));
  EXPECT_TRUE(GridOf({2}, 3, 2, has).empty());
}

TEST(TableTextTest, NumbersAreWrittenForPeople) {
  EXPECT_EQ(GroupedDigits(1234567), "1,234,567");
  EXPECT_EQ(GroupedDigits(999), "999");
  EXPECT_EQ(NumberOf(1, "conversion"), "1 conversion");
  EXPECT_EQ(NumberOf(1000, "conversion"), "1,000 conversions");
  EXPECT_EQ(SignedText(-0.00051, 4), "-0.0005");
}

}  // namespace
}  // namespace chorus::launch
