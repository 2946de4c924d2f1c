#include "common/strings.h"
#include "worker/import/label_import.h"
#include "worker/import/summary.h"

namespace chorus::worker {
namespace {

std::string FormatChange(uint64_t more, uint64_t fewer) {
  return fewer == 0 ? StrCat(more, " more") : StrCat(more, " more, ", fewer, " fewer");
}

std::string FormatLog(const LabelledLogSummary& log) {
  if (log.label_file.empty()) {
    return SummaryLine(log.folder, "no label changed: nothing is written");
  }
  return SummaryLine(
      log.label_file,
      StrCat(log.exposures, log.exposures == 1 ? " exposure" : " exposures",
             " with other labels; clicks: ", FormatChange(log.new_clicks, log.lost_clicks),
             "; conversions: ", FormatChange(log.new_conversions, log.lost_conversions)));
}

}  // namespace

std::string FormatLabelSummary(const LabelImportSummary& summary) {
  std::string out = SummaryLine("rows read", StrCat(summary.read));
  out += FormatSkipped(summary.skipped);
  out += SummaryLine("bad rows", StrCat(summary.bad));
  out += SummaryLine("labels of", summary.has_click && summary.has_conversion
                                      ? "clicks and conversions"
                                      : (summary.has_click ? "clicks alone" : "conversions alone"));
  const auto add = [&](const char* name, uint64_t count, const char* what) {
    if (count > 0) out += SummaryLine(name, StrCat(count, " ", what));
  };
  add("ids that came again", summary.repeated, "rows; the last ones count");
  add("ids in no log", summary.unknown, "passed over");
  add("ids of several rows", summary.repeated_exposures, "exposures share another one's id");
  add("conversion, no click", summary.dropped_unclicked_conversions,
      "dropped: the exposures keep their labels");
  add("conversion, no click", summary.kept_unclicked_conversions, "kept");
  for (const LabelledLogSummary& log : summary.logs) out += FormatLog(log);
  return out;
}

}  // namespace chorus::worker
