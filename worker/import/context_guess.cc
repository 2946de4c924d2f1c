#include "worker/import/context_guess.h"

#include <algorithm>
#include <set>
#include <string>

#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kLeastShare = 5;    // one row in five follows another of its request
constexpr double kMostChanges = 0.02;  // of the rows that follow one, for a column of the context
constexpr double kMostSplits = 0.05;   // the same, for all of them together
// Changes that chance would make, and by how much they are rarer in a context.
constexpr double kLeastExpected = 10, kRarer = 20;

class ContextGuesser {
 public:
  ContextGuesser(const TextSample& sample, const std::vector<ColumnSample>& seen, uint32_t group,
                 std::optional<uint32_t> time)
      : rows_(sample.rows), seen_(seen), group_(group), time_(time) {
    guess_.columns.resize(seen.size(), false);
    guess_.changes.resize(seen.size(), 0);
  }

  ContextGuess Guess(const std::vector<bool>& features) {
    FindPairs();
    guess_.are_apart = Requests() * 2 < rows_.size() && pairs_.size() * 4 < rows_.size();
    if (pairs_.size() * kLeastShare < rows_.size() && time_) {
      guess_.of_request = false;
      time_.reset();
      FindPairs();
    }
    if (pairs_.size() * kLeastShare < rows_.size()) return std::move(guess_);
    guess_.are_apart = false;
    CountChanges();
    Choose(features);
    CountContexts();
    return std::move(guess_);
  }

 private:
  // Rows that follow one of the same request.
  void FindPairs() {
    pairs_.clear();
    for (size_t i = 1; i < rows_.size(); ++i) {
      const auto &row = rows_[i], &before = rows_[i - 1];
      if (row[group_] == before[group_] && (!time_ || row[*time_] == before[*time_])) {
        pairs_.push_back(i);
      }
    }
  }

  size_t Requests() const {
    std::set<std::string> requests;
    for (const auto& row : rows_)
      requests.insert(StrCat(row[group_], "\n", time_ ? row[*time_] : ""));
    return requests.size();
  }

  void CountChanges() {
    changes_.assign(seen_.size(), 0);
    for (const size_t i : pairs_) {
      for (size_t c = 0; c < seen_.size(); ++c) changes_[c] += rows_[i][c] != rows_[i - 1][c];
    }
    for (size_t c = 0; c < seen_.size(); ++c) {
      guess_.changes[c] = static_cast<double>(changes_[c]) / static_cast<double>(pairs_.size());
    }
  }

  bool IsOfContext(size_t c) const {
    if (c == group_) return true;
    const auto changes = static_cast<double>(changes_[c]);
    const double expected = static_cast<double>(pairs_.size()) * seen_[c].chance_of_difference();
    return expected >= kLeastExpected && changes * kRarer <= expected &&
           guess_.changes[c] <= kMostChanges;
  }

  // Each change begins another context, so that all columns together may make few.
  void Choose(const std::vector<bool>& features) {
    std::vector<size_t> candidates;
    for (size_t c = 0; c < seen_.size(); ++c) {
      if (features[c] && IsOfContext(c)) candidates.push_back(c);
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [&](size_t a, size_t b) { return changes_[a] < changes_[b]; });
    double splits = 0;
    for (const size_t c : candidates) {
      splits += guess_.changes[c];
      if (splits <= kMostSplits) guess_.columns[c] = true;
    }
  }

  void CountContexts() {
    const auto equal = static_cast<size_t>(std::count_if(
        pairs_.begin(), pairs_.end(), [&](size_t i) { return HasContextOfBefore(i); }));
    guess_.rows_per_context =
        static_cast<double>(rows_.size()) / static_cast<double>(rows_.size() - equal);
  }

  bool HasContextOfBefore(size_t i) const {
    for (size_t c = 0; c < seen_.size(); ++c) {
      if (guess_.columns[c] && rows_[i][c] != rows_[i - 1][c]) return false;
    }
    return true;
  }

  const std::vector<std::vector<std::string>>& rows_;
  const std::vector<ColumnSample>& seen_;
  const uint32_t group_;
  std::optional<uint32_t> time_;
  std::vector<size_t> pairs_;      // rows, each with the one before it
  std::vector<uint64_t> changes_;  // [column]
  ContextGuess guess_;
};

}  // namespace

ContextGuess GuessContexts(const TextSample& sample, const std::vector<ColumnSample>& seen,
                           uint32_t group, std::optional<uint32_t> time,
                           const std::vector<bool>& features) {
  return ContextGuesser(sample, seen, group, time).Guess(features);
}

}  // namespace chorus::worker
