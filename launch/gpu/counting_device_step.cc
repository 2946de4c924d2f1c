// Losses, embeddings, sums over grains, and updates.

#include "launch/gpu/counting_device.h"

#include <algorithm>

namespace chorus::gpu {

using namespace worker;
using call_cost::ShapeOf;

namespace {

int64_t RowBytes(const DeviceLabels& labels) {
  return 2 + (labels.weight != nullptr ? 4 : 0) + (labels.copies != nullptr ? 8 : 0) +
         (labels.draw != nullptr ? 8 : 0);
}

}  // namespace

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
    column += int64_t{slot.dim} * std::max<uint32_t>(slot.max_length, 1);
  }
  // The slot of each column that has one; the numeric columns.
  tokens.index_bytes += 4 * static_cast<uint64_t>(side.slot_width) +
                        4 * rows * static_cast<uint64_t>(columns - side.slot_width);
  return tokens;
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

Status CountingDevice::ClipGradient(double clip_norm, int64_t n, float* gradient) {
  return Do("ClipGradient", Phase::kUpdate, call_cost::ClipGradient(n),
            [&](Device* inner) { return inner->ClipGradient(clip_norm, n, gradient); });
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

}  // namespace chorus::gpu
