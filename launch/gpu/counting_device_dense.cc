// Matrix products and layers.

#include "launch/gpu/counting_device.h"

#include <algorithm>
#include <functional>

namespace chorus::gpu {

using namespace worker;
using call_cost::ShapeOf;

Status CountingDevice::Reserve(const DeviceSizes& sizes) {
  taken_.sizes = sizes;
  return inner_ != nullptr ? inner_->Reserve(sizes) : Status::Ok();
}

Status CountingDevice::UseWeights(const float* weights, int64_t n) {
  weights_ = {weights, static_cast<size_t>(n)};
  return Do("UseWeights", Phase::kUpdate, rounds_ ? call_cost::UseWeights(n) : Cost(),
            [&](Device* inner) { return inner->UseWeights(weights, n); });
}

Status CountingDevice::Gemm(const GemmOptions& options, MatrixView<const float> a,
                            MatrixView<const float> b, MatrixView<float> c) {
  if (on_product) on_product(options, a, b, c);
  // UseWeights has rounded the weights; a product rounds its other inputs itself.
  const auto rounds = [this](const float* input) {
    const std::less<> before;
    return before(input, weights_.data()) || !before(input, weights_.data() + weights_.size());
  };
  const call_cost::Rounding rounding = {rounds_, rounds(a.data), rounds(b.data)};
  return Do("Gemm", compute_,
            call_cost::Gemm(options, ShapeOf(a), ShapeOf(b), ShapeOf(c), rounding),
            [&](Device* inner) { return inner->Gemm(options, a, b, c); });
}

void CountingDevice::Fill(float value, MatrixView<float> matrix) {
  DoVoid("Fill", compute_, call_cost::Fill(ShapeOf(matrix)),
         [&](Device* inner) { inner->Fill(value, matrix); });
}

void CountingDevice::Copy(MatrixView<const float> from, MatrixView<float> to) {
  DoVoid("Copy", compute_, call_cost::Copy(ShapeOf(to)),
         [&](Device* inner) { inner->Copy(from, to); });
}

void CountingDevice::GatherRows(MatrixView<const float> from, const RowIndex& index,
                                MatrixView<float> to) {
  DoVoid("GatherRows", compute_, call_cost::GatherRows(index.rows, false, ShapeOf(to)),
         [&](Device* inner) { inner->GatherRows(from, index, to); });
}

void CountingDevice::AddGatheredRows(MatrixView<const float> from, const RowIndex& index,
                                     MatrixView<float> to) {
  DoVoid("AddGatheredRows", compute_, call_cost::GatherRows(index.rows, true, ShapeOf(to)),
         [&](Device* inner) { inner->AddGatheredRows(from, index, to); });
}

void CountingDevice::SumRowsByIndex(MatrixView<const float> from, const RowIndex& index,
                                    MatrixView<float> to) {
  const uint32_t* const begins = OnHost(index.begins);
  uint32_t longest = 0;
  for (int64_t i = 0; i < to.rows; ++i) longest = std::max(longest, begins[i + 1] - begins[i]);
  DoVoid("SumRowsByIndex", compute_, call_cost::SumRowsByIndex(index.rows, longest, ShapeOf(to)),
         [&](Device* inner) { inner->SumRowsByIndex(from, index, to); });
}

void CountingDevice::ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                                  float* bias_gradient) {
  DoVoid("ReluBackward", compute_, call_cost::ReluBackward(ShapeOf(y)),
         [&](Device* inner) { inner->ReluBackward(y, gradient, bias_gradient); });
}

void CountingDevice::DotRows(MatrixView<const float> x, const float* weight, const float* bias,
                             MatrixView<float> z) {
  DoVoid("DotRows", compute_, call_cost::DotRows(ShapeOf(x)),
         [&](Device* inner) { inner->DotRows(x, weight, bias, z); });
}

void CountingDevice::SumColumn(MatrixView<const float> dz, float* sum) {
  DoVoid("SumColumn", compute_, call_cost::SumColumn(dz.rows),
         [&](Device* inner) { inner->SumColumn(dz, sum); });
}

void CountingDevice::DotRowsBackward(MatrixView<const float> x, const float* weight,
                                     MatrixView<const float> dz, float* weight_gradient,
                                     MatrixView<float> dx, float dx_factor, bool accumulate_dx) {
  DoVoid("DotRowsBackward", compute_,
         call_cost::DotRowsBackward(ShapeOf(x), ShapeOf(dx), accumulate_dx), [&](Device* inner) {
           inner->DotRowsBackward(x, weight, dz, weight_gradient, dx, dx_factor, accumulate_dx);
         });
}

void CountingDevice::Dropout(const DropoutMask& mask, MatrixView<const float> from,
                             MatrixView<float> to) {
  DoVoid("Dropout", compute_, call_cost::Dropout(ShapeOf(to)),
         [&](Device* inner) { inner->Dropout(mask, from, to); });
}

void CountingDevice::PassPositive(MatrixView<const float> y, float factor,
                                  MatrixView<const float> from, MatrixView<float> to,
                                  bool accumulate) {
  DoVoid("PassPositive", compute_, call_cost::PassPositive(ShapeOf(y), accumulate),
         [&](Device* inner) { inner->PassPositive(y, factor, from, to, accumulate); });
}

void CountingDevice::ColumnMoments(MatrixView<const float> z, float* mean, float* variance) {
  DoVoid("ColumnMoments", compute_, call_cost::ColumnMoments(ShapeOf(z)),
         [&](Device* inner) { inner->ColumnMoments(z, mean, variance); });
}

void CountingDevice::NormalizeRelu(const float* mean, const float* variance, const float* bias,
                                   MatrixView<float> normalized, MatrixView<float> y) {
  DoVoid("NormalizeRelu", compute_, call_cost::NormalizeRelu(ShapeOf(y)),
         [&](Device* inner) { inner->NormalizeRelu(mean, variance, bias, normalized, y); });
}

void CountingDevice::NormalizeBackward(MatrixView<const float> normalized, const float* variance,
                                       bool of_moments, MatrixView<float> gradient) {
  DoVoid(
      "NormalizeBackward", compute_, call_cost::NormalizeBackward(ShapeOf(gradient), of_moments),
      [&](Device* inner) { inner->NormalizeBackward(normalized, variance, of_moments, gradient); });
}

void CountingDevice::AttendPair(MatrixView<const float> from, MatrixView<const float> to,
                                MatrixView<float> share, MatrixView<float> out) {
  DoVoid("AttendPair", compute_, call_cost::AttendPair(ShapeOf(out)),
         [&](Device* inner) { inner->AttendPair(from, to, share, out); });
}

void CountingDevice::AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                                        MatrixView<const float> share, MatrixView<const float> dout,
                                        MatrixView<float> dfrom, MatrixView<float> dto,
                                        bool accumulate_dto) {
  DoVoid("AttendPairBackward", compute_,
         call_cost::AttendPairBackward(ShapeOf(dout), accumulate_dto), [&](Device* inner) {
           inner->AttendPairBackward(from, to, share, dout, dfrom, dto, accumulate_dto);
         });
}

void CountingDevice::ForEach(const worker::ItemKernel& kernel) {
  const Cost cost = std::visit(
      [](const auto& items) {
        return call_cost::ForEach({items.rows(), items.cols()}, items.floats());
      },
      kernel);
  DoVoid("ForEach", compute_, cost, [&](Device* inner) { inner->ForEach(kernel); });
}

}  // namespace chorus::gpu
