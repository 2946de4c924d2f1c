#pragma once
// Reads the numbers of a page in Prometheus' text format, as far as ranks use the format. Thread
// safety: pure functions.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::launch {

struct MetricSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;

  // "" where there is no such label.
  std::string label(const std::string& key) const {
    const auto found = labels.find(key);
    return found == labels.end() ? "" : found->second;
  }
};

// The samples in the page's order. Comments are passed over, and so are lines that are no samples
// and values that are not finite.
std::vector<MetricSample> SamplesOf(std::string_view page);

}  // namespace chorus::launch
