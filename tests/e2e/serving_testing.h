#pragma once
// A model that is trained on text and exported, and rows to score with it: for tests of
// launch/serving. Thread safety: the test's thread.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/strings.h"
#include "launch/command/export_model.h"
#include "launch/serving/scorer.h"
#include "tests/e2e/import_testing.h"
#include "tests/e2e/job_testing.h"

namespace chorus::e2e {

constexpr char kServedSchema[] = R"(
    click: 'click' conversion: 'sale' delimiter: "\t" missing_marker: ['NULL', '-7'] trim: true
    slot { column: 'user' context: true }
    slot { column: 'seen' name: 'history' context: true key_space: 'item'
           separator: '|' value_separator: ':' max_ids: 4 value_transform: LN1P value_clip: 1.2 }
    slot { column: 'item' } slot { column: 'tags' separator: '|' max_ids: 3 keep: LAST }
    numeric { column: 'age' context: true missing: -1 }
    numeric { column: 'price' transform: LOG_STANDARD } block_rows: 37)";

// Cells of row i for the columns above, in their order; some are odd, and some ids are in no early
// row.
inline std::vector<std::string> ServedCells(int i) {
  const int user = i / 4 % 17;
  std::string seen, tags;
  for (int k = 0; k < user % 6; ++k) seen += StrCat(k == 0 ? "" : "|", user + 3 * k, ":", k, ".5");
  for (int k = 0; k < i % 5; ++k) tags += StrCat(k == 0 ? "" : "|", "t", (i + k) % 6);
  return {user == 3 ? "NULL" : StrCat(user % 2 == 0 ? "u" : "-", user + 1, i >= 400 ? "new" : ""),
          seen,
          i % 9 == 0 ? "-7" : StrCat(i * 7 % 13, i % 5 == 0 ? ".0" : ""),
          tags,
          user == 5 ? "" : StrCat(" ", 20 + user),
          i % 6 == 0 ? "-7" : StrCat(i * 5 % 11, ".25")};
}
inline const std::vector<std::string>& ServedNames() {
  static const std::vector<std::string> names = {"user", "seen", "item", "tags", "age", "price"};
  return names;
}

// Columns of texts with their memory.
class TextColumns {
 public:
  // Rows [first, end) of ServedCells, columns by these indices.
  TextColumns(int first, int end, const std::vector<size_t>& which) {
    columns_.rows = end - first;
    for (const size_t c : which) {
      std::vector<std::string> cells;
      for (int i = first; i < end; ++i) cells.push_back(ServedCells(i)[c]);
      Add(ServedNames()[c], cells);
    }
  }
  void Add(const std::string& name, const std::vector<std::string>& cells) {
    std::string& bytes = bytes_.emplace_back();
    std::vector<int64_t>& ends = ends_.emplace_back(1, 0);
    for (const std::string& cell : cells) {
      bytes += cell;
      ends.push_back(static_cast<int64_t>(bytes.size()));
    }
    launch::InputColumn column;
    column.name = name;
    column.type = launch::InputColumn::Type::kText;
    column.elements = static_cast<int64_t>(cells.size());
    column.values = bytes.data();
    column.ends = ends.data();
    columns_.columns.push_back(column);
  }
  const launch::InputColumns& columns() const { return columns_; }
  launch::InputColumns& columns() { return columns_; }

 private:
  std::deque<std::string> bytes_;
  std::deque<std::vector<int64_t>> ends_;
  launch::InputColumns columns_;
};
inline TextColumns AllColumns(int first, int end) { return {first, end, {0, 1, 2, 3, 4, 5}}; }

struct ServedScores {
  explicit ServedScores(int64_t rows)
      : pctr(static_cast<size_t>(rows)), pcvr(pctr.size()), pctcvr(pctr.size()) {}
  launch::ScoredRows spans() { return {pctr, pcvr, pctcvr}; }
  std::vector<double> pctr, pcvr, pctcvr;
};

class ServingTest : public ::testing::Test {
 protected:
  static constexpr int kTrained = 400, kRows = 530;

  void SetUp() override {
    Import("train", 0, kTrained, "");
    Import("test", kTrained - 150, kRows, "train");
  }

  void Import(const std::string& output, int first, int end, const std::string& like) {
    std::string text = "click\tsale\t" + Join(ServedNames(), "\t") + "\n";
    for (int i = first; i < end; ++i) {
      const bool click = i % 3 == 0;
      text += StrCat(click ? 1 : 0, "\t", click && i % 2 == 0 ? 1 : 0, "\t",
                     Join(ServedCells(i), "\t"), "\n");
    }
    ImportRows(*files_, CompleteSchema(kServedSchema), text, output, like);
  }

  static TrainConfig ServedConfig(const std::string& job) {
    const std::string tables =
        "table { name: 'a' dim: 4 optimizer { adagrad { lr: 0.2 } } } "
        "table { name: 'b' dim: 4 unseen: ZERO optimizer { adagrad { lr: 0.2 } } } ";
    return JobConfig(StrCat("evaluate { log: 'test' group_metrics: false } ", tables, job));
  }

  // Trains and exports to "model".
  void TrainAndExport(const std::string& job) {
    ASSERT_TRUE(files_->RemoveRecursively("ckpt").ok());
    if (files_->Exists("model/manifest.json")) {
      ASSERT_TRUE(files_->RemoveRecursively("model").ok());
    }
    const Trained trained = TrainOn(*files_, ServedConfig(job), Layout());
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    checkpoint_ = trained.first().checkpoint;
    const Status exported = launch::ExportModel(*files_, checkpoint_, "model", false);
    ASSERT_TRUE(exported.ok()) << exported.ToString();
  }

  // The scores of `chorus predict` for the log 'test'.
  ServedScores ScoresOfPredict(const std::string& job) {
    const auto text = PredictOn(*files_, ServedConfig(job), Layout(), checkpoint_);
    EXPECT_TRUE(text.ok()) << text.status().ToString();
    if (!text.ok()) return ServedScores(0);
    const std::vector<std::string> lines = Split(*text, '\n');  // a header; nothing behind the last
    ServedScores scores(static_cast<int64_t>(lines.size()) - 2);
    for (size_t i = 0; i < scores.pctr.size(); ++i) {
      const std::vector<std::string> cells = Split(lines[i + 1], '\t');
      scores.pctr[i] = std::stod(cells.at(3));
      scores.pcvr[i] = std::stod(cells.at(4));
      scores.pctcvr[i] = std::stod(cells.at(5));
    }
    return scores;
  }

  std::unique_ptr<launch::Scorer> Load() {
    auto scorer = launch::Scorer::Load(*files_, "model");
    EXPECT_TRUE(scorer.ok()) << scorer.status().ToString();
    return scorer.ok() ? std::move(scorer).value() : nullptr;
  }
  std::string LoadError() { return launch::Scorer::Load(*files_, "model").status().ToString(); }

  static ServedScores ScoresOf(const launch::Scorer& scorer, const launch::InputColumns& rows) {
    ServedScores scores(rows.rows);
    const Status status = scorer.Score(rows, scores.spans());
    EXPECT_TRUE(status.ok()) << status.ToString();
    return scores;
  }

  static void ExpectEqual(const ServedScores& actual, const ServedScores& expected,
                          double tolerance) {
    ASSERT_EQ(actual.pctr.size(), expected.pctr.size());
    for (size_t i = 0; i < expected.pctr.size(); ++i) {
      EXPECT_NEAR(actual.pctr[i], expected.pctr[i], tolerance) << "row " << i;
      EXPECT_NEAR(actual.pcvr[i], expected.pcvr[i], tolerance) << "row " << i;
      EXPECT_NEAR(actual.pctcvr[i], expected.pctcvr[i], tolerance) << "row " << i;
    }
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::string checkpoint_;
};

}  // namespace chorus::e2e
