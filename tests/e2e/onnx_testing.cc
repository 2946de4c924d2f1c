#include "tests/e2e/onnx_testing.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "common/proto_enum.h"
#include "launch/command/checkpoint_rows.h"
#include "launch/command/export_manifest.h"
#include "launch/onnx/onnx_model.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

using launch::testing::Tensor;
using launch::testing::Tensors;

// Looks up and pools by plain loops that share no code with the product's.
class InputMaker {
 public:
  InputMaker(const Served& served, const worker::LogSchema& schema, const worker::Batch& batch,
             double behind)
      : served_(served), schema_(schema), batch_(batch), behind_(behind) {}

  Tensors All() const {
    Tensors out;
    for (const ExportOnnxInput& input : served_.manifest.onnx().input()) {
      out[input.name()] = Make(input);
    }
    return out;
  }

 private:
  const worker::FeatureColumns& SideOf(const ExportOnnxInput& input) const {
    return input.context() ? batch_.contexts : batch_.exposures;
  }

  const worker::SlotColumn& ColumnOf(const ExportOnnxInput& input) const {
    size_t column = 0;
    for (const worker::SlotInfo& slot : schema_.slots) {
      if (slot.context != input.context()) continue;
      if (slot.name == SlotOf(input).column()) return SideOf(input).slots[column];
      ++column;
    }
    CHECK(false, "no column ", SlotOf(input).column());
    return SideOf(input).slots[0];
  }

  const ExportSlot& SlotOf(const ExportOnnxInput& input) const {
    const auto& slots = served_.manifest.slot();
    return *std::find_if(slots.begin(), slots.end(),
                         [&](const ExportSlot& slot) { return slot.name() == input.slot(); });
  }

  Tensor Make(const ExportOnnxInput& input) const {
    const int64_t rows = SideOf(input).rows;
    switch (input.kind()) {
      case ExportOnnxInput::CONTEXT_OF:
        return {{rows}, {batch_.context_of.begin(), batch_.context_of.end()}};
      case ExportOnnxInput::NUMERICS:
        return Numerics(input);
      case ExportOnnxInput::LENGTH: {
        Tensor out = {{rows}, {}};
        const worker::SlotColumn& column = ColumnOf(input);
        for (size_t row = 0; row + 1 < column.offsets.size(); ++row) {
          out.values.push_back(
              std::min(column.offsets[row + 1] - column.offsets[row], SlotOf(input).max_length()));
        }
        return out;
      }
      case ExportOnnxInput::POOLED:
      case ExportOnnxInput::SEQUENCE:
        return Slot(input);
      case ExportOnnxInput::KIND_UNSPECIFIED:
      case NO_VALUE_OF(ExportOnnxInput_Kind_ExportOnnxInput_Kind):
        break;
    }
    CHECK(false, input.name());
  }

  Tensor Numerics(const ExportOnnxInput& input) const {
    const worker::FeatureColumns& side = SideOf(input);
    Tensor out = {{side.rows, input.numeric_size()}, {}};
    for (uint32_t row = 0; row < side.rows; ++row) {
      for (const std::string& name : input.numeric()) {
        size_t column = 0;
        for (const worker::NumericInfo& numeric : schema_.numerics) {
          if (numeric.context != input.context()) continue;
          if (numeric.name == name) out.values.push_back(side.numerics[column][row]);
          ++column;
        }
      }
    }
    return out;
  }

  Tensor Slot(const ExportOnnxInput& input) const {
    const ExportSlot& slot = SlotOf(input);
    const worker::SlotColumn& column = ColumnOf(input);
    const ServedRows& table = served_.tables.at(input.table());
    const bool is_sequence = slot.pooling() == SlotConfig::SEQUENCE;
    const size_t dim = slot.dim(), places = is_sequence ? slot.max_length() : 1;
    Tensor out = {{SideOf(input).rows}, {}};
    if (is_sequence) out.dims.push_back(slot.max_length());
    out.dims.push_back(slot.dim());
    for (size_t row = 0; row + 1 < column.offsets.size(); ++row) {
      const uint32_t end = column.offsets[row + 1];
      uint32_t begin = column.offsets[row];
      if (is_sequence) begin = std::max(begin, end - std::min(end, slot.max_length()));
      std::vector<double> cells(places * dim);
      double weight = 0;
      for (uint32_t k = begin; k < end; ++k) {
        const double factor = column.values.empty() ? 1 : column.values[k];
        weight += std::abs(factor);
        const auto found = table.find(column.keys[k]);
        if (found == table.end()) continue;  // an unseen key counts with a row of zeros
        double* const cell = cells.data() + (is_sequence ? (k - begin) * dim : 0);
        for (size_t d = 0; d < dim; ++d) cell[d] += factor * found->second[d];
      }
      double divisor = 1;
      if (slot.pooling() == SlotConfig::MEAN) divisor = end - begin;
      if (slot.pooling() == SlotConfig::WEIGHTED_MEAN) divisor = weight;
      for (const double value : cells) out.values.push_back(divisor > 0 ? value / divisor : 0);
      if (!is_sequence) continue;
      std::fill_n(out.values.rbegin(), (slot.max_length() - (end - begin)) * dim, behind_);
    }
    return out;
  }

  const Served& served_;
  const worker::LogSchema& schema_;
  const worker::Batch& batch_;
  const double behind_;
};

}  // namespace

Served Serve(FileSystem& files, const std::string& folder) {
  Served out;
  const auto checkpoint = worker::ReadManifest(files, folder);
  CHECK(checkpoint.ok(), checkpoint.status().message());
  const auto dense = worker::ReadDenseState(files, folder, *checkpoint);
  auto manifest = launch::DescribeModel(*checkpoint);
  CHECK(dense.ok() && manifest.ok(), manifest.status().message());
  const auto onnx = launch::MakeOnnxModel(*manifest, *dense);
  CHECK(onnx.ok(), onnx.status().message());
  out.manifest = *manifest;
  *out.manifest.mutable_onnx() = onnx->described;
  out.bytes = onnx->bytes;
  CHECK(out.model.ParseFromString(onnx->bytes));
  const auto rows = launch::CheckpointRows::Open(files, folder, *checkpoint);
  CHECK(rows.ok(), rows.status().message());
  for (uint32_t t = 0; t < (*rows)->tables().size(); ++t) {
    const ps::ShardFileTable& table = (*rows)->tables()[t];
    const Status visited = (*rows)->Visit(t, [&](const ps::ShardRow& row) {
      out.tables[table.name][row.key].assign(row.weights, row.weights + table.dim);
      return Status::Ok();
    });
    CHECK(visited.ok(), visited.message());
  }
  return out;
}

Tensors OnnxInputs(const Served& served, const worker::LogSchema& schema,
                   const worker::Batch& batch, double behind) {
  return InputMaker(served, schema, batch, behind).All();
}

}  // namespace chorus::e2e
