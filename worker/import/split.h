#pragma once
// How an import deals rows to parts ("train", "test", "fold-0", ...). A row's part is a function of
// (seed, text of the split column) or of (seed, row number), or of the time in a column, or, when
// contiguous, of (row number, number of rows): adding a column or changing a label moves no row.
// Thread safety: values.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::worker {

class Split {
 public:
  // No split: one part without a name.
  Split() : parts_{{"", 1.0}} {}
  // "train:0.8,test:0.2" (fractions that sum to 1) or "folds:5" (equal parts "fold-0" .. "fold-4");
  // "" = none. Error: kInvalidArgument, says what was found and expected.
  static Result<Split> Parse(const std::string& text);
  // "COLUMN:CUT": parts "train" (times before CUT) and "test" (from CUT on); "COLUMN:CUT,CUT" has a
  // part "validation" between the two. A cut is a time as TimeFromText takes it. Error:
  // kInvalidArgument.
  static Result<Split> ParseTimes(const std::string& text);

  const std::string& text() const { return text_; }  // the text that it was parsed from
  uint32_t parts() const { return static_cast<uint32_t>(parts_.size()); }
  const std::string& name(uint32_t part) const { return parts_[part].name; }
  // The part whose rows statistics are learnt from: "train" if there is one, else the first. Folds
  // take turns as test data, so all of them count: kAllParts.
  static constexpr uint32_t kAllParts = ~0u;
  uint32_t training_part() const;

  // The part by draw. id: IdFromText of the split column's cell, or the row's number.
  uint32_t PartOf(uint64_t seed, uint64_t id) const;
  // The part by range: rows [0, rows) in order; part p ends before row round(rows * sum of
  // fractions up to p).
  uint32_t PartOfRange(uint64_t row, uint64_t rows) const;
  // The part by time. REQUIRES: the split was made by ParseTimes.
  uint32_t PartOfTime(int64_t time) const;
  const std::vector<int64_t>& cuts() const { return cuts_; }
  const std::string& time_column() const { return time_column_; }  // "" = not by time

 private:
  struct Part {
    std::string name;
    double end;  // sum of the fractions up to this part and with it; the last is 1
  };
  static Result<Split> ParseFolds(const std::string& count);
  Status AddPart(const std::string& text);

  std::string text_;
  std::vector<Part> parts_;
  std::string time_column_;
  std::vector<int64_t> cuts_;  // ascending, one fewer than parts
  bool folds_ = false;
};

}  // namespace chorus::worker
