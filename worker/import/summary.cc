#include "worker/import/summary.h"

#include <algorithm>
#include <cstdio>

#include "common/strings.h"
#include "worker/import/import.h"

namespace chorus::worker {

std::string SummaryLine(std::string_view name, std::string_view value) {
  constexpr size_t kNameWidth = 22;
  std::string line(name);
  line.resize(std::max(kNameWidth, line.size() + 1), ' ');
  return StrCat(line, value, "\n");
}

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

std::string FormatPart(const PartSummary& part, const ImportSummary& summary) {
  std::string out;
  if (!part.name.empty()) out += StrCat("part ", part.name, ":\n");
  out += SummaryLine("rows written", StrCat(part.rows));
  if (summary.has_contexts) {
    const double shared = static_cast<double>(part.rows) / static_cast<double>(part.contexts);
    out +=
        SummaryLine("contexts", StrCat(part.contexts, " (", Fixed(shared, "%.1f"), " rows each)"));
  }
  if (!summary.has_click) {
    out += SummaryLine("labels", "none: the log can be predicted, not trained or evaluated on");
  } else {
    out += SummaryLine("clicks", StrCat(part.clicks, Share(part.clicks, part.rows)));
    out += SummaryLine(
        "conversions",
        summary.has_conversion
            ? StrCat(part.conversions, Share(part.conversions, part.clicks), " of clicks")
            : "not known: the log has clicks alone");
  }
  out += SummaryLine(
      "log files",
      StrCat(part.files, ", ", part.bytes, " bytes, ",
             Fixed(static_cast<double>(part.bytes) / static_cast<double>(part.rows), "%.1f"),
             " bytes a row"));
  return out;
}

}  // namespace

std::string FormatSkipped(const SkippedText& skipped) {
  std::vector<std::string> parts;
  const auto add = [&](uint64_t count, const char* one, const char* many) {
    if (count > 0) parts.push_back(StrCat(count, " ", count == 1 ? one : many));
  };
  add(skipped.blank_lines, "blank line", "blank lines");
  add(skipped.repeated_headers, "repeated header", "repeated headers");
  add(skipped.empty_inputs, "empty input", "empty inputs");
  return parts.empty() ? "" : SummaryLine("skipped", Join(parts, ", "));
}

std::string FormatLeftOut(const std::vector<std::string>& left_out) {
  if (left_out.empty()) return "";
  constexpr size_t kShownColumns = 20;
  const size_t shown = std::min(kShownColumns, left_out.size());
  return SummaryLine(
      "columns left out",
      StrCat(left_out.size(), ": ", Join({left_out.begin(), left_out.begin() + shown}, ", "),
             shown < left_out.size() ? ", ..." : ""));
}

// "  price: missing  12 (the first: 'NaN' at data.csv:17)"
std::string FormatNotes(const std::vector<ColumnNote>& notes) {
  if (notes.empty()) return "";
  constexpr size_t kShownNotes = 60;
  std::string out = "cells, by column:\n";
  for (size_t i = 0; i < std::min(kShownNotes, notes.size()); ++i) {
    const ColumnNote& note = notes[i];
    out += StrCat("  ", SummaryLine(StrCat(note.column, ": ", NameOf(note.note)),
                                    StrCat(note.count, " (the first: ", note.example, " at ",
                                           note.place, ")")));
  }
  if (notes.size() > kShownNotes) {
    out += StrCat("  ... and ", notes.size() - kShownNotes, " more\n");
  }
  return out;
}

std::string FormatSummary(const ImportSummary& summary) {
  const RowCounts& rows = summary.rows;
  std::string out = SummaryLine("rows read", StrCat(rows.read));
  out += FormatSkipped(summary.skipped);
  out += SummaryLine("bad rows", StrCat(rows.bad));
  if (summary.repeated_ids.rows > 0) {
    out += SummaryLine("repeated row ids", StrCat(summary.repeated_ids.Count(), ", the first at ",
                                                  summary.repeated_ids.first));
  }
  if (summary.bad_common_rows > 0) {
    out += SummaryLine("bad common rows", StrCat(summary.bad_common_rows));
  }
  if (rows.kept_unclicked_conversions > 0) {
    out += SummaryLine("conversion, no click", StrCat(rows.kept_unclicked_conversions, " kept"));
  } else if (summary.has_conversion) {
    out +=
        SummaryLine("conversion, no click", StrCat(rows.dropped_unclicked_conversions, " dropped"));
  }
  if (rows.without_split_time > 0) {
    out +=
        SummaryLine("without split time", StrCat(rows.without_split_time, ", in the first part"));
  }
  out += FormatLeftOut(summary.left_out);
  for (const PartSummary& part : summary.parts) out += FormatPart(part, summary);
  out += FormatNotes(summary.notes);
  return out;
}

}  // namespace chorus::worker
