#pragma once
// A column that the program makes, value by value, as Arrow lays columns out. Thread safety: none.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "worker/columns/arrow_abi.h"

namespace chorus::worker {

class MadeColumn {
 public:
  enum class Type { kInt8, kInt64, kUint64, kFloat, kText };
  // kOptional: a value, or none. kList: any number of values.
  enum class Shape { kOne, kOptional, kList };

  MadeColumn(std::string name, Type type, Shape shape = Shape::kOne)
      : name_(std::move(name)), type_(type), shape_(shape) {}

  void Clear();  // forgets all rows
  // Adds a value to the current row; in a column of kOne each value is a row. T is the C++ type of
  // `type`.
  template <typename T>
  void Add(T value) {
    static_assert(std::is_arithmetic_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    ++values_;
  }
  void AddText(std::string_view text);
  // To be called after the values of each row of an optional column or a list.
  void EndRow();

  const std::string& name() const { return name_; }
  int64_t rows() const { return shape_ == Shape::kOne ? values_ : rows_; }
  uint64_t bytes() const { return bytes_.size(); }

  // The C structs of the column, which view it and are valid until it changes or ends; whoever gets
  // them calls `release`, which does nothing but mark them as released.
  void Describe(ArrowSchema* out);
  void View(ArrowArray* out);

 private:
  struct Level {  // one of the nested C structs
    ArrowSchema schema = {};
    ArrowArray array = {};
    const void* buffers[3] = {};
    ArrowSchema* schema_child = nullptr;
    ArrowArray* array_child = nullptr;
  };
  const char* Format() const;
  void ViewValues(Level* level, int64_t length, ArrowArray* out);

  std::string name_;
  Type type_;
  Shape shape_;
  int64_t values_ = 0, rows_ = 0, nulls_ = 0;
  int64_t values_before_ = 0;  // those of the rows that have ended
  std::string bytes_;          // of all values, one behind the other
  // Of 64 bits: the text of one block may be longer than 2 GiB.
  std::vector<int64_t> text_ends_ = {0};  // [values + 1]
  std::vector<int64_t> row_ends_ = {0};   // [rows + 1], of a list
  std::vector<uint8_t> there_;            // a bit per row, of an optional column
  Level column_, elements_;
};

// All columns as the fields of one struct, with the same rules.
class MadeColumns {
 public:
  explicit MadeColumns(std::vector<MadeColumn>* columns) : columns_(columns) {}
  void Describe(ArrowSchema* out);
  void View(int64_t rows, ArrowArray* out);

 private:
  std::vector<MadeColumn>* const columns_;
  std::vector<ArrowSchema> schemas_;
  std::vector<ArrowArray> arrays_;
  std::vector<ArrowSchema*> schema_children_;
  std::vector<ArrowArray*> array_children_;
  const void* no_buffer_[1] = {nullptr};
};

}  // namespace chorus::worker
