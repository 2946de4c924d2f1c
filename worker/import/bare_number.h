#pragma once
// The number inside a text that has a unit, or the signs of typography, around or in it: one rule
// for drafts, which leave such columns out, and for errors, which say how to write the number.
// Thread safety: pure function.

#include <optional>
#include <string>
#include <string_view>

namespace chorus::worker {

struct BareNumber {
  enum class Unit {
    kNone,
    kMoney,  // or percent: "$12", "EUR 12", "12 kr", "7 %". ids are not written so
    kWord,   // "12 kg", "128GB", "12a": another short word behind the number
  };
  // In ASCII: the sign, and the text from the first digit to the last, without marks between
  // thousands. The caller finds out whether it is a number.
  std::string text;
  Unit unit = Unit::kNone;
  bool is_spaced = false;  // a blank is between the number and its unit
  bool has_gaps = false;   // plain blanks between thousands, which a list of ids has too: "1 234"
  // U+2212 for a minus, blanks that do not break, or apostrophes between thousands.
  bool is_typeset = false;
};

// nullopt: there is no digit, or something beside the number is neither sign nor unit. Letters
// before digits are a name ("user7", "v12"), unless they are a currency.
std::optional<BareNumber> BareNumberOf(std::string_view text);

}  // namespace chorus::worker
