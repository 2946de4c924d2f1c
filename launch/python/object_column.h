#pragma once
// Python objects, one per row, as a column that a Scorer reads: numbers, texts, None, and lists of
// these or of pairs (id, factor); a dict counts as a list of pairs.
// Thread safety: the thread that holds the interpreter's lock.

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/serving/input_column.h"

namespace chorus::launch {

class ObjectColumn {
 public:
  explicit ObjectColumn(std::string name) : name_(std::move(name)) {}

  // Adds the cell of the next row. Error: kInvalidArgument, which names column, row and what was
  // found.
  Status AddRow(PyObject* cell);
  int64_t rows() const { return row_; }  // so far
  // The column, after the last row; its memory belongs to this object.
  InputColumn View();

 private:
  enum Kind { kNothing, kInts, kDoubles, kTexts };

  Status AddElement(PyObject* element);
  Status AddPair(PyObject* id, PyObject* factor);
  void AddInt(PyObject* element);
  void AddText(std::string_view text);
  void AddDouble(double x);
  void AddNothing();
  void Become(Kind kind);
  Status Wrong(PyObject* found) const;

  const std::string name_;
  int64_t row_ = 0;
  Kind kind_ = kNothing;
  bool is_list_ = false, has_factors_ = false;
  std::vector<int64_t> ints_;    // kInts, with 0 for None
  std::vector<double> doubles_;  // kDoubles
  std::string texts_;            // kTexts
  std::vector<int64_t> ends_ = {0};
  std::vector<uint8_t> there_;
  std::vector<int64_t> lists_ = {0};
  std::vector<float> factors_;
};

}  // namespace chorus::launch
