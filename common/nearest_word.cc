#include "common/nearest_word.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/lower_letter.h"
#include "common/strings.h"

namespace chorus {
namespace {

// Capital letters, '-' and '_' do not count as differences.
std::string Folded(std::string_view word) {
  std::string folded(word);
  for (char& c : folded) {
    c = c == '-' ? '_' : LowerLetter(c);
  }
  return folded;
}

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

// In a short word two other letters make another word: "dim" is not "lr".
size_t MostEdits(size_t letters) { return letters > 4 ? 2 : letters > 1 ? 1 : 0; }

// The only candidate that begins with the word and '_', since a user may remember the beginning
// alone: "grains" of "grains_per_step". "" if there is none, or several.
std::string LongerWord(const std::string& meant, const std::vector<std::string>& words) {
  constexpr size_t kLeastLetters = 4;
  std::string longer;
  if (meant.size() < kLeastLetters) return longer;
  for (const std::string& candidate : words) {
    if (!Folded(candidate).starts_with(meant + "_")) continue;
    if (!longer.empty()) return "";
    longer = candidate;
  }
  return longer;
}

}  // namespace

std::string NearestWord(std::string_view word, const std::vector<std::string>& words) {
  constexpr size_t kLongest = 200;  // bytes: what is longer is no word, and takes its time
  if (word.size() > kLongest) return "";
  const std::string meant = Folded(word);
  std::string nearest;
  std::optional<size_t> fewest;
  for (const std::string& candidate : words) {
    if (candidate.empty() || candidate.size() > kLongest) continue;
    const size_t edits = Edits(meant, Folded(candidate));
    if (edits > MostEdits(std::min(word.size(), candidate.size()))) continue;
    if (!fewest || edits < *fewest) nearest = candidate, fewest = edits;
  }
  return nearest.empty() ? LongerWord(meant, words) : nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& words) {
  const std::string nearest = NearestWord(word, words);
  return nearest.empty() ? "" : StrCat("; did you mean \"", nearest, "\"?");
}

std::string InsteadOfWord(std::string_view word, const std::vector<std::string>& words,
                          std::string_view choices) {
  const std::string meant = DidYouMean(word, words);
  return StrCat(meant, meant.empty() ? "; allowed: " : " allowed: ", choices);
}

}  // namespace chorus
