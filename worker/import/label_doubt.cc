#include "worker/import/label_doubt.h"

#include <cstdio>

#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kLeastConversions = 20;  // fewer are so by chance

std::string PercentOf(uint64_t part, uint64_t whole) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f %%",
                100 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

// Of labels that never come.
std::string DoubtOfNone(const ImportSchema& schema, const ImportedLabels& counts) {
  if (counts.goes_on || counts.rows == 0) return "";
  if (counts.clicks == 0) {
    return StrCat("no row of ", counts.rows,
                  " has a click, and nothing can be learnt without: is click: \"", schema.click(),
                  "\" the right column, and are all rows there?");
  }
  if (!counts.has_conversion || counts.conversions + counts.unclicked_conversions > 0) return "";
  const std::string none = counts.clicks == 1
                               ? std::string("the only click has no conversion")
                               : StrCat("none of ", counts.clicks, " clicks has a conversion");
  return StrCat(none, ", and nothing can be learnt of them: is conversion: \"", schema.conversion(),
                "\" the right column? Those that come later are added by chorus import --labels");
}

std::string DoubtOfBoth(const ImportSchema& schema, const ImportedLabels& counts) {
  const uint64_t all = counts.conversions + counts.unclicked_conversions;
  if (all < kLeastConversions) return "";
  const std::string columns =
      StrCat("click: \"", schema.click(), "\" and conversion: \"", schema.conversion(), "\"");
  if (counts.unclicked_conversions * 2 > all) {
    return StrCat(PercentOf(counts.unclicked_conversions, all), " of the conversions (",
                  counts.unclicked_conversions, " of ", all, ") have no click: are the columns of ",
                  columns, " swapped?");
  }
  if (counts.conversions == counts.clicks) {
    return StrCat("every one of ", counts.clicks,
                  " clicks has a conversion: nothing is left to "
                  "learn of conversions. Do ",
                  columns, " say the same, or are they swapped?");
  }
  return "";
}

}  // namespace

std::string DoubtOfLabels(const ImportSchema& schema, const ImportedLabels& counts) {
  if (!counts.has_click) return "";
  const std::string doubt = counts.has_conversion ? DoubtOfBoth(schema, counts) : "";
  return doubt.empty() ? DoubtOfNone(schema, counts) : doubt;
}

std::string DoubtOfPart(const std::string& part, const ImportedLabels& of_part,
                        const ImportedLabels& all) {
  if (!all.has_click || all.goes_on || of_part.rows == 0) return "";
  const bool no_click = of_part.clicks == 0 && all.clicks > 0;
  const bool no_conversion = all.has_conversion && of_part.conversions == 0 && all.conversions > 0;
  if (!no_click && !no_conversion) return "";
  return StrCat(
      "part '", part, "' has none of the ",
      no_click ? StrCat(all.clicks, all.clicks == 1 ? " click" : " clicks")
               : StrCat(all.conversions, all.conversions == 1 ? " conversion" : " conversions"),
      ", and can neither teach nor judge them: give it more of the rows or, of few rows, "
      "take folds (--split folds:5), where each row is tested once");
}

}  // namespace chorus::worker
