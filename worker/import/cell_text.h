#pragma once
// What a cell means, however it is spelt: labels, numbers and times as the programs that write
// tables spell them, and the rules of a schema about blanks, missing values and decimal ids.
// Thread safety: pure functions; a CellRules is a value that is only read.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config.pb.h"

namespace chorus::worker {

// 0 or 1 from "0", "1", "0.0", "1.0" and the like, and from true, false, t, f, yes, no, y, n in any
// case.
std::optional<uint8_t> LabelFromText(std::string_view text);
// What to do about a label that LabelFromText does not take, for messages: "0 or 1: ...".
std::string ExpectedLabel(std::string_view text);

// A finite number; a leading '+' is passed over, and a number that is too small for a double is 0.
std::optional<double> NumberFromText(std::string_view text);
// An integer in [0, 2^64), also when written "17.0".
std::optional<uint64_t> RowIdFromText(std::string_view text);

// A point in time. Numbers keep their unit; dates are seconds since 1970 in UTC.
struct TimeValue {
  int64_t value = 0;     // rounded down
  bool is_date = false;  // "2025-11-27", "2025-11-27 16:00:00.5", "2025-11-27T16:00+01:00"
  bool rounded = false;  // something was lost
};
std::optional<TimeValue> TimeFromText(std::string_view text);

// The part of "41.0", "41." or "-3.00" before the '.', or an empty text when it is no such decimal.
std::string_view IntegerOfDecimal(std::string_view text);

// Whether a text is an integer that was written with an exponent, as R and awk do: "1e+05",
// "1.25e6".
bool IsIntegerWithExponent(std::string_view text);

// Whether all bytes are below 0x80; and whether they are well formed as UTF-8.
bool IsAscii(std::string_view text);
bool IsUtf8(std::string_view text);

// The text without leading and trailing blanks and tabs, in constant time for most texts.
std::string_view TrimBlanks(std::string_view text);

class CellRules {
 public:
  CellRules() = default;  // a text is taken as it is; an empty one is missing
  explicit CellRules(const ImportSchema& schema);

  struct Cell {
    std::string_view text;
    bool missing = false;
    bool trimmed = false;
  };
  // False for texts that Read certainly leaves as they are: nearly all of them.
  bool MayDiffer(std::string_view text) const {
    if (text.empty()) return true;
    const uint32_t front = odd_front_[static_cast<uint8_t>(text.front())];
    return ((front & SizeBit(text.size())) | odd_back_[static_cast<uint8_t>(text.back())]) != 0;
  }
  // The same for ids, which may also be integral decimals, or have an exponent.
  bool IdMayDiffer(std::string_view text) const {
    if (MayDiffer(text)) return true;
    if (!decimal_ids_are_integers_) return false;
    if (text.size() > 2 && (text[1] == 'e' || text[1] == 'E' || text[1] == '.')) return true;
    const char back = text.back();
    if (back != '0' && back != '.') return false;
    const char before = text.size() > 1 ? text[text.size() - 2] : ' ';
    return back == '.' || before == '.' || before == '0';
  }
  // A cell, or a piece of one. With keep_markers only the empty text is missing.
  Cell Read(std::string_view text, bool keep_markers = false) const;
  bool decimal_ids_are_integers() const { return decimal_ids_are_integers_; }
  // Texts that mean "missing", besides the empty one.
  const std::vector<std::string>& markers() const { return markers_; }

 private:
  static constexpr uint32_t kAllSizes = ~uint32_t{0};
  // Texts of 31 bytes and more share a bit.
  static constexpr uint32_t SizeBit(size_t bytes) {
    return uint32_t{1} << (bytes < 31 ? bytes : 31);
  }
  uint32_t SizesOf(const std::string& marker) const;
  bool IsMarker(std::string_view text) const;

  bool trim_ = false;
  bool decimal_ids_are_integers_ = false;
  std::vector<std::string> markers_;
  size_t longest_marker_ = 0;
  // [byte]: bits (SizeBit) of the lengths of texts that may differ and begin with it.
  std::array<uint32_t, 256> odd_front_{};
  std::array<uint32_t, 256> odd_back_{};  // [byte]: not 0 where a text that ends in it may differ
};

}  // namespace chorus::worker
