#pragma once
// Whether a column tells a label: a column whose values are known only after the fact makes a model
// that is perfect on paper and useless when it serves. Thread safety: none.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace chorus::worker {

// One column beside one label, over the rows of a sample.
// Whether it is more than chance that all of `drawn` rows are among `marked` of `all` rows.
bool IsNoChance(uint64_t drawn, uint64_t marked, uint64_t all);

class LabelLeak {
 public:
  // text: "" = missing.
  void Add(std::string_view text, bool label);

  // "" when nothing is wrong; else how the column tells the label: "is there only where the label
  // is 1", "its values tell the label of every row". Needs at least 20 rows of either label, or
  // numbers that differ from 0 only where the label is 1, in more rows than chance explains.
  std::string Describe() const;

 private:
  struct Counts {
    uint64_t rows = 0;
    uint64_t positives = 0;
  };
  bool ValuesTell() const;
  bool NumbersAreApart() const;
  bool NonzeroTells() const;

  static constexpr size_t kMostValues = 20000;
  std::unordered_map<std::string, Counts> values_;  // with "" for missing
  bool too_many_values_ = false;
  uint64_t rows_ = 0, positives_ = 0;
  uint64_t filled_ = 0, filled_positives_ = 0;
  uint64_t nonzero_ = 0, nonzero_positives_ = 0;  // numbers
  double least_[2] = {0, 0}, most_[2] = {0, 0};   // [label]
  uint64_t numbers_of_[2] = {0, 0};
};

}  // namespace chorus::worker
