#include "launch/onnx/model_inputs.h"

#include <algorithm>
#include <set>

#include "common/strings.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {
namespace {

const char* NameOfSide(bool context) { return context ? "context" : "exposure"; }
RowsOf RowsOfSide(bool context) { return context ? RowsOf::kContexts : RowsOf::kExposures; }

onnx::TensorProto::DataType TypeOf(const ExportOnnxInput& input) {
  const bool whole =
      input.kind() == ExportOnnxInput::CONTEXT_OF || input.kind() == ExportOnnxInput::LENGTH;
  return whole ? onnx::TensorProto::INT64 : onnx::TensorProto::FLOAT;
}

ExportOnnxInput InputOfKind(ExportOnnxInput::Kind kind, std::string name, bool context) {
  ExportOnnxInput input;
  input.set_name(std::move(name));
  input.set_kind(kind);
  input.set_context(context);
  return input;
}

}  // namespace

ModelInputs::ModelInputs(const ExportManifest& manifest, OnnxGraph* graph)
    : manifest_(manifest), graph_(*graph) {
  AddSide(true);
  AddSide(false);
}

// The parts in the order of the row's columns, which layers address by number: slots, numeric
// columns, lengths of sequences (launch/README.md).
void ModelInputs::AddSide(bool context) {
  int64_t column = 0;
  const auto add = [&](ExportOnnxInput input, const std::string& doc, int64_t width,
                       std::vector<int64_t> dims) {
    const bool of_group = !input.table().empty();
    parts_.push_back({std::move(input), doc, column, width, std::move(dims), of_group});
    column += width;
  };
  std::vector<ExportOnnxInput> lengths;
  for (const ExportSlot& slot : manifest_.slot()) {
    if (slot.context() != context) continue;
    const bool is_sequence = slot.pooling() == SlotConfig::SEQUENCE;
    ExportOnnxInput input =
        InputOfKind(is_sequence ? ExportOnnxInput::SEQUENCE : ExportOnnxInput::POOLED,
                    "slot/" + slot.name(), context);
    input.set_slot(slot.name());
    input.set_table(slot.table());
    const int64_t dim = slot.dim(), length = slot.max_length();
    if (!is_sequence) {
      add(std::move(input), "pooled rows of slot " + slot.name(), dim, {dim});
      continue;
    }
    add(std::move(input), "rows of the last elements of slot " + slot.name() + ", then zeros",
        length * dim, {length, dim});
    lengths.push_back(InputOfKind(ExportOnnxInput::LENGTH, "length/" + slot.name(), context));
    lengths.back().set_slot(slot.name());
  }
  ExportOnnxInput numerics =
      InputOfKind(ExportOnnxInput::NUMERICS, StrCat("numeric/", NameOfSide(context)), context);
  for (const ExportNumeric& numeric : manifest_.numeric()) {
    if (numeric.context() == context) numerics.add_numeric(numeric.name());
  }
  const int64_t count = numerics.numeric_size();
  if (count > 0) add(std::move(numerics), "numeric columns, transformed", count, {count});
  for (const ExportOnnxInput& length : lengths) {
    add(length, "number of elements of slot " + length.slot() + " that are there", 1, {});
  }
}

ExportOnnxInput ModelInputs::InputOf(const PlaceOfInput& place) const {
  ExportOnnxInput input = parts_[place.first].input;
  if (place.second == 0) return input;  // the first group's tables have no suffix either
  const std::string suffix = "@" + manifest_.group(place.second).name();
  input.set_name(input.name() + suffix);
  input.set_table(input.table() + suffix);
  return input;
}

OnnxValue ModelInputs::Read(const PlaceOfInput& place) {
  OnnxValue& value = read_[place];
  if (!value.name.empty()) return value;
  const Part& part = parts_[place.first];
  value = {InputOf(place).name(), RowsOfSide(part.input.context())};
  if (TypeOf(part.input) != onnx::TensorProto::FLOAT) value = ToFloat(graph_, value);
  if (part.dims.size() != 1) value = Reshaped(graph_, value, {part.width});
  return value;
}

Result<OnnxValue> ModelInputs::Columns(int group, bool context, int64_t first, int64_t width) {
  std::vector<OnnxValue> found;
  int64_t column = first;
  const int64_t end = first + width;
  for (size_t p = 0; p < parts_.size() && column < end; ++p) {
    const Part& part = parts_[p];
    if (part.input.context() != context || part.first > column) continue;
    const int64_t begin = column - part.first,
                  taken = std::min(part.width, end - part.first) - begin;
    if (taken <= 0) continue;
    const OnnxValue whole = Read({p, part.of_group ? group : 0});
    const bool is_all = taken == part.width;
    found.push_back(is_all ? whole : launch::Columns(graph_, whole, begin, taken));
    column += taken;
  }
  if (width <= 0 || column < end) {
    return InvalidArgument(StrCat("columns ", first, " to ", end, " of the ", NameOfSide(context),
                                  " row are not described by the manifest"));
  }
  return Joined(graph_, found, 1);
}

Status ModelInputs::Declare(ExportOnnx* described) {
  std::set<std::string> names;
  const auto declare = [&](const ExportOnnxInput& input, const std::string& doc,
                           std::span<const int64_t> dims) -> Status {
    if (!names.insert(input.name()).second) {
      return InvalidArgument(StrCat("two inputs would be called \"", input.name(),
                                    "\": rename the slot whose name ends with the group's"));
    }
    graph_.AddInput({input.name(), RowsOfSide(input.context())}, TypeOf(input), dims, doc);
    *described->add_input() = input;
    return Status::Ok();
  };
  if (graph_.gathers()) {
    RETURN_IF_ERROR(declare(InputOfKind(ExportOnnxInput::CONTEXT_OF, OnnxGraph::kContextOf, false),
                            "of each exposure: the row of its context", {}));
  }
  for (const auto& [place, unused] : read_) {
    const Part& part = parts_[place.first];
    RETURN_IF_ERROR(declare(InputOf(place), part.doc, part.dims));
  }
  return Status::Ok();
}

}  // namespace chorus::launch
