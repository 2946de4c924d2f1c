#include "worker/metrics/pcoc_buckets.h"

#include "common/check.h"
#include "common/device_math.h"
#include "worker/statistics/equal_bins.h"
#include "worker/statistics/interval.h"
#include "worker/statistics/order.h"

namespace chorus::worker {
namespace {

void AddCell(const PcocCell& cell, PcocCell* sum) {
  if (sum->rows == 0) sum->lowest_ctr_logit = cell.lowest_ctr_logit;
  sum->rows += cell.rows;
  sum->conversions += cell.conversions;
  sum->pctr += cell.pctr;
  sum->pcvr += cell.pcvr;
}

std::vector<PcocCell> EqualFrequency(std::span<const PcocCell> cells, uint32_t buckets) {
  uint64_t rows = 0;
  for (const PcocCell& cell : cells) rows += cell.rows;
  std::vector<PcocCell> out;
  EqualBins equal(rows, buckets);
  for (const PcocCell& cell : cells) {
    if (equal.NextBegins()) out.emplace_back();
    equal.Add(cell.rows);
    AddCell(cell, &out.back());
  }
  return out;
}

// Merges neighbours from the lowest pCTR on until each bucket has kMinConversions. What is left
// over at the end joins the last bucket.
std::vector<PcocCell> MergeUntilEnough(std::span<const PcocCell> cells) {
  std::vector<PcocCell> out;
  PcocCell sum;
  for (const PcocCell& cell : cells) {
    AddCell(cell, &sum);
    if (sum.conversions < kMinConversions) continue;
    out.push_back(sum);
    sum = PcocCell();
  }
  if (sum.rows == 0) return out;
  if (out.empty()) {
    out.push_back(sum);
  } else {
    AddCell(sum, &out.back());
  }
  return out;
}

PcocBucket Describe(const PcocCell& cell) {
  PcocBucket out;
  const auto rows = static_cast<double>(cell.rows);
  const auto conversions = static_cast<double>(cell.conversions);
  const Interval rate = WilsonInterval95(conversions, rows);
  out.set_rows(cell.rows);
  out.set_lowest_pctr(Sigmoid(cell.lowest_ctr_logit));
  out.set_mean_pctr(cell.pctr / rows);
  out.set_mean_pcvr(cell.pcvr / rows);
  out.set_conversions(cell.conversions);
  out.set_rate_low(rate.low);
  out.set_rate_high(rate.high);
  if (cell.conversions == 0) return out;
  out.set_pcoc(cell.pcvr / conversions);
  out.set_pcoc_low(cell.pcvr / rows / rate.high);
  out.set_pcoc_high(cell.pcvr / rows / rate.low);
  return out;
}

}  // namespace

std::vector<PcocBucket> MakePcocBuckets(std::span<const PcocCell> cells, uint32_t buckets) {
  std::vector<PcocBucket> out;
  for (const PcocCell& cell : MergeUntilEnough(EqualFrequency(cells, buckets))) {
    out.push_back(Describe(cell));
  }
  return out;
}

std::vector<PcocBucket> PcocByPctr(std::span<const double> ctr_logit, std::span<const double> pcvr,
                                   std::span<const uint8_t> conversion, uint32_t buckets) {
  CHECK(pcvr.size() == ctr_logit.size() && conversion.size() == ctr_logit.size(),
        "ctr_logit=", ctr_logit.size(), " pcvr=", pcvr.size(), " conversion=", conversion.size());
  const std::vector<uint32_t> order = AscendingOrder(ctr_logit);
  std::vector<PcocCell> cells;
  ForEachTie(ctr_logit, order, [&](size_t begin, size_t end) {
    PcocCell cell;
    cell.lowest_ctr_logit = ctr_logit[order[begin]];
    for (size_t k = begin; k < end; ++k) {
      cell.rows += 1;
      cell.conversions += conversion[order[k]] != 0 ? 1 : 0;
      cell.pctr += Sigmoid(ctr_logit[order[k]]);
      cell.pcvr += pcvr[order[k]];
    }
    cells.push_back(cell);
  });
  return MakePcocBuckets(cells, buckets);
}

}  // namespace chorus::worker
