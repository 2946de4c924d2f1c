#include <algorithm>
#include <cstdio>

#include "common/strings.h"
#include "worker/import/import.h"

namespace chorus::worker {
namespace {

std::string Fixed(double value, const char* format) {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string Share(uint64_t part, uint64_t whole) {
  if (whole == 0) return "";
  return StrCat(" (", Fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), "%.3f"),
                " %)");
}

std::string Line(std::string_view name, std::string_view value) {
  constexpr size_t kNameWidth = 22;
  std::string line(name);
  line.resize(std::max(kNameWidth, line.size() + 1), ' ');
  return StrCat(line, value, "\n");
}

std::string FormatPart(const PartSummary& part, bool has_contexts) {
  std::string out;
  if (!part.name.empty()) out += StrCat("part ", part.name, ":\n");
  out += Line("rows written", StrCat(part.rows));
  if (has_contexts) {
    const double shared = static_cast<double>(part.rows) / static_cast<double>(part.contexts);
    out += Line("contexts", StrCat(part.contexts, " (", Fixed(shared, "%.1f"), " rows each)"));
  }
  out += Line("clicks", StrCat(part.clicks, Share(part.clicks, part.rows)));
  out += Line("conversions",
              StrCat(part.conversions, Share(part.conversions, part.clicks), " of clicks"));
  out +=
      Line("log files",
           StrCat(part.files, ", ", part.bytes, " bytes, ",
                  Fixed(static_cast<double>(part.bytes) / static_cast<double>(part.rows), "%.1f"),
                  " bytes a row"));
  return out;
}

}  // namespace

std::string FormatSummary(const ImportSummary& summary) {
  const RowCounts& rows = summary.rows;
  std::string out = Line("rows read", StrCat(rows.read));
  out += Line("bad rows", StrCat(rows.bad));
  if (rows.kept_unclicked_conversions > 0) {
    out += Line("conversion, no click", StrCat(rows.kept_unclicked_conversions, " kept"));
  } else {
    out += Line("conversion, no click", StrCat(rows.dropped_unclicked_conversions, " dropped"));
  }
  for (const PartSummary& part : summary.parts) out += FormatPart(part, summary.has_contexts);
  return out;
}

}  // namespace chorus::worker
