#include <chrono>
#include <cmath>

#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

bool IsTimeDigit(char c) { return c >= '0' && c <= '9'; }

// Reads a date and time from the front of a text, piece by piece.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  // `digits` decimal digits, no fewer and no more are taken; nothing when they are not there.
  std::optional<int> Number(size_t digits) {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (!IsTimeDigit(text_[i])) return std::nullopt;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  bool Take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool Take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  // ".5": whether a digit other than 0 follows the point. Nothing if no digit does.
  std::optional<bool> Fraction() {
    size_t digits = 0;
    bool lost = false;
    while (digits < text_.size() && IsTimeDigit(text_[digits])) lost |= text_[digits++] != '0';
    text_.remove_prefix(digits);
    return digits > 0 ? std::optional<bool>(lost) : std::nullopt;
  }
  bool ended() const { return text_.empty(); }

 private:
  std::string_view text_;
};

// Days since 1970 of "2025-11-27" or "2025/11/27".
std::optional<int64_t> ReadDay(DateReader& reader) {
  const auto year = reader.Number(4);
  if (!year) return std::nullopt;
  const char mark = reader.Take('-') ? '-' : '/';
  if (mark == '/' && !reader.Take('/')) return std::nullopt;
  const auto month = reader.Number(2);
  if (!month || !reader.Take(mark)) return std::nullopt;
  const auto day = reader.Number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// Seconds of "16:00", "16:00:00" or "16:00:00.5". A leap second is the next minute's first.
std::optional<int64_t> ReadClock(DateReader& reader, bool* rounded) {
  const auto hour = reader.Number(2);
  if (!hour || *hour > 23 || !reader.Take(':')) return std::nullopt;
  const auto minute = reader.Number(2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  if (reader.Take(':')) {
    const auto number = reader.Number(2);
    if (!number || *number > 60) return std::nullopt;
    second = *number;
    if (reader.Take('.') || reader.Take(',')) {
      const auto lost = reader.Fraction();
      if (!lost) return std::nullopt;
      *rounded = *lost;
    }
  }
  return (int64_t{*hour} * 60 + *minute) * 60 + second;
}

// Seconds east of UTC of "", "Z", " UTC", "+01:00", "+0100" or "-05".
std::optional<int64_t> ReadZone(DateReader& reader) {
  reader.Take(' ');
  if (reader.ended() || reader.Take('Z') || reader.Take("UTC") || reader.Take("GMT")) return 0;
  const bool west = reader.Take('-');
  if (!west && !reader.Take('+')) return std::nullopt;
  const auto hours = reader.Number(2);
  if (!hours || *hours > 18) return std::nullopt;
  int minutes = 0;
  if (!reader.ended()) {
    reader.Take(':');
    const auto number = reader.Number(2);
    if (!number || *number > 59) return std::nullopt;
    minutes = *number;
  }
  const int64_t seconds = (int64_t{*hours} * 60 + minutes) * 60;
  return west ? -seconds : seconds;
}

std::optional<TimeValue> DateFromText(std::string_view text) {
  DateReader reader(text);
  TimeValue time{.is_date = true};
  const auto day = ReadDay(reader);
  if (!day) return std::nullopt;
  time.value = *day * 86400;
  if (reader.ended()) return time;
  if (!reader.Take('T') && !reader.Take(' ')) return std::nullopt;
  const auto clock = ReadClock(reader, &time.rounded);
  if (!clock) return std::nullopt;
  const auto zone = ReadZone(reader);
  if (!zone || !reader.ended()) return std::nullopt;
  time.value += *clock - *zone;
  return time;
}

}  // namespace

std::optional<TimeValue> TimeFromText(std::string_view text) {
  if (const auto integer = ParseInt64(text)) return TimeValue{.value = *integer};
  if (const auto number = NumberFromText(text)) {
    const double floor = std::floor(*number);
    if (floor < -0x1p63 || floor >= 0x1p63) return std::nullopt;
    return TimeValue{.value = static_cast<int64_t>(floor), .rounded = floor != *number};
  }
  return DateFromText(text);
}

}  // namespace chorus::worker
