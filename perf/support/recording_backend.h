#pragma once
// A backend that forwards to the real one and remembers its matrix products, to run them again
// alone. Thread safety: one thread while it records.

#include <vector>

#include "worker/math/backend.h"

namespace chorus::perf {

class RecordingBackend final : public worker::Backend {
 public:
  struct Call {
    worker::GemmOptions options;
    MatrixView<const float> a, b;
    MatrixView<float> c;

    double flops() const {
      const int64_t k = options.transpose_a ? a.rows : a.cols;
      return 2.0 * static_cast<double>(c.rows * c.cols * k);
    }
  };

  explicit RecordingBackend(Backend* real) : real_(real) {}
  bool recording = false;
  std::vector<Call> calls;

  Status Gemm(const worker::GemmOptions& options, MatrixView<const float> a,
              MatrixView<const float> b, MatrixView<float> c) override {
    if (recording) calls.push_back({options, a, b, c});
    return real_->Gemm(options, a, b, c);
  }
  Status UseWeights(const float* weights, int64_t n) override {
    return real_->UseWeights(weights, n);
  }
  void Fill(float value, MatrixView<float> matrix) override { real_->Fill(value, matrix); }
  void Copy(MatrixView<const float> from, MatrixView<float> to) override { real_->Copy(from, to); }
  void GatherRows(MatrixView<const float> from, const worker::RowIndex& index,
                  MatrixView<float> to) override {
    real_->GatherRows(from, index, to);
  }
  void AddGatheredRows(MatrixView<const float> from, const worker::RowIndex& index,
                       MatrixView<float> to) override {
    real_->AddGatheredRows(from, index, to);
  }
  void SumRowsByIndex(MatrixView<const float> from, const worker::RowIndex& index,
                      MatrixView<float> to) override {
    real_->SumRowsByIndex(from, index, to);
  }
  void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                    float* bias_gradient) override {
    real_->ReluBackward(y, gradient, bias_gradient);
  }
  void DotRows(MatrixView<const float> x, const float* weight, const float* bias,
               MatrixView<float> z) override {
    real_->DotRows(x, weight, bias, z);
  }
  void SumColumn(MatrixView<const float> dz, float* sum) override { real_->SumColumn(dz, sum); }
  void DotRowsBackward(MatrixView<const float> x, const float* weight, MatrixView<const float> dz,
                       float* weight_gradient, MatrixView<float> dx, float dx_factor,
                       bool accumulate_dx) override {
    real_->DotRowsBackward(x, weight, dz, weight_gradient, dx, dx_factor, accumulate_dx);
  }
  void Dropout(const worker::DropoutMask& mask, MatrixView<const float> from,
               MatrixView<float> to) override {
    real_->Dropout(mask, from, to);
  }
  void PassPositive(MatrixView<const float> y, float factor, MatrixView<const float> from,
                    MatrixView<float> to, bool accumulate) override {
    real_->PassPositive(y, factor, from, to, accumulate);
  }
  void ColumnMoments(MatrixView<const float> z, float* mean, float* variance) override {
    real_->ColumnMoments(z, mean, variance);
  }
  void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                     MatrixView<float> normalized, MatrixView<float> y) override {
    real_->NormalizeRelu(mean, variance, bias, normalized, y);
  }
  void NormalizeBackward(MatrixView<const float> normalized, const float* variance, bool of_moments,
                         MatrixView<float> gradient) override {
    real_->NormalizeBackward(normalized, variance, of_moments, gradient);
  }
  void AttendPair(MatrixView<const float> from, MatrixView<const float> to, MatrixView<float> share,
                  MatrixView<float> out) override {
    real_->AttendPair(from, to, share, out);
  }
  void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                          MatrixView<const float> share, MatrixView<const float> dout,
                          MatrixView<float> dfrom, MatrixView<float> dto,
                          bool accumulate_dto) override {
    real_->AttendPairBackward(from, to, share, dout, dfrom, dto, accumulate_dto);
  }
  void ForEach(const worker::ItemKernel& kernel) override { real_->ForEach(kernel); }

 private:
  Backend* const real_;
};

}  // namespace chorus::perf
