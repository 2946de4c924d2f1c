#include "worker/import/column_role.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <string_view>

#include "common/lower_letter.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

// The words of a name, in lower case, with '_' between and around them: "_user_id_" of "userId".
std::string WordsOf(const std::string& name) {
  std::string words = "_";
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool upper = c >= 'A' && c <= 'Z';
    const bool letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool begins = upper && i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
    if ((begins || !letter) && words.back() != '_') words.push_back('_');
    if (letter) words.push_back(LowerLetter(c));
  }
  if (words.back() != '_') words.push_back('_');
  return words;
}

bool HasWordOf(const std::string& name, std::span<const std::string_view> wanted) {
  const std::string words = WordsOf(name);
  return std::any_of(wanted.begin(), wanted.end(), [&](std::string_view word) {
    return words.find("_" + std::string(word) + "_") != std::string::npos;
  });
}

bool HasWord(const std::string& name, std::initializer_list<std::string_view> wanted) {
  return HasWordOf(name, {wanted.begin(), wanted.size()});
}

bool IsName(const std::string& name, std::initializer_list<std::string_view> wanted) {
  const std::string words = WordsOf(name);
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](std::string_view word) { return words == "_" + std::string(word) + "_"; });
}

constexpr std::string_view kClickWords[] = {"click", "clicks", "clicked", "clk", "is_click", "ctr"};
constexpr std::string_view kConversionWords[] = {
    "conversion", "conversions", "converted",    "convert",   "conv",       "sale",    "sales",
    "purchase",   "purchased",   "buy",          "bought",    "order",      "ordered", "pay",
    "paid",       "install",     "installed",    "cvr",       "pctcvr",     "deal",    "signup",
    "register",   "registered",  "registration", "subscribe", "subscribed", "lead",    "download",
    "downloaded", "checkout",    "transaction",  "purchases", "orders",     "installs"};
constexpr std::string_view kCountingWords[] = {"num",   "n",      "nr",  "no",    "number", "of",
                                               "count", "counts", "cnt", "total", "sum",    "is"};

constexpr std::string_view kTimeWords[] = {"time", "timestamp", "ts",   "date", "datetime", "day",
                                           "at",   "ms",        "unix", "dt",   "epoch"};

// Of names of times that are nothing else's than the exposure's.
constexpr std::string_view kExposureWords[] = {
    "exposure", "impression", "imp",    "show",  "shown",   "view",    "event",
    "request",  "log",        "logged", "visit", "server",  "served",  "utc",
    "gmt",      "local",      "hour",   "hours", "minute",  "second",  "sec",
    "s",        "seconds",    "millis", "us",    "ns",      "created", "iso",
    "start",    "record",     "row",    "data",  "auction", "bid"};

std::span<const std::string_view> WordsOfLabel(ColumnRole label) {
  if (label == ColumnRole::kClick) return kClickWords;
  return kConversionWords;
}

bool IsAmongWords(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether nothing but words of this label, one at least, and `others` are in the name: "clicks",
// "num_clicks", and not "user_clicks_7d", which is a feature.
bool IsNamedAs(ColumnRole label, const std::string& name,
               std::span<const std::string_view> others) {
  const std::span<const std::string_view> of_label = WordsOfLabel(label);
  bool any = false;
  for (const std::string& word : chorus::Split(WordsOf(name), '_')) {
    const bool labels = IsAmongWords(word, of_label);
    any = any || labels;
    if (!word.empty() && !labels && !IsAmongWords(word, others)) return false;
  }
  return any;
}

bool IsAmount(const std::string& name) {
  return HasWord(name, {"price",  "amount", "count",    "cnt",   "num",      "number",   "age",
                        "score",  "rate",   "days",     "hours", "minutes",  "seconds",  "duration",
                        "length", "size",   "distance", "total", "sum",      "avg",      "mean",
                        "ratio",  "qty",    "quantity", "rank",  "position", "discount", "cost",
                        "bid",    "ctr",    "cvr"});
}

bool IsId(const std::string& name) {
  return HasWord(name,
                 {"id",       "ids",  "uid",   "hash",     "key",  "code",    "zip",    "cat",
                  "category", "type", "brand", "shop",     "city", "country", "os",     "device",
                  "user",     "item", "ad",    "campaign", "site", "app",     "channel"});
}

// "'k.A.'", "'k.A.' and '?'"; "" where there are none.
std::string Markers(const ColumnSample& sample) {
  std::vector<std::string> shown;
  for (const std::string& marker : sample.markers()) shown.push_back(Shown(marker));
  return Join(shown, " and ");
}

// "90 % are numbers, others texts like 'unknown': ..."; "" where half of the cells are texts.
std::string AmongNumbers(const ColumnSample& sample) {
  if (sample.numbers() * 2 < sample.filled()) return "";
  char share[32];
  std::snprintf(share, sizeof(share), "%.0f %%",
                100 * static_cast<double>(sample.numbers()) / static_cast<double>(sample.filled()));
  return StrCat(share, " are numbers, others texts like ", Shown(sample.odd_example()),
                ": if it is an amount, name these in missing_marker and make it a numeric");
}

// Ids of which (nearly) every row has one of its own: what is learnt of one is of no use to others.
bool TeachesNothing(const std::string& name, const ColumnSample& sample) {
  constexpr uint64_t kManyRows = 100, kOfHundred = 95;
  if (sample.cells() < kManyRows || sample.values() * 100 < sample.filled() * kOfHundred ||
      sample.filled() * 2 < sample.cells()) {
    return false;
  }
  if (sample.all_numbers()) {
    return sample.all_integers() && !IsAmount(name);  // amounts may well differ from row to row
  }
  return sample.markers().empty() && sample.numbers() * 2 < sample.filled() &&
         sample.GuessSeparators().separator.empty();
}

// A row that was written twice takes no id from the others.
bool IsNearlyUnique(const ColumnSample& sample) {
  return sample.filled() > 1 && sample.filled() == sample.cells() &&
         sample.values() * 1000 >= sample.cells() * 999;
}

// "click_time" with zeros where nothing was clicked.
bool IsTimeOfSomeRows(const std::string& name, const ColumnSample& sample) {
  return sample.all_numbers() && sample.least() <= 0 &&
         (IsNamedAs(ColumnRole::kClick, name, kTimeWords) ||
          IsNamedAs(ColumnRole::kConversion, name, kTimeWords));
}

}  // namespace

bool MayBe(ColumnRole role, const std::string& name, const ColumnSample& sample) {
  switch (role) {
    case ColumnRole::kClick:
    case ColumnRole::kConversion:
      return sample.all_labels() && HasWordOf(name, WordsOfLabel(role));
    case ColumnRole::kRowId:
      return IsNearlyUnique(sample) &&
             (sample.all_integers()
                  ? sample.least() >= 0 &&
                        IsName(name,
                               {"id", "row", "row_id", "index", "idx", "impression_id", "sample_id",
                                "exposure_id", "request_id", "log_id", "event_id", "uuid"})
                  : !sample.all_numbers() && !sample.all_dates() &&
                        sample.GuessSeparators().separator.empty() &&
                        (IsName(name, {"id", "idx"}) ||
                         HasWord(name, {"uuid", "guid", "order", "trace", "request", "impression",
                                        "exposure", "event", "row", "index", "log", "sample",
                                        "auction", "transaction"})));
    case ColumnRole::kGroup:
      return sample.filled() > 0 && !sample.constant() &&
             HasWord(name, {"user", "users", "uid", "userid", "user_id", "member", "visitor",
                            "customer", "cookie", "session"}) &&
             !IsAmount(name);
    case ColumnRole::kTime:
      // A time that is missing now and then is that of something which did not always happen.
      return sample.missing_share() < 0.05 &&
             (sample.all_dates() || (sample.all_numbers() && sample.most() > 1e6)) &&
             !IsTimeOfSomeRows(name, sample) &&
             HasWord(name, {"time", "timestamp", "ts", "date", "datetime", "day", "hour", "dt",
                            "event_time", "created"});
    case ColumnRole::kWeight:
      return sample.all_numbers() && sample.least() >= 0 &&
             HasWord(name, {"weight", "sample_weight"});
    case ColumnRole::kSlot:
    case ColumnRole::kNumeric:
    case ColumnRole::kExcluded:
      break;
  }
  return false;
}

bool MayBeCounts(const ColumnSample& sample) {
  constexpr double kMost = 1e6;  // larger ones are ids, or times
  return sample.all_integers() && sample.least() == 0 && sample.most() > 1 &&
         sample.most() <= kMost && !IsNearlyUnique(sample);
}

std::string OutcomeOf(ColumnRole label, const std::string& name, const ColumnSample& sample) {
  constexpr uint64_t kFewValues = 3;
  constexpr double kLeastTime = 1e6;
  if (IsNamedAs(label, name, kCountingWords)) {
    if (MayBeCounts(sample)) return "counts under the name of a label, which is 0 or 1";
    if (!sample.all_labels() && sample.filled() > 0 && sample.values() <= kFewValues) {
      return StrCat("has the name of a label, which is 0 or 1, and holds ",
                    Shown(sample.unlabelled_example()));
    }
  }
  const bool times = sample.all_dates() || (sample.all_numbers() && sample.most() > kLeastTime);
  if (times && IsNamedAs(label, name, kTimeWords)) {
    return "is by its name the time of a label: it tells whether there was one";
  }
  return "";
}

bool MayBeUnnamedLabel(const std::string& name, const ColumnSample& sample) {
  return sample.all_labels() &&
         (HasWord(name, {"label", "target", "response"}) || IsName(name, {"y"}));
}

bool MayBeUnnamedTextId(const ColumnSample& sample) {
  constexpr uint64_t kLeastRows = 20;  // of fewer, names are unique too
  return sample.cells() >= kLeastRows && sample.values() == sample.cells() &&
         sample.values_are_all() && sample.numbers() == 0 && !sample.all_dates() &&
         sample.all_tokens() && sample.GuessSeparators().separator.empty();
}

bool HoldsEvents(const std::string& name, const ColumnSample& sample) {
  constexpr size_t kMostKinds = 20;
  constexpr std::string_view kViewWords[] = {"view", "views",    "viewed", "impression", "imp",
                                             "show", "exposure", "pv",     "cart",       "fav"};
  uint32_t clicks = 0, conversions = 0, views = 0;
  for (const std::string& value : sample.FewValues(kMostKinds)) {
    clicks += IsNamedAs(ColumnRole::kClick, value, {}) ? 1 : 0;
    conversions += IsNamedAs(ColumnRole::kConversion, value, {}) ? 1 : 0;
    views += HasWordOf(value, kViewWords) ? 1 : 0;
  }
  const bool named = HasWord(name, {"event", "events", "action", "actions", "behavior", "behaviour",
                                    "interaction", "activity"});
  // A goal of a campaign may be "click" or "sale", and it is no view.
  return clicks + conversions > 0 && (named || (views > 0 && clicks > 0));
}

bool IsNamedAsExposureTime(const std::string& name) {
  for (const std::string& word : chorus::Split(WordsOf(name), '_')) {
    if (!word.empty() && !IsAmongWords(word, kTimeWords) && !IsAmongWords(word, kExposureWords))
      return false;
  }
  return true;
}

bool HoldsRespeltNumbers(const std::string& name, const ColumnSample& sample) {
  return sample.has_respelt_numbers(!IsAmount(name));
}

FeatureRole GuessFeature(const std::string& name, const ColumnSample& sample) {
  if (sample.filled() == 0) return {ColumnRole::kExcluded, "every cell is missing"};
  if (sample.constant()) return {ColumnRole::kExcluded, "every cell is the same"};
  if (sample.all_dates()) {
    return {ColumnRole::kExcluded, "a date: each would be an id of its own"};
  }
  if (sample.all_dates_year_last()) {
    return {ColumnRole::kExcluded,
            "dates whose year comes last: with the year first, 2025-11-27, they may be the time"};
  }
  if (HoldsRespeltNumbers(name, sample)) {
    return {ColumnRole::kExcluded,
            StrCat("numbers in a spelling that is not read, as ", Shown(sample.odd_example()),
                   ": with points and without units they are a numeric")};
  }
  if (TeachesNothing(name, sample)) {
    return {ColumnRole::kExcluded,
            StrCat(sample.all_numbers() ? "an integer" : "a text", " of its own in ",
                   sample.values() == sample.filled() ? "every" : "nearly every",
                   " row: nothing is learnt of it",
                   sample.all_numbers() && !IsId(name) ? "; make it a numeric if it is an amount"
                                                       : "")};
  }
  if (!sample.all_numbers() && sample.is_bracketed()) {
    return {ColumnRole::kSlot, "the brackets and quotes are parts of its ids"};
  }
  const std::string markers = Markers(sample);
  if (!sample.all_numbers() && !markers.empty() && (sample.has_decimals() || IsAmount(name))) {
    return {ColumnRole::kNumeric, StrCat(markers, " read as missing (missing_marker)")};
  }
  if (!markers.empty()) {
    return {ColumnRole::kSlot,
            StrCat("nearly all integers: does ", markers,
                   " mean missing (missing_marker)? Make it a numeric if it is an amount")};
  }
  if (!sample.all_numbers()) return {ColumnRole::kSlot, AmongNumbers(sample)};
  if (sample.has_decimals() && sample.may_have_points_between_thousands()) {
    return {ColumnRole::kNumeric,
            StrCat("every cell has three decimals, as in ", Shown(sample.example()),
                   ": if these points are between thousands, write the numbers without")};
  }
  if (sample.has_decimals()) return {ColumnRole::kNumeric, "has decimals"};
  constexpr uint64_t kFewValues = 32;
  constexpr double kLargestAmount = 1e9;
  if (IsId(name)) return {ColumnRole::kSlot, ""};
  if (IsAmount(name)) return {ColumnRole::kNumeric, "an amount, by its name"};
  if (sample.values() <= kFewValues) return {ColumnRole::kSlot, "integers of few values"};
  if (sample.most() > kLargestAmount) return {ColumnRole::kSlot, "integers too large for amounts"};
  return {ColumnRole::kSlot, "integers: an id? make it a numeric if it is an amount"};
}

}  // namespace chorus::worker
