#include "worker/steps/log_labels.h"

#include "common/strings.h"

namespace chorus::worker {
namespace {

struct LogCounts {
  uint64_t rows = 0, clicks = 0, conversions = 0, unclicked_conversions = 0;
};

LogCounts CountsOf(const std::vector<BlockInfo>& blocks) {
  LogCounts sum;
  for (const BlockInfo& block : blocks) {
    sum.rows += block.rows;
    sum.clicks += block.clicks;
    sum.conversions += block.conversions;
    sum.unclicked_conversions += block.unclicked_conversions;
  }
  return sum;
}

std::string Swapped(const LogCounts& log) {
  if (log.unclicked_conversions == 0) return "";
  return StrCat(
      "; ", log.unclicked_conversions,
      " rows convert without a click: are the columns of clicks and conversions swapped?");
}

std::string DoubtOfClicks(const LogCounts& log, bool clicked_alone) {
  if (log.clicks == 0) {
    return StrCat("none of the log's ", log.rows,
                  " exposures is a click, so that nothing can be learnt: look at the schema's "
                  "column of clicks and at the values that it has, and import again",
                  Swapped(log));
  }
  if (log.clicks < log.rows || clicked_alone) return "";
  return StrCat("all ", log.rows,
                " exposures of the log are clicks, so that every pCTR comes to 1: import exposures "
                "that were not clicked, too, or look at the schema's column of clicks "
                "(data.rows=CLICKED if a model of clicks alone is meant)");
}

std::string DoubtOfConversions(const LogCounts& log) {
  if (log.conversions == 0) {
    return StrCat("none of the log's ", log.clicks,
                  " clicks converts, so that every pCVR comes to 0: look at the schema's column of "
                  "conversions, or import labels that came later (chorus import --labels)",
                  Swapped(log));
  }
  if (log.conversions < log.clicks) return "";
  return StrCat("all ", log.clicks,
                " clicks of the log convert, so that every pCVR comes to 1: look at the schema, "
                "whose column of conversions may be that of clicks",
                Swapped(log));
}

// Of a log whose schema has no conversion.
std::string DoubtOfClicksAlone(const TrainConfig& config) {
  const BaseConfig& base = config.objective().base();
  if (config.objective().has_base() && base.has_w_cvr() && base.w_cvr() == 0) return "";
  return "the log has clicks alone, so that every pCVR comes to 0: name the column of conversions "
         "in "
         "the schema (conversion) and import again, or train pCTR alone (objective { base { w_ctr: "
         "1 "
         "w_cvr: 0 } })";
}

}  // namespace

std::string DoubtOfLogLabels(const std::vector<BlockInfo>& blocks, const TrainConfig& config,
                             bool has_conversion) {
  const LogCounts log = CountsOf(blocks);
  if (log.rows == 0) return "";
  const std::string clicks = DoubtOfClicks(log, config.data().rows() == DataConfig::CLICKED);
  if (log.clicks == 0) return clicks;
  const std::string conversions =
      has_conversion ? DoubtOfConversions(log) : DoubtOfClicksAlone(config);
  return StrCat(clicks, clicks.empty() || conversions.empty() ? "" : "; ", conversions);
}

}  // namespace chorus::worker
