#include "launch/serving/served_model.h"

#include <algorithm>
#include <span>
#include <utility>

#include "common/config.h"
#include "common/export_format.h"
#include "common/finite.h"
#include "common/strings.h"
#include "common/table_spec.h"
#include "launch/serving/export_files.h"
#include "launch/serving/row_form.h"
#include "worker/log/manifest_schema.h"

namespace chorus::launch {
namespace {

// Whether a node of this build's network is the one that the export describes.
bool IsNode(const worker::Node& node, const ExportNode& described) {
  const std::string layer = node.layer == nullptr ? "" : std::string(node.layer->kind());
  if (node.name != described.name() || layer != described.layer() ||
      node.width != static_cast<int64_t>(described.width()) ||
      static_cast<int>(node.inputs.size()) != described.input_size()) {
    return false;
  }
  for (int i = 0; i < described.input_size(); ++i) {
    const worker::Port& port = node.inputs[static_cast<size_t>(i)];
    const ExportInput& input = described.input(i);
    if (port.node != input.node() || port.first != static_cast<int64_t>(input.first()) ||
        port.width != static_cast<int64_t>(input.width())) {
      return false;
    }
  }
  return true;
}

// Another build may make other layers from the same source.
Status CheckLayers(const worker::Network& network, const ExportManifest& manifest) {
  const auto differs = [](const std::string& what) {
    return FailedPrecondition(
        StrCat(what, ", which this build makes otherwise: export the checkpoint again with it"));
  };
  if (static_cast<int>(network.groups.size()) != manifest.group_size()) {
    return differs(StrCat(manifest.group_size(), " groups of layers"));
  }
  for (int g = 0; g < manifest.group_size(); ++g) {
    const ExportGroup& group = manifest.group(g);
    const std::vector<worker::Node>& nodes = network.groups[static_cast<size_t>(g)].graph.nodes();
    if (static_cast<int>(nodes.size()) != group.node_size()) {
      return differs(StrCat("group ", group.name(), " has ", group.node_size(), " layers"));
    }
    for (int n = 0; n < group.node_size(); ++n) {
      if (IsNode(nodes[static_cast<size_t>(n)], group.node(n))) continue;
      return differs(StrCat("group ", group.name(), " has a layer ", group.node(n).name()));
    }
  }
  return Status::Ok();
}

// Makes the network of the export's layers.
Status MakeNetwork(const std::string& where, ServedModel* out) {
  out->config = out->manifest.source().config();
  RETURN_IF_ERROR(FinishTrainConfig(where, &out->config));
  for (const SlotConfig& slot : out->config.slot()) {
    if (slot.embedding() <= SlotConfig::SHARED) continue;
    return DataLoss(StrCat("slot ", slot.name(), ": embedding ",
                           SlotConfig::Embedding_Name(slot.embedding()), " is not expanded"));
  }
  out->schema = worker::SchemaOfManifest(out->manifest);
  ASSIGN_OR_RETURN(out->objective,
                   worker::MakeObjective(out->config.objective(), out->config.seed()));
  ASSIGN_OR_RETURN(out->network, MakeServedNetwork(out->config, out->schema, *out->objective));
  return CheckLayers(out->network.whole.network, out->manifest);
}

void CopyBlock(const std::vector<float>& values, const worker::ParameterBlock& block,
               std::vector<float>* parameters) {
  const MatrixView<float> to = block.In(std::span<float>(*parameters));
  for (int64_t row = 0; row < block.rows; ++row) {
    std::copy_n(values.data() + row * block.cols, block.cols, to.row(row));
  }
}

// All weights are read and checked, also those that are not served.
Status ReadDense(ExportArrays* arrays, ServedModel* out) {
  const worker::ParameterLayout& served = out->model().parameters();
  out->parameters.assign(static_cast<size_t>(served.size()), 0.0f);
  for (const worker::ParameterBlock& block : out->network.whole.parameters().blocks()) {
    const std::string file = ExportDenseFile(block.name);
    ASSIGN_OR_RETURN(const std::vector<float> values,
                     arrays->Floats(file, static_cast<uint64_t>(block.cols)));
    if (values.size() != static_cast<size_t>(block.rows * block.cols)) {
      return DataLoss(StrCat(file, ": ", values.size(), " values; expected: [", block.rows, ", ",
                             block.cols, "]"));
    }
    if (!AllFinite(values)) return DataLoss(StrCat(file, ": a value is not finite"));
    for (const worker::ParameterBlock& to : served.blocks()) {
      if (to.name == block.name) CopyBlock(values, to, &out->parameters);
    }
  }
  return Status::Ok();
}

// Rows in fewer bits become float32.
Result<ServedTable> ReadSmallTable(const TableSpec& spec, uint64_t seed, RowForm form,
                                   ExportArrays* arrays) {
  ASSIGN_OR_RETURN(StoredRows rows, ReadStoredRows(form, spec.name, spec.config.dim(), arrays));
  std::vector<float> weights = WeightsOf(form, spec.config.dim(), rows);
  Result<ServedTable> table =
      ServedTable::Make(spec, seed, std::move(rows.keys), std::move(weights));
  if (!table.ok()) return table.status().Annotate(rows.described[0].file);
  return table;
}

Result<ServedTable> ReadTable(const TableSpec& spec, uint64_t seed, RowForm form,
                              ExportArrays* arrays) {
  if (form != ExportRows::FORM_UNSPECIFIED) return ReadSmallTable(spec, seed, form, arrays);
  const std::string weights_file = ExportWeightsFile(spec.name);
  ASSIGN_OR_RETURN(std::vector<Key> keys, arrays->Keys(ExportKeysFile(spec.name)));
  ASSIGN_OR_RETURN(std::vector<float> weights, arrays->Floats(weights_file, spec.config.dim()));
  if (weights.size() != keys.size() * spec.config.dim()) {
    return DataLoss(StrCat(weights_file, ": ", weights.size() / spec.config.dim(),
                           " rows; expected: ", keys.size(), ", as there are keys"));
  }
  Result<ServedTable> table = ServedTable::Make(spec, seed, std::move(keys), std::move(weights));
  if (!table.ok()) return table.status().Annotate(weights_file);
  return table;
}

Status ReadTables(ExportArrays* arrays, ServedModel* out) {
  const std::vector<TableSpec> specs = TablesOf(out->config, out->objective->shape().group_names());
  const auto of_group = static_cast<uint32_t>(out->config.table_size());
  const std::vector<uint32_t>& served = out->network.groups;
  for (uint32_t instance = 0; instance < specs.size(); ++instance) {
    ASSIGN_OR_RETURN(ServedTable table,
                     ReadTable(specs[instance], out->config.seed(), FormOf(out->manifest), arrays));
    if (std::find(served.begin(), served.end(), instance / of_group) == served.end()) continue;
    out->tables.push_back(std::move(table));
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<ServedModel>> LoadModel(FileSystem& files, const std::string& folder) {
  const std::string manifest = JoinPath(folder, kExportManifestFile);
  auto out = std::make_unique<ServedModel>();
  ASSIGN_OR_RETURN(out->manifest, ReadExportManifest(files, folder));
  RETURN_IF_ERROR(MakeNetwork(manifest, out.get()).Annotate(manifest));
  ExportArrays arrays(files, folder, out->manifest);
  RETURN_IF_ERROR(ReadDense(&arrays, out.get()).Annotate(folder));
  RETURN_IF_ERROR(ReadTables(&arrays, out.get()).Annotate(folder));
  if (const std::vector<std::string> unread = arrays.Unread(); !unread.empty()) {
    return DataLoss(StrCat(manifest, ": no layer of the model has the array ", unread.front()));
  }
  return out;
}

worker::Prediction PredictionOf(const ServedModel& model, MatrixView<const float> logits,
                                int64_t row, std::vector<float>* scratch) {
  scratch->assign(model.objective->heads().size(), 0.0f);  // those that are not needed: 0
  const std::vector<uint32_t>& heads = model.network.heads;
  for (size_t h = 0; h < heads.size(); ++h) (*scratch)[heads[h]] = logits.row(row)[h];
  return model.objective->Predict(*scratch);
}

}  // namespace chorus::launch
