#include "worker/metrics_histogram.h"

#include <algorithm>
#include <cmath>

namespace chorus::worker {
namespace {

uint32_t BinOf(double score) {
  const double limit = ScoreHistogram::kLimit;
  const double clamped = std::min(std::max(score, -limit), limit);
  const double bins_per_unit = ScoreHistogram::kBins / (2 * limit);
  return std::min(static_cast<uint32_t>((clamped + limit) * bins_per_unit),
                  ScoreHistogram::kBins - 1);
}

}  // namespace

ScoreHistogram::Bin& ScoreHistogram::BinAt(uint32_t index) {
  std::unique_ptr<Page>& page = pages_[index / kPageBins];
  if (page == nullptr) page = std::make_unique<Page>();
  return (*page)[index % kPageBins];
}

template <typename F>
void ScoreHistogram::ForEach(F f) const {
  for (uint32_t p = 0; p < pages_.size(); ++p) {
    if (pages_[p] == nullptr) continue;
    for (uint32_t i = 0; i < kPageBins; ++i) {
      if ((*pages_[p])[i].rows > 0) f(p * kPageBins + i, (*pages_[p])[i]);
    }
  }
}

void ScoreHistogram::Add(double score, uint64_t label, uint64_t probability) {
  Bin& bin = BinAt(BinOf(score));
  bin.rows += 1;
  bin.labels += label;
  bin.probabilities += probability;
  rows_ += 1;
}

void ScoreHistogram::Merge(const ScoreHistogram& other) {
  other.ForEach([this](uint32_t index, const Bin& from) {
    Bin& bin = BinAt(index);
    bin.rows += from.rows;
    bin.labels += from.labels;
    bin.probabilities += from.probabilities;
  });
  rows_ += other.rows_;
}

Uint128 ScoreHistogram::labels() const {
  Uint128 sum = 0;
  ForEach([&](uint32_t, const Bin& bin) { sum += bin.labels; });
  return sum;
}

Uint128 ScoreHistogram::probabilities() const {
  Uint128 sum = 0;
  ForEach([&](uint32_t, const Bin& bin) { sum += bin.probabilities; });
  return sum;
}

std::optional<AucEstimate> ScoreHistogram::Auc() const {
  double below = 0;  // negatives of lower bins
  double positives = 0;
  double ordered = 0;   // pairs whose positive lies in the higher bin
  double together = 0;  // pairs inside one bin
  ForEach([&](uint32_t, const Bin& bin) {
    const double plus = FromFixed(bin.labels);
    const double minus = FromFixed((Uint128{bin.rows} << 40) - bin.labels);
    ordered += plus * below;
    together += plus * minus;
    positives += plus;
    below += minus;
  });
  const double pairs = positives * below;
  if (!(pairs > 0)) return std::nullopt;
  return AucEstimate{(ordered + 0.5 * together) / pairs, 0.5 * together / pairs};
}

std::optional<double> ScoreHistogram::CalibrationError(uint32_t groups) const {
  if (rows_ == 0) return std::nullopt;
  uint64_t before = 0;  // rows of lower bins
  uint64_t group = 0;
  double difference = 0;  // sum of probabilities minus labels in this group
  double sum = 0;
  ForEach([&](uint32_t, const Bin& bin) {
    const auto group_of_bin = static_cast<uint64_t>(Uint128{before} * groups / rows_);
    if (group_of_bin != group) {
      sum += std::abs(difference);
      difference = 0;
      group = group_of_bin;
    }
    difference += FromFixed(bin.probabilities) - FromFixed(bin.labels);
    before += bin.rows;
  });
  return (sum + std::abs(difference)) / static_cast<double>(rows_);
}

void ScoreHistogram::AppendTo(std::string* out) const {
  uint32_t occupied = 0;
  ForEach([&](uint32_t, const Bin&) { ++occupied; });
  AppendVarint(out, occupied);
  uint32_t next = 0;
  ForEach([&](uint32_t index, const Bin& bin) {
    AppendVarint(out, index - next);
    AppendVarint(out, bin.rows);
    AppendVarint(out, bin.labels);
    AppendVarint(out, bin.probabilities);
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
    ASSIGN_OR_RETURN(const Uint128 labels, TakeVarint(in));
    ASSIGN_OR_RETURN(const Uint128 probabilities, TakeVarint(in));
    if (rows == 0 || rows > kMaxRows - rows_)
      return DataLoss("histogram has an impossible row count");
    if (labels > rows << 40 || probabilities > rows << 40) {
      return DataLoss("histogram has sums that its row count does not allow");
    }
    next += static_cast<uint32_t>(gap);
    Bin& bin = BinAt(next++);
    bin.rows += static_cast<uint64_t>(rows);
    bin.labels += labels;
    bin.probabilities += probabilities;
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
