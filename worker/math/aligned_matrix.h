#pragma once
// A row-major float matrix, 64-byte aligned and zero at first; a large one is on huge pages. Either
// it owns its memory, and its rows are packed; or its memory comes from a MatrixMemory, which may
// be that of a device, and its rows have the stride RowStride(cols). Thread safety: none; one owner
// at a time.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "common/aligned_memory.h"
#include "common/matrix_view.h"
#include "worker/math/row_stride.h"

namespace chorus::worker {

class MatrixMemory {
 public:
  virtual ~MatrixMemory() = default;
  // `floats` zeros, 64-byte aligned, that live as long as this object.
  virtual float* Take(int64_t floats) = 0;
};

class AlignedMatrix {
 public:
  AlignedMatrix() = default;
  // memory: outlives the matrix; null: the matrix owns its memory.
  AlignedMatrix(int64_t rows, int64_t cols, MatrixMemory* memory = nullptr)
      : rows_(rows), cols_(cols), stride_(memory == nullptr ? cols : RowStride(cols)) {
    if (memory != nullptr) {
      data_ = {memory->Take(rows * stride_), Free{true}};
      return;
    }
    const size_t bytes = static_cast<size_t>(rows * cols) * sizeof(float);
    data_.reset(static_cast<float*>(AllocateAligned(bytes)));
    if (data_ == nullptr && bytes > 0) throw std::bad_alloc();
    std::memset(data_.get(), 0, bytes);
  }

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  MatrixView<float> view() { return {data_.get(), rows_, cols_, stride_}; }
  MatrixView<const float> view() const { return {data_.get(), rows_, cols_, stride_}; }
  // The first `rows` rows. REQUIRES: rows <= rows().
  MatrixView<float> Top(int64_t rows) { return {data_.get(), rows, cols_, stride_}; }
  MatrixView<const float> Top(int64_t rows) const { return {data_.get(), rows, cols_, stride_}; }

 private:
  struct Free {
    bool borrowed;  // the memory belongs to a MatrixMemory; false in a default-made matrix
    void operator()(float* data) const {
      if (!borrowed) std::free(data);
    }
  };
  int64_t rows_ = 0;
  int64_t cols_ = 0;
  int64_t stride_ = 0;
  std::unique_ptr<float, Free> data_;
};

}  // namespace chorus::worker
