#pragma once
// Fields of a text that have no column, and how often they came. Thread safety: a value.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace chorus::worker {

class UnreadFields {
 public:
  void Count(std::string_view name, uint64_t times = 1) {
    const auto found = counts_.find(name);
    if (found != counts_.end()) {
      found->second += times;
    } else if (counts_.size() < kMostNames) {
      counts_.emplace(name, times);
    }
  }
  void Add(const UnreadFields& others) {
    for (const auto& [name, times] : others.counts_) Count(name, times);
  }
  // The first thousand names: a damaged text has any number of them.
  const std::map<std::string, uint64_t, std::less<>>& counts() const { return counts_; }

 private:
  static constexpr size_t kMostNames = 1000;
  std::map<std::string, uint64_t, std::less<>> counts_;
};

}  // namespace chorus::worker
