#include "worker/metrics/score_histogram.h"

#include <algorithm>
#include <cmath>

#include "worker/statistics/equal_bins.h"

namespace chorus::worker {
namespace {

constexpr int kWeightBits = 60;  // of WeightToFixed(kMaxWeight)

uint32_t BinOf(double score) {
  const double limit = ScoreHistogram::kLimit;
  const double clamped = std::min(std::max(score, -limit), limit);
  const double bins_per_unit = ScoreHistogram::kBins / (2 * limit);
  return std::min(static_cast<uint32_t>((clamped + limit) * bins_per_unit),
                  ScoreHistogram::kBins - 1);
}

}  // namespace

ScoreGroup& ScoreHistogram::BinAt(uint32_t index) {
  std::unique_ptr<Page>& page = pages_[index / kPageBins];
  if (page == nullptr) page = std::make_unique<Page>();
  return (*page)[index % kPageBins];
}

void ScoreHistogram::Add(double score, uint64_t label, uint64_t prediction, uint64_t weight) {
  ScoreGroup& bin = BinAt(BinOf(score));
  bin.rows += 1;
  bin.weight += weight;
  bin.labels += Weighted(label, weight);
  bin.predictions += Weighted(prediction, weight);
  rows_ += 1;
}

void ScoreHistogram::Merge(const ScoreHistogram& other) {
  other.ForEach([this](uint32_t index, const ScoreGroup& from) { BinAt(index).Add(from); });
  rows_ += other.rows_;
}

Uint128 ScoreHistogram::weight() const {
  Uint128 sum = 0;
  ForEach([&](uint32_t, const ScoreGroup& bin) { sum += bin.weight; });
  return sum;
}

Uint128 ScoreHistogram::labels() const {
  Uint128 sum = 0;
  ForEach([&](uint32_t, const ScoreGroup& bin) { sum += bin.labels; });
  return sum;
}

Uint128 ScoreHistogram::predictions() const {
  Uint128 sum = 0;
  ForEach([&](uint32_t, const ScoreGroup& bin) { sum += bin.predictions; });
  return sum;
}

std::optional<AucEstimate> ScoreHistogram::Auc() const {
  double below = 0;  // negatives of lower bins
  double positives = 0;
  double ordered = 0;   // pairs whose positive is in the higher bin
  double together = 0;  // pairs inside one bin
  ForEach([&](uint32_t, const ScoreGroup& bin) {
    const double plus = FromFixed(bin.labels);
    const double minus = FromFixed(bin.negatives());
    ordered += plus * below;
    together += plus * minus;
    positives += plus;
    below += minus;
  });
  const double pairs = positives * below;
  if (!(pairs > 0)) return std::nullopt;
  return AucEstimate{(ordered + 0.5 * together) / pairs, 0.5 * together / pairs};
}

// A threshold inside a bin has at best all of the bin's negatives below it and no positive: the
// difference is at most that at the bin's lower edge plus its negatives, and that at the upper edge
// plus its positives.
std::optional<KsEstimate> ScoreHistogram::Ks() const {
  const double positives = FromFixed(labels());
  const double negatives = FromFixed(weight() - labels());
  if (!(positives > 0) || !(negatives > 0)) return std::nullopt;
  double plus = 0, minus = 0;  // below the bin's upper edge
  double lower = 0;            // difference of the rates at its lower edge
  double best = 0, highest = 0;
  ForEach([&](uint32_t, const ScoreGroup& bin) {
    const double bin_plus = FromFixed(bin.labels);
    const double bin_minus = FromFixed(bin.negatives());
    plus += bin_plus;
    minus += bin_minus;
    const double upper = minus / negatives - plus / positives;
    best = std::max(best, upper);
    highest =
        std::max(highest, std::min(lower + bin_minus / negatives, upper + bin_plus / positives));
    lower = upper;
  });
  return KsEstimate{best, std::max(0.0, highest - best)};
}

std::vector<ScoreGroup> ScoreHistogram::Groups(uint32_t count) const {
  std::vector<ScoreGroup> out;
  EqualBins equal(rows_, count);
  ForEach([&](uint32_t, const ScoreGroup& bin) {
    if (equal.NextBegins()) out.emplace_back();
    equal.Add(bin.rows);
    out.back().Add(bin);
  });
  return out;
}

// Where all rows of a bin belong to one group also by their own ranks, nothing differs. Else some
// of them, M, move to later groups. M takes sum_M (prediction - label) from the bin's group, which
// is at most the bin's larger sum of the two, and gives it to one later group, or parts of it to
// several, whose sizes add up to both sums of the bin at most.
std::optional<EceEstimate> ScoreHistogram::Ece(uint32_t count) const {
  const double weight = FromFixed(this->weight());
  if (!(weight > 0)) return std::nullopt;
  double ece = 0;
  for (const ScoreGroup& group : Groups(count)) {
    ece += std::abs(FromFixed(group.predictions) - FromFixed(group.labels));
  }
  double bound = 0;
  uint64_t before = 0;  // rows of lower bins
  const auto group_of = [&](uint64_t rank) { return Uint128{rank} * count / rows_; };
  ForEach([&](uint32_t, const ScoreGroup& bin) {
    const auto borders = group_of(before + bin.rows - 1) - group_of(before);
    before += bin.rows;
    if (borders == 0) return;
    const double predictions = FromFixed(bin.predictions), labels = FromFixed(bin.labels);
    const double larger = std::max(predictions, labels);
    bound += larger + (borders == 1 ? larger : predictions + labels);
  });
  return EceEstimate{ece / weight, bound / weight};
}

void ScoreHistogram::AppendTo(std::string* out) const {
  uint32_t occupied = 0;
  ForEach([&](uint32_t, const ScoreGroup&) { ++occupied; });
  AppendVarint(out, occupied);
  uint32_t next = 0;
  ForEach([&](uint32_t index, const ScoreGroup& bin) {
    AppendVarint(out, index - next);
    AppendVarint(out, bin.rows);
    AppendVarint(out, bin.weight);
    AppendVarint(out, bin.labels);
    AppendVarint(out, bin.predictions);
    next = index + 1;
  });
}

Status ScoreHistogram::MergeFrom(std::string_view* in) {
  ASSIGN_OR_RETURN(const Uint128 occupied, TakeVarint(in));
  if (occupied > kBins) return DataLoss("histogram has more bins than there are");
  uint32_t next = 0;
  for (uint32_t i = 0; i < static_cast<uint32_t>(occupied); ++i) {
    ASSIGN_OR_RETURN(const Uint128 gap, TakeVarint(in));
    if (gap >= kBins - next) return DataLoss("histogram bin is out of range");
    ASSIGN_OR_RETURN(const Uint128 rows, TakeVarint(in));
    ASSIGN_OR_RETURN(const Uint128 weight, TakeVarint(in));
    ASSIGN_OR_RETURN(const Uint128 labels, TakeVarint(in));
    ASSIGN_OR_RETURN(const Uint128 predictions, TakeVarint(in));
    if (rows == 0 || rows > kMaxRows - rows_)
      return DataLoss("histogram has an impossible row count");
    if (weight > rows << kWeightBits || labels > weight || predictions > weight << 22) {
      return DataLoss("histogram has sums that its row count does not allow");
    }
    next += static_cast<uint32_t>(gap);
    ScoreGroup& bin = BinAt(next++);
    bin.Add({static_cast<uint64_t>(rows), weight, labels, predictions});
    rows_ += static_cast<uint64_t>(rows);
  }
  return Status::Ok();
}

void AppendVarint(std::string* out, Uint128 value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(static_cast<uint8_t>(value) | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

Result<Uint128> TakeVarint(std::string_view* in) {
  Uint128 value = 0;
  for (int shift = 0; shift < 126; shift += 7) {
    if (in->empty()) return DataLoss("ends in the middle of a number");
    const auto byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    value |= Uint128{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  return DataLoss("number is too long");
}

}  // namespace chorus::worker
