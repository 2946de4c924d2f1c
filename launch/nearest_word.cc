#include "launch/nearest_word.h"

#include <algorithm>

namespace chorus::launch {
namespace {

size_t Edits(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> edits(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      size_t& least = edits[i][j];
      least = i == 0 ? j : j == 0 ? i : edits[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0);
      if (i > 0 && j > 0) least = std::min({least, edits[i - 1][j] + 1, edits[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) least = std::min(least, edits[i - 2][j - 2] + 1);
    }
  }
  return edits[a.size()][b.size()];
}

}  // namespace

std::string NearestWord(const std::string& word, const std::vector<std::string>& words) {
  std::string nearest;
  size_t edits = 3;  // as many are another word
  for (const std::string& candidate : words) {
    const size_t needed = Edits(word, candidate);
    if (needed < edits) nearest = candidate, edits = needed;
  }
  return nearest;
}

}  // namespace chorus::launch
