#include <cmath>
#include <cstring>

#include "common/check.h"
#include "common/device_math.h"
#include "common/file.h"
#include "worker/metrics/metrics.h"
#include "worker/metrics/pcoc_buckets.h"
#include "worker/metrics/tally.h"

namespace chorus::worker {
namespace {

// Serialised form: magic, the parts in the order of ForEachPart (the histogram, then where it is of
// a tally the varints of its loss and its positives), the varints of pcvr_above_one and of
// weighted, XXH3-64 of all bytes before.
constexpr std::string_view kMagic = "CHMETR03";
constexpr uint64_t kMaxLossBits = 71;  // a loss is below 2^11, a weight up to 2^20; units of 2^-40

struct Contents {
  Tally ctr, cvr, ctcvr;
  Tally cvr_on_all;           // score: CVR logit, on all exposures; label: click * conversion
  ScoreHistogram click_pcvr;  // clicked rows by CTR logit; label: conversion; prediction: pCVR
  ScoreHistogram click_pctr;  // the same rows; prediction: pCTR
  OracleTally clicked, unclicked;
  uint64_t pcvr_above_one = 0;
  bool weighted = false;  // some rows came with weights
};

// Calls f(histogram, tally) for every part; tally is null where the histogram is alone. C: Contents
// or const Contents.
template <typename C, typename F>
void ForEachPart(C& contents, F f) {
  for (auto* tally : {&contents.ctr, &contents.cvr, &contents.ctcvr, &contents.cvr_on_all,
                      &contents.clicked.score, &contents.clicked.ceiling, &contents.unclicked.score,
                      &contents.unclicked.ceiling}) {
    f(tally->histogram, tally);
  }
  for (auto* histogram : {&contents.click_pcvr, &contents.click_pctr}) {
    f(*histogram, static_cast<decltype(&contents.ctr)>(nullptr));
  }
}

void AddRow(const Prediction& p, bool clicked, bool converted, uint64_t weight,
            Contents* contents) {
  const Scored a(p.ctr_logit), b(p.cvr_logit), ab(CtcvrLogit(p));
  const double pctr = Sigmoid(a.logit), pcvr = PcvrOf(p);
  contents->ctr.Add(a.logit, clicked, pctr, a.CrossEntropy(clicked), weight);
  contents->ctcvr.Add(ab.logit, converted, PctcvrOf(p), ab.CrossEntropy(converted), weight);
  contents->cvr_on_all.Add(b.logit, converted, pcvr, b.CrossEntropy(converted), weight);
  if (pcvr > 1) contents->pcvr_above_one += 1;
  if (!clicked) return;
  contents->cvr.Add(b.logit, converted, pcvr, b.CrossEntropy(converted), weight);
  contents->click_pcvr.Add(a.logit, converted ? ToFixed(1) : 0, ToFixed(pcvr));
  contents->click_pctr.Add(a.logit, 0, ToFixed(pctr));
}

std::vector<PcocBucket> BucketsOf(const Contents& contents) {
  std::vector<PcocCell> cells;
  contents.click_pcvr.ForEachGroup([&](double lowest, const ScoreGroup& bin) {
    cells.push_back(
        {lowest, bin.rows, static_cast<uint64_t>(bin.labels >> 40), 0, FromFixed(bin.predictions)});
  });
  size_t next = 0;  // both histograms have the same rows in the same bins
  contents.click_pctr.ForEachGroup(
      [&](double, const ScoreGroup& bin) { cells[next++].pctr = FromFixed(bin.predictions); });
  return MakePcocBuckets(cells, kPcocBuckets);
}

// What follows the histogram of a tally.
Status ParseTally(std::string_view* in, Tally* tally) {
  ASSIGN_OR_RETURN(tally->loss, TakeVarint(in));
  ASSIGN_OR_RETURN(const Uint128 positives, TakeVarint(in));
  if (tally->loss > Uint128{tally->histogram.rows()} << kMaxLossBits ||
      positives > tally->histogram.rows()) {
    return DataLoss("loss or positives are larger than their row count allows");
  }
  tally->positives = static_cast<uint64_t>(positives);
  return Status::Ok();
}

Status ParseParts(std::string_view* in, Contents* out) {
  Status status;
  ForEachPart(*out, [&](ScoreHistogram& histogram, Tally* tally) {
    if (status.ok()) status = histogram.MergeFrom(in);
    if (status.ok() && tally != nullptr) status = ParseTally(in, tally);
  });
  return status;
}

Result<Contents> Parse(std::string_view in) {
  uint64_t checksum = 0;
  if (in.size() < kMagic.size() + sizeof(checksum)) return DataLoss("too short");
  if (!in.starts_with(kMagic)) return DataLoss("not metrics, or of another version");
  memcpy(&checksum, in.data() + in.size() - sizeof(checksum), sizeof(checksum));
  in.remove_suffix(sizeof(checksum));
  if (Checksum(in) != checksum) return DataLoss("checksum differs");
  in.remove_prefix(kMagic.size());
  Contents out;
  RETURN_IF_ERROR(ParseParts(&in, &out));
  ASSIGN_OR_RETURN(const Uint128 above_one, TakeVarint(&in));
  if (above_one > out.ctr.histogram.rows()) return DataLoss("more pCVR above 1 than rows");
  out.pcvr_above_one = static_cast<uint64_t>(above_one);
  ASSIGN_OR_RETURN(const Uint128 weighted, TakeVarint(&in));
  if (weighted > 1) return DataLoss("a flag that is neither 0 nor 1");
  out.weighted = weighted == 1;
  if (!in.empty()) return DataLoss("bytes follow the last number");
  return out;
}

Status MergeContents(const Contents& from, Contents* to) {
  // First it is checked that all parts fit, so that after an error nothing has been added.
  std::vector<std::pair<const ScoreHistogram*, const Tally*>> sources;
  ForEachPart(from, [&](const ScoreHistogram& histogram, const Tally* tally) {
    sources.emplace_back(&histogram, tally);
  });
  bool fits = true;
  size_t part = 0;
  ForEachPart(*to, [&](const ScoreHistogram& histogram, const Tally*) {
    fits = fits && sources[part++].first->rows() <= ScoreHistogram::kMaxRows - histogram.rows();
  });
  if (!fits) return DataLoss("too many rows");
  part = 0;
  ForEachPart(*to, [&](ScoreHistogram& histogram, Tally* tally) {
    const auto& [source, source_tally] = sources[part++];
    tally != nullptr ? tally->Merge(*source_tally) : histogram.Merge(*source);
  });
  to->pcvr_above_one += from.pcvr_above_one;
  to->weighted = to->weighted || from.weighted;
  return Status::Ok();
}

class HistogramMetrics final : public MetricsAccumulator {
 public:
  void Add(std::span<const Prediction> predictions, const uint8_t* click, const uint8_t* conversion,
           std::span<const OracleRow> oracle, std::span<const float> weight) override {
    CHECK(weight.empty() || weight.size() == predictions.size(), "weights=", weight.size(),
          " predictions=", predictions.size());
    contents_.weighted = contents_.weighted || !weight.empty();
    CHECK(oracle.empty() || oracle.size() == predictions.size(), "oracle rows=", oracle.size(),
          " predictions=", predictions.size());
    for (size_t i = 0; i < predictions.size(); ++i) {
      const Prediction& p = predictions[i];
      CHECK(!std::isnan(p.ctr_logit) && !std::isnan(p.cvr_logit) && !std::isnan(p.log_cvr), "row ",
            i, " of ", predictions.size());
      const bool clicked = click[i] != 0;
      const uint64_t fixed =
          weight.empty() ? kFixedOne : WeightToFixed(static_cast<double>(weight[i]));
      AddRow(p, clicked, clicked && conversion[i] != 0, fixed, &contents_);
      if (oracle.empty()) continue;
      (clicked ? contents_.clicked : contents_.unclicked).Add(p, oracle[i]);
    }
  }

  std::string Serialize() const override {
    std::string out(kMagic);
    ForEachPart(contents_, [&](const ScoreHistogram& histogram, const Tally* tally) {
      histogram.AppendTo(&out);
      if (tally == nullptr) return;
      AppendVarint(&out, tally->loss);
      AppendVarint(&out, tally->positives);
    });
    AppendVarint(&out, contents_.pcvr_above_one);
    AppendVarint(&out, contents_.weighted ? 1 : 0);
    const uint64_t checksum = Checksum(out);
    out.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    return out;
  }

  Status Merge(const std::string& serialized) override {
    const Result<Contents> other = Parse(serialized);
    const Status status = other.ok() ? MergeContents(*other, &contents_) : other.status();
    return status.Annotate("metrics of another worker");
  }

  Evaluation Report() const override {
    Evaluation out;
    out.set_rows(contents_.ctr.histogram.rows());
    *out.add_task() = ReportTask("ctr", contents_.ctr, contents_.weighted);
    *out.add_task() = ReportTask("cvr", contents_.cvr, contents_.weighted);
    *out.add_task() = ReportTask("ctcvr", contents_.ctcvr, contents_.weighted);
    for (const PcocBucket& bucket : BucketsOf(contents_)) *out.add_pcoc_bucket() = bucket;
    out.set_pcvr_above_one(contents_.pcvr_above_one);
    if (const auto auc = contents_.cvr_on_all.histogram.Auc()) {
      out.set_all_exposures_cvr_auc(auc->auc);
    }
    OracleTally all;
    all.Merge(contents_.clicked);
    all.Merge(contents_.unclicked);
    if (all.score.histogram.rows() == 0) return out;
    *out.add_oracle() = ReportOracle("D", all);
    *out.add_oracle() = ReportOracle("O", contents_.clicked);
    *out.add_oracle() = ReportOracle("N", contents_.unclicked);
    return out;
  }

 private:
  Contents contents_;
};

}  // namespace

std::unique_ptr<MetricsAccumulator> MetricsAccumulator::Create() {
  return std::make_unique<HistogramMetrics>();
}

}  // namespace chorus::worker
