#include "worker/import/header_hint.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

bool IsNumber(const std::string& text) { return ParseDouble(text).has_value(); }

// "1:0.5", of libsvm, has one colon; "3:17:1", of libffm, has two.
bool IsIndexedFeature(std::string_view token, std::ptrdiff_t colons) {
  const size_t colon = token.find(':');
  return colon != std::string_view::npos && ParseUint64(token.substr(0, colon)).has_value() &&
         std::count(token.begin(), token.end(), ':') == colons;
}

// "user:5"; of slot text.
bool IsFieldAndId(std::string_view token) {
  const size_t colon = token.find(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < token.size() &&
         token.find(':', colon + 1) == std::string_view::npos;
}

// "1 17 2 5 6": how many values a slot has, and these, once and again, to the end.
bool LooksLikeMultiSlot(const std::vector<std::string>& tokens) {
  constexpr size_t kFewestSlots = 3;  // fewer may be chance
  size_t slots = 0;
  for (size_t at = 0; at < tokens.size(); ++slots) {
    const auto values = ParseUint64(tokens[at]);
    if (!values || *values == 0 || *values >= tokens.size() - at) return false;
    for (size_t i = 1; i <= *values; ++i) {
      if (!IsNumber(tokens[at + i])) return false;
    }
    at += static_cast<size_t>(*values) + 1;
  }
  return slots >= kFewestSlots;
}

// All tokens are "field:id", but for cells that come first: numbers.
bool LooksLikeSlotText(const std::vector<std::string>& tokens) {
  const auto first = std::find_if_not(tokens.begin(), tokens.end(), IsNumber);
  return first != tokens.end() && std::all_of(first, tokens.end(), IsFieldAndId);
}

// Of a text whose rows are tokens between blanks; "" when it looks like none.
std::string TokenHint(const std::string& line) {
  std::vector<std::string> tokens = chorus::Split(line, ' ');
  std::erase(tokens, "");
  if (tokens.size() < 2) return "";
  const auto features_have = [&tokens](std::ptrdiff_t colons) {
    return IsNumber(tokens[0]) &&
           std::all_of(tokens.begin() + 1, tokens.end(),
                       [=](const auto& token) { return IsIndexedFeature(token, colons); });
  };
  if (features_have(1)) {
    return "; this looks like libsvm: format: LIBSVM in the schema, with the columns 'label' and "
           "'features'";
  }
  if (features_have(2)) {
    return "; this looks like libffm: format: LIBFFM in the schema, with the columns 'label' and "
           "the fields ('0', '1', ...)";
  }
  if (LooksLikeSlotText(tokens)) {
    return "; this looks like slot text: format: SLOT_TEXT and delimiter: \" \" in the schema, "
           "with the fields as columns";
  }
  if (LooksLikeMultiSlot(tokens)) {
    return "; this looks like MultiSlot (how many values, and these, for each slot), which is not "
           "read: write each value as slot:value, and read it with format: SLOT_TEXT";
  }
  return "";
}

std::string DelimiterHint(const std::string& name) {
  constexpr std::string_view kCandidates[] = {"\t", ",", ";", "|", std::string_view("\x01", 1),
                                              " "};
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
    const std::string tokens = TokenHint(columns[0]);
    return tokens.empty() ? DelimiterHint(columns[0]) : tokens;
  }
  if (LooksLikeSlotText(columns)) {
    return "; this looks like slot text: format: SLOT_TEXT in the schema, whose columns are the "
           "numbers of the cells that come first ('0', '1', ...) and the fields";
  }
  for (const std::string& column : columns) {
    if (Core(column) == Core(wanted)) return StrCat("; is ", Shown(column), " meant?");
  }
  const std::string nearest = NearestWord(wanted, columns);
  if (!nearest.empty()) return StrCat("; is ", Shown(nearest), " meant?");
  const bool numbers = std::all_of(columns.begin(), columns.end(), [](const std::string& column) {
    return column.empty() || IsNumber(column);
  });
  return numbers ? "; these are numbers: has the text no header? (header: false in the schema)"
                 : "";
}

}  // namespace chorus::worker
