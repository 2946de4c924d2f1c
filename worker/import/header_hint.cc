#include "worker/import/header_hint.h"

#include <algorithm>
#include <string_view>

#include "common/lower_letter.h"
#include "common/nearest_word.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

// Letters in lower case, without blanks, '_' and '-'.
std::string Core(std::string_view name) {
  std::string core;
  for (const char c : name) {
    if (c != ' ' && c != '\t' && c != '_' && c != '-') core.push_back(LowerLetter(c));
  }
  return core;
}

// "1:0.5" or "3:17:1": a feature of libsvm or libffm.
bool IsIndexedFeature(std::string_view token) {
  const size_t colon = token.find(':');
  return colon != std::string_view::npos && ParseUint64(token.substr(0, colon)).has_value();
}

bool LooksLikeLibsvm(const std::string& name) {
  const std::vector<std::string> tokens = chorus::Split(name, ' ');
  return tokens.size() > 1 &&
         std::all_of(tokens.begin() + 1, tokens.end(), [](const std::string& token) {
           return token.empty() || IsIndexedFeature(token);
         });
}

std::string DelimiterHint(const std::string& name) {
  constexpr std::string_view kCandidates[] = {"\t", ",", ";", "|", std::string_view("\x01", 1)};
  for (const std::string_view candidate : kCandidates) {
    if (name.find(candidate) == std::string::npos) continue;
    const std::string shown = candidate == "\t"     ? "\\t"
                              : candidate == "\x01" ? "\\001"
                                                    : std::string(candidate);
    return StrCat("; is the delimiter \"", shown, "\" instead? (delimiter in the schema)");
  }
  return "";
}

}  // namespace

std::string HeaderHint(const std::string& wanted, const std::vector<std::string>& columns) {
  if (columns.size() == 1) {
    if (LooksLikeLibsvm(columns[0])) {
      return "; this looks like libsvm or libffm, which are not read: write one column a field";
    }
    return DelimiterHint(columns[0]);
  }
  for (const std::string& column : columns) {
    if (Core(column) == Core(wanted)) return StrCat("; is ", Shown(column), " meant?");
  }
  const std::string nearest = NearestWord(wanted, columns);
  if (!nearest.empty()) return StrCat("; is ", Shown(nearest), " meant?");
  const bool numbers = std::all_of(columns.begin(), columns.end(), [](const std::string& column) {
    return ParseDouble(column).has_value() || column.empty();
  });
  return numbers ? "; these are numbers: has the text no header? (header: false in the schema)"
                 : "";
}

}  // namespace chorus::worker
