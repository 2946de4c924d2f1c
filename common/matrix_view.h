#pragma once
// A row-major matrix that somebody else owns: element (i, j) is data[i * stride + j].
// Thread safety: a value; the elements follow the rules of their owner.

#include <cstdint>
#include <type_traits>

namespace chorus {

template <typename T>
struct MatrixView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // elements from one row to the next, >= cols

  MatrixView() = default;
  MatrixView(T* d, int64_t r, int64_t c) : data(d), rows(r), cols(c), stride(c) {}
  MatrixView(T* d, int64_t r, int64_t c, int64_t s) : data(d), rows(r), cols(c), stride(s) {}
  // A read-only view of a writable matrix.
  template <typename U, typename = std::enable_if_t<std::is_same_v<const U, T>>>
  MatrixView(const MatrixView<U>& other)  // NOLINT: implicit by design
      : data(other.data), rows(other.rows), cols(other.cols), stride(other.stride) {}

  T* row(int64_t i) const { return data + i * stride; }
  T& operator()(int64_t i, int64_t j) const { return data[i * stride + j]; }
  // Columns [begin, begin + count).
  MatrixView Columns(int64_t begin, int64_t count) const {
    return {data + begin, rows, count, stride};
  }
  // Rows [begin, begin + count).
  MatrixView Rows(int64_t begin, int64_t count) const { return {row(begin), count, cols, stride}; }
};

}  // namespace chorus
