#pragma once
// A backend that keeps no activation in tiles; another backend does everything else.

#include <memory>
#include <utility>

#include "worker/math/backend.h"

namespace chorus::worker {

class FloatsOnly final : public Backend {
 public:
  explicit FloatsOnly(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

  Status Gemm(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
              MatrixView<float> c) override {
    return backend_->Gemm(options, a, b, c);
  }
  Status UseWeights(const float* weights, int64_t n) override {
    return backend_->UseWeights(weights, n);
  }
  void Fill(float value, MatrixView<float> matrix) override {
    return backend_->Fill(value, matrix);
  }
  void Copy(MatrixView<const float> from, MatrixView<float> to) override {
    return backend_->Copy(from, to);
  }
  void GatherRows(MatrixView<const float> from, const RowIndex& index,
                  MatrixView<float> to) override {
    return backend_->GatherRows(from, index, to);
  }
  void AddGatheredRows(MatrixView<const float> from, const RowIndex& index,
                       MatrixView<float> to) override {
    return backend_->AddGatheredRows(from, index, to);
  }
  void SumRowsByIndex(MatrixView<const float> from, const RowIndex& index,
                      MatrixView<float> to) override {
    return backend_->SumRowsByIndex(from, index, to);
  }
  void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                    float* bias_gradient) override {
    return backend_->ReluBackward(y, gradient, bias_gradient);
  }
  void DotRows(MatrixView<const float> x, const float* weight, const float* bias,
               MatrixView<float> z) override {
    return backend_->DotRows(x, weight, bias, z);
  }
  void SumColumn(MatrixView<const float> dz, float* sum) override {
    return backend_->SumColumn(dz, sum);
  }
  void DotRowsBackward(MatrixView<const float> x, const float* weight, MatrixView<const float> dz,
                       float* weight_gradient, MatrixView<float> dx, float dx_factor,
                       bool accumulate_dx) override {
    return backend_->DotRowsBackward(x, weight, dz, weight_gradient, dx, dx_factor, accumulate_dx);
  }
  void Dropout(const DropoutMask& mask, MatrixView<const float> from,
               MatrixView<float> to) override {
    return backend_->Dropout(mask, from, to);
  }
  void PassPositive(MatrixView<const float> y, float factor, MatrixView<const float> from,
                    MatrixView<float> to, bool accumulate) override {
    return backend_->PassPositive(y, factor, from, to, accumulate);
  }
  void ColumnMoments(MatrixView<const float> z, float* mean, float* variance) override {
    return backend_->ColumnMoments(z, mean, variance);
  }
  void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                     MatrixView<float> normalized, MatrixView<float> y) override {
    return backend_->NormalizeRelu(mean, variance, bias, normalized, y);
  }
  void NormalizeBackward(MatrixView<const float> normalized, const float* variance, bool of_moments,
                         MatrixView<float> gradient) override {
    return backend_->NormalizeBackward(normalized, variance, of_moments, gradient);
  }
  void AttendPair(MatrixView<const float> from, MatrixView<const float> to, MatrixView<float> share,
                  MatrixView<float> out) override {
    return backend_->AttendPair(from, to, share, out);
  }
  void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                          MatrixView<const float> share, MatrixView<const float> dout,
                          MatrixView<float> dfrom, MatrixView<float> dto,
                          bool accumulate_dto) override {
    return backend_->AttendPairBackward(from, to, share, dout, dfrom, dto, accumulate_dto);
  }
  void ForEach(const ItemKernel& kernel) override { return backend_->ForEach(kernel); }

 private:
  const std::unique_ptr<Backend> backend_;
};

}  // namespace chorus::worker
