#include "worker/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/check.h"
#include "common/device_math.h"
#include "common/file.h"
#include "worker/metrics_histogram.h"

namespace chorus::worker {
namespace {

// Serialised form: magic, kTallies tallies (histogram, then the varint of the loss sum), XXH3-64 of
// it all.
constexpr std::string_view kMagic = "CHMETR01";
constexpr uint32_t kCalibrationGroups = 20;
constexpr double kMaxLogit = 700;      // e^-700 is still a normal double
constexpr uint64_t kMaxLossBits = 51;  // a loss is below 2^11, in units of 2^-40

struct Tally {
  ScoreHistogram histogram;
  Uint128 loss = 0;

  void Merge(const Tally& other) {
    histogram.Merge(other.histogram);
    loss += other.loss;
  }
};

enum TallyIndex {
  kCtr,
  kCvr,
  kCtcvr,
  kOracleClicked,  // score: CVR logit; label: P(conversion | do(click)); loss: KL
  kOracleUnclicked,
  kCeilingClicked,  // score: logit of p_v; the same label
  kCeilingUnclicked,
  kTallies,
};

// A logit with what is made of it, from one exponential and one logarithm.
struct Scored {
  explicit Scored(double z) : logit(std::min(std::max(z, -kMaxLogit), kMaxLogit)) {
    const double e = Exp(-std::abs(logit));
    const double log1p = Log1p(e);
    probability = (logit >= 0 ? 1.0 : e) / (1.0 + e);
    softplus = logit >= 0 ? logit + log1p : log1p;
    softplus_of_minus = logit >= 0 ? log1p : log1p - logit;
  }
  double logit;
  double probability;
  double softplus;           // -log(1 - p)
  double softplus_of_minus;  // -log p
};

void AddBinary(Tally* tally, double logit, double probability, double loss, bool label) {
  tally->histogram.Add(logit, label ? ToFixed(1) : 0, ToFixed(probability));
  tally->loss += ToFixed(loss);
}

void AddTask(Tally* tally, const Scored& s, bool label) {
  AddBinary(tally, s.logit, s.probability, label ? s.softplus_of_minus : s.softplus, label);
}

// The product of two probabilities: log p = -sp(-a) - sp(-b), log(1 - p) by Log1mExp (METHODS: log
// p1 p2).
void AddProduct(Tally* tally, const Scored& a, const Scored& b, bool label) {
  const double log_p = -a.softplus_of_minus - b.softplus_of_minus;
  const double log_not_p = Log1mExp(log_p);
  AddBinary(tally, log_p - log_not_p, Exp(log_p), label ? -log_p : -log_not_p, label);
}

// KL(Bernoulli(p) || Bernoulli(sigma(b))) = p log p + (1-p) log(1-p) + sp(b) - p b.
double KlDivergence(double p, const Scored& b) {
  const double minus_entropy = (p > 0 ? p * Log(p) : 0) + (p < 1 ? (1 - p) * Log1p(-p) : 0);
  return std::max(0.0, minus_entropy + b.softplus - p * b.logit);
}

double LogitOf(double p) {
  if (p <= 0) return -kMaxLogit;
  if (p >= 1) return kMaxLogit;
  return Log(p) - Log1p(-p);
}

void AddOracle(Tally* of_score, Tally* of_ceiling, const Scored& b, const OracleRow& row) {
  const double truth = std::min(std::max(static_cast<double>(row.p_conv_do), 0.0), 1.0);
  const uint64_t label = ToFixed(truth);
  of_score->histogram.Add(b.logit, label, ToFixed(b.probability));
  of_score->loss += ToFixed(KlDivergence(truth, b));
  of_ceiling->histogram.Add(LogitOf(static_cast<double>(row.p_v)), label, 0);
}

TaskMetrics ReportTask(const char* name, const Tally& tally) {
  TaskMetrics out;
  const Uint128 labels = tally.histogram.labels();
  const uint64_t rows = tally.histogram.rows();
  out.set_task(name);
  out.set_rows(rows);
  out.set_positives(static_cast<uint64_t>(labels >> 40));
  if (const auto auc = tally.histogram.Auc()) {
    out.set_auc(auc->auc);
    out.set_auc_error_bound(auc->error_bound);
  }
  if (rows > 0) out.set_log_loss(FromFixed(tally.loss) / static_cast<double>(rows));
  if (labels > 0) out.set_pcoc(FromFixed(tally.histogram.probabilities()) / FromFixed(labels));
  if (const auto ece = tally.histogram.CalibrationError(kCalibrationGroups)) out.set_ece(*ece);
  return out;
}

OracleMetrics ReportOracle(const char* space, const Tally& score, const Tally& ceiling) {
  OracleMetrics out;
  const Uint128 truth = score.histogram.labels();
  const uint64_t rows = score.histogram.rows();
  out.set_space(space);
  out.set_rows(rows);
  if (const auto auc = score.histogram.Auc()) {
    out.set_auc(auc->auc);
    out.set_auc_error_bound(auc->error_bound);
  }
  if (const auto auc = ceiling.histogram.Auc()) out.set_auc_ceiling(auc->auc);
  if (truth > 0) out.set_pcoc(FromFixed(score.histogram.probabilities()) / FromFixed(truth));
  if (rows > 0) out.set_kl(FromFixed(score.loss) / static_cast<double>(rows));
  return out;
}

class HistogramMetrics final : public MetricsAccumulator {
 public:
  void Add(std::span<const Prediction> predictions, const uint8_t* click, const uint8_t* conversion,
           std::span<const OracleRow> oracle) override {
    CHECK(oracle.empty() || oracle.size() == predictions.size(), "oracle rows=", oracle.size(),
          " predictions=", predictions.size());
    for (size_t i = 0; i < predictions.size(); ++i) {
      const Prediction& p = predictions[i];
      CHECK(!std::isnan(p.ctr_logit) && !std::isnan(p.cvr_logit), "row ", i, " of ",
            predictions.size());
      const Scored a(p.ctr_logit);
      const Scored b(p.cvr_logit);
      const bool clicked = click[i] != 0;
      const bool converted = clicked && conversion[i] != 0;
      AddTask(&tallies_[kCtr], a, clicked);
      if (clicked) AddTask(&tallies_[kCvr], b, converted);
      AddProduct(&tallies_[kCtcvr], a, b, converted);
      if (oracle.empty()) continue;
      AddOracle(&tallies_[clicked ? kOracleClicked : kOracleUnclicked],
                &tallies_[clicked ? kCeilingClicked : kCeilingUnclicked], b, oracle[i]);
    }
  }

  std::string Serialize() const override {
    std::string out(kMagic);
    for (const Tally& tally : tallies_) {
      tally.histogram.AppendTo(&out);
      AppendVarint(&out, tally.loss);
    }
    const uint64_t checksum = Checksum(out);
    out.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    return out;
  }

  Status Merge(const std::string& serialized) override {
    HistogramMetrics other;
    RETURN_IF_ERROR(other.Parse(serialized).Annotate("metrics of another worker"));
    for (int i = 0; i < kTallies; ++i) {
      if (other.tallies_[i].histogram.rows() >
          ScoreHistogram::kMaxRows - tallies_[i].histogram.rows()) {
        return DataLoss("metrics of another worker: too many rows");
      }
    }
    for (int i = 0; i < kTallies; ++i) tallies_[i].Merge(other.tallies_[i]);
    return Status::Ok();
  }

  Evaluation Report() const override {
    Evaluation out;
    out.set_rows(tallies_[kCtr].histogram.rows());
    *out.add_task() = ReportTask("ctr", tallies_[kCtr]);
    *out.add_task() = ReportTask("cvr", tallies_[kCvr]);
    *out.add_task() = ReportTask("ctcvr", tallies_[kCtcvr]);
    Tally all, all_ceiling;
    for (int i : {kOracleClicked, kOracleUnclicked}) all.Merge(tallies_[i]);
    for (int i : {kCeilingClicked, kCeilingUnclicked}) all_ceiling.Merge(tallies_[i]);
    if (all.histogram.rows() == 0) return out;
    *out.add_oracle() = ReportOracle("D", all, all_ceiling);
    *out.add_oracle() = ReportOracle("O", tallies_[kOracleClicked], tallies_[kCeilingClicked]);
    *out.add_oracle() = ReportOracle("N", tallies_[kOracleUnclicked], tallies_[kCeilingUnclicked]);
    return out;
  }

 private:
  Status Parse(std::string_view in) {
    uint64_t checksum = 0;
    if (in.size() < kMagic.size() + sizeof(checksum)) return DataLoss("too short");
    if (!in.starts_with(kMagic)) return DataLoss("not metrics, or of another version");
    memcpy(&checksum, in.data() + in.size() - sizeof(checksum), sizeof(checksum));
    in.remove_suffix(sizeof(checksum));
    if (Checksum(in) != checksum) return DataLoss("checksum differs");
    in.remove_prefix(kMagic.size());
    for (Tally& tally : tallies_) {
      RETURN_IF_ERROR(tally.histogram.MergeFrom(&in));
      ASSIGN_OR_RETURN(tally.loss, TakeVarint(&in));
      if (tally.loss > Uint128{tally.histogram.rows()} << kMaxLossBits) {
        return DataLoss("loss is larger than its row count allows");
      }
    }
    return in.empty() ? Status::Ok() : DataLoss("bytes follow the last number");
  }

  std::array<Tally, kTallies> tallies_;
};

}  // namespace

std::unique_ptr<MetricsAccumulator> MetricsAccumulator::Create() {
  return std::make_unique<HistogramMetrics>();
}

}  // namespace chorus::worker
