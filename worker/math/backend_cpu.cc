#include <algorithm>

#include "common/check.h"
#include "common/strings.h"
#include "worker/math/backend.h"
#include "worker/math/batch_norm_kernels.h"
#include "worker/math/bf16_tiles.h"
#include "worker/math/gemm_bf16.h"
#include "worker/math/gemm_onednn.h"
#include "worker/math/item_loops.h"
#include "worker/math/kernels.h"
#include "worker/math/pair_attention.h"
#include "worker/math/tile_kernels.h"

namespace chorus::worker {
namespace {

// The epilogue alone, for products with an empty K, which OneDnnGemm does not take.
void EpilogueOnly(const GemmOptions& options, MatrixView<float> c) {
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.cols; ++j) {
      float value = options.accumulate ? c(i, j) : 0.0f;
      if (options.bias != nullptr) value += options.bias[j];
      c(i, j) = options.relu ? std::max(value, 0.0f) : value;
    }
  }
}

int64_t InnerOf(const GemmOptions& options, const GemmTerm& term) {
  return options.transpose_a ? term.a.rows() : term.a.cols();
}

void CheckShapes(const GemmOptions& options, const GemmTerm& term, const Target& c) {
  CHECK((options.transpose_a ? term.a.cols() : term.a.rows()) == c.rows(), "rows of c: ", c.rows());
  CHECK((options.transpose_b ? term.b.rows() : term.b.cols()) == c.cols(),
        "columns of c: ", c.cols());
  CHECK((options.transpose_b ? term.b.cols() : term.b.rows()) == InnerOf(options, term),
        "inner size: ", InnerOf(options, term));
}

// What Backend::Product requires.
void CheckTiles(const GemmOptions& options, std::span<const GemmTerm> terms, const Target& c) {
  const bool empty = InnerOf(options, terms[0]) == 0;
  for (const GemmTerm& term : terms) {
    CheckShapes(options, term, c);
    CHECK(!term.b.tiles || !options.transpose_b, "b in tiles is not transposed");
    CHECK(options.column_sums == nullptr || term.b.tiles, "sums of columns of floats");
    CHECK((InnerOf(options, term) == 0) == empty, "terms with and without an inner index");
  }
  CHECK(!c.tiles || (!options.accumulate && !empty), "c in tiles is overwritten");
  CHECK(c.tiles || (!options.positive && options.added_of.of == nullptr), "c is floats");
}

class CpuBackend final : public Backend {
 public:
  // rounded: null: products are oneDNN's.
  CpuBackend(std::unique_ptr<OneDnnGemm> gemm, std::unique_ptr<Bf16Gemm> rounded)
      : gemm_(std::move(gemm)), rounded_(std::move(rounded)) {}

  Status Gemm(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
              MatrixView<float> c) override {
    const GemmTerm term = {a, b};
    CheckShapes(options, term, c);
    if (rounded_ != nullptr) return Product(options, {&term, 1}, c);
    if (c.rows == 0 || c.cols == 0) return Status::Ok();
    if (InnerOf(options, term) > 0) return gemm_->Run(options, a, b, c);
    EpilogueOnly(options, c);
    return Status::Ok();
  }
  Status Product(const GemmOptions& options, std::span<const GemmTerm> terms,
                 const Target& c) override {
    if (rounded_ == nullptr) return Backend::Product(options, terms, c);
    CheckTiles(options, terms, c);
    if (c.cols() == 0) return Status::Ok();
    // An empty inner index: there is nothing to be added.
    if (c.rows() > 0 && InnerOf(options, terms[0]) > 0) {
      rounded_->Run(options, terms, c);
      return Status::Ok();
    }
    if (options.column_sums != nullptr) std::fill_n(options.column_sums, c.cols(), 0.0f);
    if (c.rows() > 0) EpilogueOnly(options, c.floats);
    return Status::Ok();
  }
  bool keeps_tiles() const override { return rounded_ != nullptr; }
  Status UseWeights(const float* weights, int64_t n) override {
    if (rounded_ != nullptr) rounded_->UseWeights(weights, n);
    return Status::Ok();
  }

  void Fill(float value, MatrixView<float> matrix) override {
    for (int64_t i = 0; i < matrix.rows; ++i) std::fill_n(matrix.row(i), matrix.cols, value);
  }
  void Copy(MatrixView<const float> from, MatrixView<float> to) override {
    for (int64_t i = 0; i < to.rows; ++i) std::copy_n(from.row(i), to.cols, to.row(i));
  }
  void GatherRows(MatrixView<const float> from, const RowIndex& index,
                  MatrixView<float> to) override {
    worker::GatherRows(from, index.of, index.rows, to);
  }
  void AddGatheredRows(MatrixView<const float> from, const RowIndex& index,
                       MatrixView<float> to) override {
    for (int64_t i = 0; i < index.rows; ++i) AddTo(to.row(i), from.row(index.of[i]), to.cols);
  }
  void SumRowsByIndex(MatrixView<const float> from, const RowIndex& index,
                      MatrixView<float> to) override {
    worker::SumRowsByIndex(from, index.of, index.rows, to);
  }
  void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                    float* bias_gradient) override {
    worker::ReluBackward(y, gradient, bias_gradient);
  }
  void DotRows(MatrixView<const float> x, const float* weight, const float* bias,
               MatrixView<float> z) override {
    worker::DotRows(x, weight, bias == nullptr ? 0.0f : *bias, z);
  }
  // In order of rows.
  void SumColumn(MatrixView<const float> dz, float* sum) override {
    double total = 0;
    for (int64_t i = 0; i < dz.rows; ++i) total += dz(i, 0);
    *sum = static_cast<float>(total);
  }
  void DotRowsBackward(MatrixView<const float> x, const float* weight, MatrixView<const float> dz,
                       float* weight_gradient, MatrixView<float> dx, float dx_factor,
                       bool accumulate_dx) override {
    worker::DotRowsBackward(x, weight, dz, weight_gradient, dx, dx_factor, accumulate_dx);
  }
  void DotTileRows(TileView<const Bf16> x, const float* weight, const float* bias,
                   MatrixView<float> z) override {
    worker::DotTileRows(x, weight, bias == nullptr ? 0.0f : *bias, z);
  }
  void DotTileRowsBackward(TileView<const Bf16> x, const float* weight, MatrixView<const float> dz,
                           float* weight_gradient, TileView<Bf16> dx, float dx_factor) override {
    SumScaledTileRows(x, dz, weight_gradient);
    rounded_->DotRowsBackward(x, weight, dz, dx, dx_factor);
  }
  void SumTileRowsByIndex(TileView<const Bf16> from, const RowIndex& index,
                          MatrixView<float> to) override {
    worker::SumTileRowsByIndex(from, index.of, index.rows, to);
  }
  void RoundToTiles(MatrixView<const float> from, int64_t panel, TileView<Bf16> to) override {
    rounded_->RoundToTiles(from, panel, to);
  }
  void Dropout(const DropoutMask& mask, MatrixView<const float> from,
               MatrixView<float> to) override {
    worker::Dropout(mask, from, to);
  }
  void PassPositive(MatrixView<const float> y, float factor, MatrixView<const float> from,
                    MatrixView<float> to, bool accumulate) override {
    worker::PassPositive(y, factor, from, to, accumulate);
  }
  void ColumnMoments(MatrixView<const float> z, float* mean, float* variance) override {
    worker::ColumnMoments(z, mean, variance);
  }
  void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                     MatrixView<float> normalized, MatrixView<float> y) override {
    worker::NormalizeRelu(mean, variance, bias, normalized, y);
  }
  void NormalizeBackward(MatrixView<const float> normalized, const float* variance, bool of_moments,
                         MatrixView<float> gradient) override {
    worker::NormalizeBackward(normalized, variance, of_moments, gradient);
  }
  void AttendPair(MatrixView<const float> from, MatrixView<const float> to, MatrixView<float> share,
                  MatrixView<float> out) override {
    worker::AttendPair(from, to, share, out);
  }
  void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                          MatrixView<const float> share, MatrixView<const float> dout,
                          MatrixView<float> dfrom, MatrixView<float> dto,
                          bool accumulate_dto) override {
    worker::AttendPairBackward(from, to, share, dout, dfrom, dto, accumulate_dto);
  }
  void ForEach(const ItemKernel& kernel) override { RunItems(kernel); }

 private:
  const std::unique_ptr<OneDnnGemm> gemm_;
  const std::unique_ptr<Bf16Gemm> rounded_;
};

Result<std::unique_ptr<Bf16Gemm>> NewBf16Gemm(ComputeConfig::Isa isa) {
  if (const Bf16Kernels* kernels = Bf16KernelsFor(isa)) return std::make_unique<Bf16Gemm>(*kernels);
  const bool native = isa == ComputeConfig::NATIVE || isa == ComputeConfig::ISA_UNSPECIFIED;
  const bool capped = !native && Bf16KernelsFor(ComputeConfig::NATIVE) != nullptr;
  const std::string why =
      capped ? StrCat("compute.isa allows no more than ", ComputeConfig::Isa_Name(isa))
             : std::string("this CPU has neither AMX nor AVX512-BF16, which multiply bfloat16");
  return FailedPrecondition(StrCat("compute.precision is BF16, but ", why, ": set ",
                                   capped ? "another compute.isa, or " : "",
                                   "compute.precision=FP32"));
}

}  // namespace

Result<std::unique_ptr<Backend>> NewCpuBackend(ComputeConfig::Isa isa,
                                               ComputeConfig::Precision precision) {
  if (precision == ComputeConfig::TF32) {
    return FailedPrecondition(
        "compute.precision is TF32, which GPUs alone have, and this job computes on the CPU: set "
        "compute.precision=FP32 or BF16");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<OneDnnGemm> gemm, NewOneDnnGemm(isa));
  std::unique_ptr<Bf16Gemm> rounded;
  if (precision == ComputeConfig::BF16) {
    ASSIGN_OR_RETURN(rounded, NewBf16Gemm(isa));
  }
  return std::unique_ptr<Backend>(
      std::make_unique<CpuBackend>(std::move(gemm), std::move(rounded)));
}

}  // namespace chorus::worker
