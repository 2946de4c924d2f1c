#include "perf/gpu_model/counting_device.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "common/check.h"

namespace chorus::perf {
namespace {

using namespace worker;
using call_cost::Shape;

template <typename T>
Shape ShapeOf(const MatrixView<T>& matrix) {
  return {matrix.rows, matrix.cols};
}

int64_t RowBytes(const DeviceLabels& labels) {
  return 2 + (labels.weight != nullptr ? 4 : 0) + (labels.copies != nullptr ? 8 : 0) +
         (labels.draw != nullptr ? 8 : 0);
}

}  // namespace

void CountingDevice::FreeMemory::operator()(std::byte* memory) const { std::free(memory); }

Status CountingDevice::Do(const char* name, Phase phase, const Cost& cost,
                          const std::function<Status(Device*)>& call) {
  const CallCost noted = {name, fixed_phase_.value_or(phase), cost};
  if (notes_) calls_.push_back(noted);
  if (before_call && notes_ && passes_) before_call(noted);
  if (inner_ != nullptr && passes_) RETURN_IF_ERROR(call(inner_));
  if (after_call && notes_ && passes_) after_call(noted);
  return Status::Ok();
}

void CountingDevice::DoVoid(const char* name, Phase phase, const Cost& cost,
                            const std::function<void(Device*)>& call) {
  const Status status = Do(name, phase, cost, [&](Device* device) {
    call(device);
    return Status::Ok();
  });
  CHECK(status.ok());
}

const void* CountingDevice::Uploaded(const void* device) const {
  const auto* const at = static_cast<const std::byte*>(device);
  auto after = uploads_.upper_bound(at);
  CHECK(after != uploads_.begin(), "memory that nothing was copied to");
  --after;
  const auto offset = static_cast<size_t>(at - after->first);
  CHECK(offset < after->second.bytes, "memory that nothing was copied to");
  return after->second.host + offset;
}

Result<bool> CountingDevice::Replay(std::span<const uint64_t> key,
                                    const std::function<Status()>& enqueue) {
  bool as_one = !seen_.emplace(key.begin(), key.end()).second;
  if (inner_ != nullptr) {
    notes_ = false;
    const Result<bool> started = inner_->Replay(key, enqueue);
    notes_ = true;
    if (!started.ok()) return started.status();
    as_one = *started;
  }
  const size_t first = calls_.size();
  passes_ = false;
  const Status noted = enqueue();
  passes_ = true;
  RETURN_IF_ERROR(noted);
  if (!as_one || first == calls_.size()) return as_one;
  for (size_t i = first; i < calls_.size(); ++i) calls_[i].cost.BecomeNodes();
  CallCost start = {"Replay", calls_[first].phase, {}};
  start.cost.graphs = 1;
  calls_.push_back(start);
  return true;
}

void CountingDevice::ForgetReplays() {
  seen_.clear();
  if (inner_ != nullptr) inner_->ForgetReplays();
}

call_cost::SideTokens CountingDevice::TokensOf(const DeviceSide& side, int64_t columns) const {
  call_cost::SideTokens tokens;
  const auto rows = static_cast<uint64_t>(side.rows);
  for (int64_t column = 0; column < side.slot_width;) {
    const DeviceSlot& slot = OnHost(side.slots)[OnHost(side.slot_of_column)[column]];
    const uint32_t* const offsets = OnHost(slot.offsets);
    const uint64_t keys = offsets[side.rows];
    for (uint64_t i = 0; i < rows; ++i) {
      tokens.longest = std::max<uint64_t>(tokens.longest, offsets[i + 1] - offsets[i]);
    }
    tokens.keys += keys;
    tokens.row_floats += keys * slot.dim;
    tokens.index_bytes += 4 * (rows + 1) + keys * (slot.values != nullptr ? 8 : 4);
    column += slot.dim;
  }
  // The slot of each column that has one; the numeric columns.
  tokens.index_bytes += 4 * static_cast<uint64_t>(side.slot_width) +
                        4 * rows * static_cast<uint64_t>(columns - side.slot_width);
  return tokens;
}

const DeviceInfo& CountingDevice::info() const {
  return inner_ != nullptr ? inner_->info() : dry_info_;
}

Result<std::byte*> CountingDevice::TakeMemory(size_t bytes) {
  if (inner_ != nullptr) return inner_->TakeMemory(bytes);
  std::byte* const memory = next_;
  next_ += (bytes + 255) / 256 * 256;
  return memory;
}

Result<std::byte*> CountingDevice::TakeHostMemory(size_t bytes) {
  if (inner_ != nullptr) return inner_->TakeHostMemory(bytes);
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  // Large blocks come from the system as zeros that take no memory until they are touched.
  auto* const memory = static_cast<std::byte*>(std::calloc(bytes, 1));
  if (memory == nullptr) return ResourceExhausted("no memory for a dry run");
  host_memory_.emplace_back(memory);
  return memory;
}

void CountingDevice::NoteUpload(const void* host, const void* device, size_t bytes) {
  const auto* const at = static_cast<const std::byte*>(device);
  uploads_.erase(uploads_.lower_bound(at), uploads_.lower_bound(at + bytes));
  uploads_[at] = {static_cast<const std::byte*>(host), bytes};
}

Status CountingDevice::Stage(uint32_t slot, const void* host, void* device, size_t bytes) {
  NoteUpload(host, device, bytes);
  return Do("Stage", Phase::kUpload, call_cost::Upload(bytes),
            [&](Device* inner) { return inner->Stage(slot, host, device, bytes); });
}

Status CountingDevice::TakeStaged(uint32_t slot) {
  return inner_ != nullptr ? inner_->TakeStaged(slot) : Status::Ok();
}

Status CountingDevice::Upload(const void* host, void* device, size_t bytes) {
  NoteUpload(host, device, bytes);
  return Do("Upload", Phase::kUpload, call_cost::Upload(bytes),
            [&](Device* inner) { return inner->Upload(host, device, bytes); });
}

Status CountingDevice::Download(const void* device, void* host, size_t bytes) {
  return Do("Download", Phase::kReturn, call_cost::Download(bytes),
            [&](Device* inner) { return inner->Download(device, host, bytes); });
}

Status CountingDevice::CopyOnDevice(const void* from, void* to, size_t bytes) {
  return Do("CopyOnDevice", compute_, call_cost::CopyOnDevice(bytes),
            [&](Device* inner) { return inner->CopyOnDevice(from, to, bytes); });
}

Status CountingDevice::Mark(uint32_t mark) {
  return inner_ != nullptr ? inner_->Mark(mark) : Status::Ok();
}

Result<double> CountingDevice::SecondsBetween(uint32_t from, uint32_t to) {
  return inner_ != nullptr ? inner_->SecondsBetween(from, to) : Result<double>(0.0);
}

Status CountingDevice::Zero(void* device, size_t bytes) {
  return Do("Zero", Phase::kUpload, call_cost::Zero(bytes),
            [&](Device* inner) { return inner->Zero(device, bytes); });
}

Status CountingDevice::Synchronize() {
  return Do("Synchronize", Phase::kReturn, call_cost::Synchronize(),
            [](Device* inner) { return inner->Synchronize(); });
}

Status CountingDevice::SetMethod(const MethodValue& method) {
  return inner_ != nullptr ? inner_->SetMethod(method) : Status::Ok();
}

Status CountingDevice::Put(std::span<const double> values, double* to) {
  return Do("Put", Phase::kLoss, call_cost::Put(values.size()),
            [&](Device* inner) { return inner->Put(values, to); });
}

Status CountingDevice::Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                                double* sums) {
  return Do("Partials", Phase::kLoss,
            call_cost::Partials(labels.rows, RowBytes(labels), logits.cols, true),
            [&](Device* inner) { return inner->Partials(labels, logits, sums); });
}

Status CountingDevice::Evaluate(const DeviceLabels& labels, const double* scales,
                                MatrixView<const float> logits, MatrixView<float> dlogits,
                                double* term_sums) {
  compute_ = Phase::kBackward;
  return Do(
      "Evaluate", Phase::kLoss,
      call_cost::Evaluate(labels.rows, RowBytes(labels), ShapeOf(dlogits)),
      [&](Device* inner) { return inner->Evaluate(labels, scales, logits, dlogits, term_sums); });
}

Status CountingDevice::Pool(const DeviceSide* side, const float* const* tables,
                            MatrixView<float> x) {
  compute_ = Phase::kForward;
  return Do("Pool", Phase::kPool, call_cost::Pool(TokensOf(*OnHost(side), x.cols), ShapeOf(x)),
            [&](Device* inner) { return inner->Pool(side, tables, x); });
}

Status CountingDevice::NoteKeys(const DeviceSide& contexts, const DeviceSide& exposures,
                                const DeviceKeyNotes& notes) {
  const Cost cost = call_cost::NoteKeys(TokensOf(contexts, contexts.slot_width),
                                        TokensOf(exposures, exposures.slot_width));
  return Do("NoteKeys", Phase::kPool, cost,
            [&](Device* inner) { return inner->NoteKeys(contexts, exposures, notes); });
}

Status CountingDevice::SumPieces(const DevicePieces& pieces, const DeviceKeyNotes& notes,
                                 const float* dcontexts, const float* dexposures, uint32_t dim,
                                 uint32_t first, float* sums) {
  const uint32_t* const begins = OnHost(pieces.begins);
  const auto count = static_cast<uint64_t>(pieces.pieces);
  const Cost cost = call_cost::SumPieces(begins[count] - begins[0], count, dim);
  return Do("SumPieces", Phase::kRowGradients, cost, [&](Device* inner) {
    return inner->SumPieces(pieces, notes, dcontexts, dexposures, dim, first, sums);
  });
}

Status CountingDevice::JoinPieces(const DeviceSegments& segments, uint32_t dim, float* sums) {
  const uint32_t* const first = OnHost(segments.first);
  const auto count = static_cast<uint64_t>(segments.segments);
  return Do("JoinPieces", Phase::kRowGradients,
            call_cost::JoinPieces(first[count] - first[0], count, dim),
            [&](Device* inner) { return inner->JoinPieces(segments, dim, sums); });
}

Status CountingDevice::CombineTerms(const DeviceTerms& terms, uint32_t dim, float* sums,
                                    float* out) {
  const uint32_t* const begins = OnHost(terms.begins);
  const auto keys = static_cast<uint64_t>(terms.keys);
  return Do("CombineTerms", Phase::kSums,
            call_cost::CombineTerms(begins[keys] - begins[0], keys, dim),
            [&](Device* inner) { return inner->CombineTerms(terms, dim, sums, out); });
}

Status CountingDevice::SumGrains(MatrixView<float> gradients) {
  return Do("SumGrains", Phase::kSums, call_cost::SumGrains(ShapeOf(gradients)),
            [&](Device* inner) { return inner->SumGrains(gradients); });
}

Status CountingDevice::FlagNonFinite(MatrixView<const float> values, const uint32_t* flag_of_column,
                                     uint32_t* flags) {
  return Do("FlagNonFinite", Phase::kCheck,
            call_cost::FlagNonFinite(ShapeOf(values), flag_of_column != nullptr),
            [&](Device* inner) { return inner->FlagNonFinite(values, flag_of_column, flags); });
}

Status CountingDevice::MoveStatistics(const DeviceStatistics& statistics, const float* gradient,
                                      float* values) {
  return Do("MoveStatistics", Phase::kUpdate, call_cost::MoveStatistics(statistics.n),
            [&](Device* inner) { return inner->MoveStatistics(statistics, gradient, values); });
}

Status CountingDevice::Reserve(const DeviceSizes& sizes) {
  return inner_ != nullptr ? inner_->Reserve(sizes) : Status::Ok();
}

Status CountingDevice::UseWeights(const float* weights, int64_t n) {
  weights_ = {weights, static_cast<size_t>(n)};
  return Do("UseWeights", Phase::kUpdate, rounds_ ? call_cost::UseWeights(n) : Cost(),
            [&](Device* inner) { return inner->UseWeights(weights, n); });
}

Status CountingDevice::ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t,
                                      float lr_factor, double clip_norm, int64_t n, float* gradient,
                                      float* weights, float* const (&state)[2]) {
  return Do("ApplyOptimizer", Phase::kUpdate,
            call_cost::ApplyOptimizer(parameters.kind, clip_norm > 0, n), [&](Device* inner) {
              return inner->ApplyOptimizer(parameters, t, lr_factor, clip_norm, n, gradient,
                                           weights, state);
            });
}

Status CountingDevice::Gemm(const GemmOptions& options, MatrixView<const float> a,
                            MatrixView<const float> b, MatrixView<float> c) {
  if (on_product) on_product(options, a, b, c);
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

}  // namespace chorus::perf
