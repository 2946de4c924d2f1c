#include "worker/import/split.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "common/random.h"
#include "common/strings.h"
#include "worker/import/cell_text.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kMostFolds = 1000;
constexpr double kFractionTolerance = 1e-9;

// Parts are folder names.
bool IsPartName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

Result<Split> Split::Parse(const std::string& text) {
  if (text.empty()) return Split();
  constexpr std::string_view kFolds = "folds:";
  if (text.starts_with(kFolds) && text.find(',') == std::string::npos) {
    return ParseFolds(text.substr(kFolds.size()));
  }
  Split split;
  split.text_ = text;
  split.parts_.clear();
  for (const std::string& part : chorus::Split(text, ',')) RETURN_IF_ERROR(split.AddPart(part));
  if (std::abs(split.parts_.back().end - 1) > kFractionTolerance) {
    return InvalidArgument(StrCat("--split ", Shown(text), ": fractions sum to ",
                                  split.parts_.back().end, ", expected 1"));
  }
  split.parts_.back().end = 1;
  return split;
}

Result<Split> Split::ParseFolds(const std::string& count) {
  const auto folds = ParseUint64(count);
  if (!folds || *folds < 2 || *folds > kMostFolds) {
    return InvalidArgument(
        StrCat("--split folds: found ", Shown(count), ", expected a number in 2 .. ", kMostFolds));
  }
  Split split;
  split.text_ = StrCat("folds:", count);
  split.parts_.clear();
  split.folds_ = true;
  for (uint64_t i = 0; i < *folds; ++i) {
    split.parts_.push_back(
        {StrCat("fold-", i), static_cast<double>(i + 1) / static_cast<double>(*folds)});
  }
  return split;
}

Result<Split> Split::ParseTimes(const std::string& text) {
  const size_t colon = text.find(':');  // cuts may hold others
  Split split;
  split.text_ = text;
  split.time_column_ = text.substr(0, colon);
  const std::string cuts = colon == std::string::npos ? "" : text.substr(colon + 1);
  for (const std::string& cut : chorus::Split(cuts, ',')) {
    const auto time = TimeFromText(cut);
    if (!time || split.time_column_.empty()) {
      return InvalidArgument(StrCat("--split-by-time: found ", Shown(text),
                                    ", expected COLUMN:TIME like \"ts:1764259200\" or "
                                    "\"day:2025-11-27\""));
    }
    if (!split.cuts_.empty() && time->value <= split.cuts_.back()) {
      return InvalidArgument(StrCat("--split-by-time: found ", Shown(cut),
                                    ", expected a time after the one before it"));
    }
    split.cuts_.push_back(time->value);
  }
  if (split.cuts_.size() > 2) {
    return InvalidArgument(StrCat("--split-by-time: found ", split.cuts_.size(),
                                  " times, expected one (train, test) or two (train, validation, "
                                  "test)"));
  }
  split.parts_ = {{"train", 0}, {"test", 0}};
  if (split.cuts_.size() == 2) split.parts_.insert(split.parts_.begin() + 1, Part{"validation", 0});
  return split;
}

uint32_t Split::PartOfTime(int64_t time) const {
  CHECK(!cuts_.empty(), "no split by time");
  return static_cast<uint32_t>(std::upper_bound(cuts_.begin(), cuts_.end(), time) - cuts_.begin());
}

Status Split::AddPart(const std::string& text) {
  const std::vector<std::string> pieces = chorus::Split(text, ':');
  const auto fraction = pieces.size() == 2 ? ParseDouble(pieces[1]) : std::nullopt;
  if (!fraction || !IsPartName(pieces[0]) || *fraction <= 0 || *fraction > 1) {
    return InvalidArgument(
        StrCat("--split: found ", Shown(text),
               ", expected NAME:FRACTION like \"train:0.8\" with letters, digits, "
               "'-' and '_' in the name and a fraction in (0, 1]"));
  }
  for (const Part& part : parts_) {
    if (part.name == pieces[0]) {
      return InvalidArgument(StrCat("--split: part ", Shown(part.name), " stands there twice"));
    }
  }
  parts_.push_back({pieces[0], (parts_.empty() ? 0.0 : parts_.back().end) + *fraction});
  return Status::Ok();
}

uint32_t Split::training_part() const {
  if (folds_) return kAllParts;
  for (uint32_t part = 0; part < parts(); ++part) {
    if (parts_[part].name == "train") return part;
  }
  return 0;
}

uint32_t Split::PartOf(uint64_t seed, uint64_t id) const {
  const double draw = ToUniform(Random(seed, RandomPurpose::kSplit, id));
  uint32_t part = 0;
  while (draw >= parts_[part].end) ++part;  // ends: draw < 1, and the last end is 1
  return part;
}

uint32_t Split::PartOfRange(uint64_t row, uint64_t rows) const {
  uint32_t part = 0;
  while (part + 1 < parts() && static_cast<double>(row) >=
                                   std::floor(static_cast<double>(rows) * parts_[part].end + 0.5)) {
    ++part;
  }
  return part;
}

}  // namespace chorus::worker
