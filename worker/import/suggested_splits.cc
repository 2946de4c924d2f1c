#include "worker/import/suggested_splits.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/shell_word.h"
#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {

SuggestedSplits SuggestSplits(const TextSample& sample, std::optional<uint32_t> time) {
  const SuggestedSplits by_draw = {"--split train:0.8,test:0.2",
                                   "--split train:0.7,validation:0.1,test:0.2"};
  if (!time || !sample.whole || sample.columns[*time].find(':') != std::string::npos) {
    return by_draw;
  }
  std::vector<std::pair<int64_t, std::string_view>> times;
  for (const auto& row : sample.rows) {
    if (const auto at = TimeFromText(row[*time])) times.emplace_back(at->value, row[*time]);
  }
  std::sort(times.begin(), times.end());
  const size_t test = times.size() * 8 / 10, validation = times.size() * 7 / 10;
  if (times.empty() || times[test].first == times[0].first) return by_draw;
  const auto option = [&](const std::string& cuts) {
    return "--split-by-time " + ShellQuoted(StrCat(sample.columns[*time], ":", cuts));
  };
  SuggestedSplits splits = {option(std::string(times[test].second)), by_draw.three};
  const bool apart =
      times[validation].first > times[0].first && times[validation].first < times[test].first;
  if (apart) splits.three = option(StrCat(times[validation].second, ",", times[test].second));
  return splits;
}

}  // namespace chorus::worker
