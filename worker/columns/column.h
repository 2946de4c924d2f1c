#pragma once
// The values of one column of some rows, as views into memory that is laid out as Arrow lays it
// out: a bit per value that says whether it is there, values of any width, texts and lists by their
// ends, texts by their numbers in a dictionary. Thread safety: a ValueColumn is only read.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "worker/columns/arrow_abi.h"
#include "worker/columns/column_type.h"

namespace chorus::worker {

class ValueColumn {
 public:
  ValueColumn() = default;  // every value is missing
  // Views into `array`, which must outlive the column.  REQUIRES: TypeOfField(field) is supported.
  static ValueColumn Of(const ArrowSchema& field, const ArrowArray& array);

  // Columns over arrays in memory, which must outlive them. texts: value i is
  // bytes[ends[i], ends[i + 1]); lists likewise, in elements.
  static ValueColumn OfIntegers(const int64_t* values);
  static ValueColumn OfFloats(const float* values);
  static ValueColumn OfTexts(const int64_t* ends, const char* bytes);
  static ValueColumn OfLists(const int64_t* ends, ValueColumn elements);

  ValueKind kind() const { return kind_; }  // of the scalar, the elements, or the pairs' ids
  bool is_list() const { return list_; }

  bool missing(int64_t row) const {
    if (there_ != nullptr && !BitOf(there_, offset_ + row)) return true;
    return may_miss_otherwise_ && MissesOtherwise(row);
  }
  // REQUIRES for all of these: not missing.
  bool Bool(int64_t row) const;         // kBool
  int64_t Integer(int64_t row) const {  // kInteger
    return dictionary_ == nullptr ? Whole(row) : dictionary_->Integer(Whole(row));
  }
  uint64_t Unsigned(int64_t row) const;      // kUnsigned
  double Number(int64_t row) const;          // kInteger, kUnsigned, kNumber
  std::string_view Text(int64_t row) const;  // kText
  // Whether a kNumber is a decimal, and not a float; and how many digits a decimal has behind its
  // point.
  bool is_decimal() const { return decimal_scale().has_value(); }
  std::optional<int64_t> decimal_scale() const;
  // The integer of 64 bits that a decimal is, to the last digit; nothing where it is none.
  struct Integer64 {
    uint64_t bits = 0;
    bool negative = false;  // then the bits are an int64_t's
  };
  std::optional<Integer64> IntegerOfDecimal(int64_t row) const;  // REQUIRES: is_decimal()
  // All bits of a kNumber: equal ones are equal numbers of one column.
  std::array<uint64_t, 2> NumberBits(int64_t row) const;
  // kTime: seconds since 1970 in UTC, rounded down, and whether something was lost.
  int64_t Seconds(int64_t row, bool* rounded) const;

  // The places of elements() that a list has. A missing list has none.
  struct Span {
    int64_t begin = 0, end = 0;
    int64_t size() const { return end - begin; }
  };
  Span List(int64_t row) const;
  const ValueColumn& elements() const { return children_[0]; }  // the ids, of pairs
  bool has_values() const { return children_.size() == 2; }
  const ValueColumn& values() const { return children_[1]; }  // REQUIRES: has_values()

 private:
  enum class Storage : uint8_t {
    kNone,
    kBits,
    kInt8,
    kInt16,
    kInt32,
    kInt64,
    kUint8,
    kUint16,
    kUint32,
    kUint64,
    kFloat16,
    kFloat32,
    kFloat64,
    kDecimal128,
    kEnds32,  // of texts and lists
    kEnds64,
    kFixedWidth,  // texts and lists of width_ bytes, or elements
  };
  template <typename T>
  T At(int64_t row) const {
    return static_cast<const T*>(values_)[offset_ + row];
  }
  static Storage StorageOf(std::string_view format);
  static ValueColumn InMemory(ValueKind kind, Storage storage, const void* values);  // none misses
  void TakeBuffers(std::string_view format, const ArrowArray& array);
  void TakeElements(const ArrowSchema& element, const ArrowArray& values);
  static bool BitOf(const void* bits, int64_t at) {
    return (static_cast<const uint8_t*>(bits)[at / 8] >> (at % 8) & 1) != 0;
  }
  // Whether a value is missing for another reason than its bit: the column has no values, the value
  // is part of a missing pair, or it is a missing text of a dictionary.
  bool MissesOtherwise(int64_t row) const;
  int64_t Whole(int64_t row) const {  // of any width of integers
    return storage_ == Storage::kInt64 ? At<int64_t>(row) : WholeOfAnyWidth(row);
  }
  int64_t WholeOfAnyWidth(int64_t row) const;
  const uint64_t* DecimalWords(int64_t row) const {  // low, high
    return static_cast<const uint64_t*>(values_) + 2 * (offset_ + row);
  }
  double Decimal(int64_t row) const;
  Span Ends(int64_t row) const;

  ValueKind kind_ = ValueKind::kNothing;
  Storage storage_ = Storage::kNone;
  bool list_ = false;
  bool may_miss_otherwise_ = true;
  int64_t offset_ = 0;                    // of row 0 in what follows
  const uint8_t* there_ = nullptr;        // a bit per value; null: all are there
  const uint8_t* pairs_there_ = nullptr;  // the same for the pairs that this is a part of
  int64_t pairs_offset_ = 0;
  const void* values_ = nullptr;  // or ends
  const char* bytes_ = nullptr;   // of texts
  int64_t width_ = 0;             // of kFixedWidth
  double divisor_ = 1;            // of decimals
  int64_t scale_ = 0;             // the digits behind their point
  TimeUnit unit_;
  std::vector<ValueColumn> children_;
  std::shared_ptr<const ValueColumn> dictionary_;
};

// Some consecutive rows of one input.
struct ColumnBatch {
  virtual ~ColumnBatch() = default;  // frees the memory that the columns view
  uint32_t input = 0;
  uint64_t first_row = 0;  // in its input, from 0
  int64_t rows = 0;
  // Those of the table; a column that nobody asked for has no values.
  std::vector<ValueColumn> columns;
};

}  // namespace chorus::worker
