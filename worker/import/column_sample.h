#pragma once
// What is seen of one column in a sample of rows: kinds of its cells, how many values it has, and
// how its values go with the labels. Thread safety: none.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chorus::worker {

class ColumnSample {
 public:
  // The most values that are told apart.
  static constexpr size_t kMostValues = 100000;

  // text: a cell as CellRules reads it; "" = missing.
  void Add(std::string_view text);

  uint64_t cells() const { return cells_; }  // missing ones included
  uint64_t filled() const { return cells_ - missing_; }
  double missing_share() const;
  uint64_t values() const { return counts_.size(); }
  bool values_are_all() const { return counts_.size() < kMostValues; }
  bool constant() const { return counts_.size() == 1 && missing_ == 0; }
  bool all_labels() const { return filled() > 0 && labels_ == filled(); }
  bool all_numbers() const { return filled() > 0 && numbers_ == filled(); }
  bool all_integers() const { return filled() > 0 && integers_ == filled(); }
  bool all_dates() const { return filled() > 0 && dates_ == filled(); }
  // Every filled cell is a date whose year comes last, which is not read as a time.
  bool all_dates_year_last() const { return filled() > 0 && odd_dates_ == filled(); }
  uint64_t numbers() const { return numbers_; }
  // Every filled cell is a short text without blanks, as codes are; titles and addresses of pages
  // are not.
  bool all_tokens() const { return filled() > 0 && tokens_ == filled(); }
  // Texts among numbers that may mean "missing": a few texts, in few of the cells; else none.
  std::vector<std::string> markers() const;
  bool has_decimals() const { return decimals_ > 0; }  // "41.0" not counted
  // Every filled cell is like "1.234" or "-12.500", as a point between thousands has it.
  bool may_have_points_between_thousands() const {
    constexpr uint64_t kLeastCells = 20;  // fewer may be so by chance
    return filled() >= kLeastCells && like_thousands_ == filled();
  }
  double least() const { return least_; }
  double most() const { return most_; }
  const std::string& example() const { return example_; }
  const std::string& odd_example() const { return odd_example_; }  // the first that is no number
  const std::string& unlabelled_example() const {
    return unlabelled_;
  }  // the first that is no label
  // The probability that two rows drawn at random differ.
  double chance_of_difference() const;
  // Nearly every filled cell is a list in brackets: "[1, 2]", "['a']", "{1,2}".
  bool is_bracketed() const;
  // Every filled cell is a number, some of them in a spelling that is not read: "0,5", "$1,234.50",
  // "7 %". certainly: also, some of these could not be a list of two ids.
  bool has_respelt_numbers(bool certainly) const {
    constexpr uint64_t kOf = 200;  // at least one cell in this many is certain
    return filled() > numbers_ && numbers_ + respelt_ == filled() &&
           (!certainly || certainly_respelt_ * kOf >= filled());
  }

  // The separator of a multi-valued column, "" when it is none; and that of "id:weight" pieces. Few
  // cells with several ids are enough where their pieces are whole cells of other rows.
  struct Separators {
    std::string separator;
    std::string value_separator;
    std::vector<std::string> markers = {};  // cells without value that may mean "missing"
  };
  Separators GuessSeparators() const;
  // Whether the cells with the separator are two numbers with decimals, as positions are:
  // "48.7737,11.6107".
  bool ArePositions(const std::string& separator) const;
  // The values in order of their texts, unless they are more than `most`: then none.
  std::vector<std::string> FewValues(size_t most) const;
  // The first cell with the separator. REQUIRES: it was guessed.
  const std::string& ListLike() const { return separators_.at(GuessSeparator()[0]).first.front(); }

 private:
  void AddKind(std::string_view text);
  void AddPieces(std::string_view text);
  std::string GuessSeparator() const;
  bool PiecesAreCells(char separator) const;
  bool PiecesAreIntegers(char separator) const;
  bool IsProse(char separator) const;
  bool PiecesAreWeighted(std::string_view separator, char value_separator,
                         std::vector<std::string>* markers) const;

  struct Separated {
    uint64_t cells = 0;              // that hold the separator
    std::vector<std::string> first;  // the first of these
  };

  uint64_t cells_ = 0, missing_ = 0;
  uint64_t labels_ = 0, numbers_ = 0, integers_ = 0, dates_ = 0, decimals_ = 0;
  uint64_t tokens_ = 0, odd_dates_ = 0, like_thousands_ = 0;
  uint64_t respelt_ = 0, certainly_respelt_ = 0;  // numbers that are not read as they are written
  std::set<std::string> others_;  // that are no numbers; one more than may be markers at most
  double least_ = 0, most_ = 0;
  std::string example_, odd_example_, unlabelled_;
  std::unordered_map<std::string, uint32_t> counts_;  // of values, up to kMostValues
  std::map<char, Separated> separators_;
  std::vector<std::string> kept_;  // the first filled cells
};

}  // namespace chorus::worker
