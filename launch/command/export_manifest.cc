#include "launch/command/export_manifest.h"

#include <vector>

#include "common/export_format.h"
#include "common/json.h"
#include "worker/log/manifest_schema.h"
#include "worker/model/model.h"
#include "worker/objective/objective.h"

namespace chorus::launch {
namespace {

// The columns of one side; SlotInput.column and SideInputs.numerics are indices into them.
template <typename Info>
std::vector<const Info*> OfSide(const std::vector<Info>& all, bool context) {
  std::vector<const Info*> out;
  for (const Info& info : all) {
    if (info.context == context) out.push_back(&info);
  }
  return out;
}

void AddInputs(const TrainConfig& config, const worker::LogSchema& schema, bool context,
               const worker::SideInputs& side, ExportManifest* out) {
  const std::vector<const worker::SlotInfo*> slots = OfSide(schema.slots, context);
  for (const worker::SlotInput& input : side.slots) {
    const worker::SlotInfo& info = *slots[input.column];
    ExportSlot* const slot = out->add_slot();
    slot->set_name(input.name);
    slot->set_column(info.name);
    slot->set_key_space(info.key_space);
    slot->set_context(context);
    slot->set_multi_valued(info.multi_valued);
    slot->set_has_values(info.has_values);
    slot->set_pooling(input.pooling);
    slot->set_table(config.table(static_cast<int>(input.table)).name());
    slot->set_first_column(static_cast<uint32_t>(input.first));
    slot->set_dim(input.dim);
    slot->set_max_length(input.max_length);
  }
  const std::vector<const worker::NumericInfo*> numerics = OfSide(schema.numerics, context);
  for (size_t i = 0; i < side.numerics.size(); ++i) {
    const worker::NumericInfo& info = *numerics[side.numerics[i]];
    ExportNumeric* const numeric = out->add_numeric();
    numeric->set_name(info.name);
    numeric->set_context(context);
    numeric->set_column(static_cast<uint32_t>(side.slot_width) + static_cast<uint32_t>(i));
    numeric->set_log_transform(info.log_transform);
    numeric->set_mean(info.mean);
    numeric->set_stddev(info.stddev);
  }
}

void AddNode(const worker::Node& node, const std::vector<worker::Head>& heads, ExportGroup* group) {
  ExportNode* const out = group->add_node();
  out->set_name(node.name);
  out->set_context(node.side == worker::Side::kContext);
  out->set_width(static_cast<uint32_t>(node.width));
  if (node.head >= 0) out->set_head(heads[static_cast<size_t>(node.head)].name);
  for (const worker::Port& port : node.inputs) {
    ExportInput* const input = out->add_input();
    input->set_node(static_cast<uint32_t>(port.node));
    input->set_first(static_cast<uint32_t>(port.first));
    input->set_width(static_cast<uint32_t>(port.width));
    input->set_label(port.label);
  }
  for (const std::string& layer : node.layers) out->add_part(layer);
  if (node.layer == nullptr) return;
  out->set_layer(std::string(node.layer->kind()));
  for (const auto& [name, value] : node.layer->options()) (*out->mutable_option())[name] = value;
}

// The configuration without the parts that do not belong to the network: paths, optimizers, layout.
ExportSource SourceOf(const CheckpointManifest& checkpoint) {
  const TrainConfig& from = checkpoint.config();
  ExportSource source;
  TrainConfig& config = *source.mutable_config();
  config.set_seed(from.seed());
  *config.mutable_model() = from.model();
  config.mutable_model()->clear_optimizer();
  *config.mutable_table() = from.table();
  for (TableConfig& table : *config.mutable_table()) table.clear_optimizer();
  *config.mutable_slot() = from.slot();
  *config.mutable_objective() = from.objective();
  config.mutable_compute()->set_precision(from.compute().precision());
  *source.mutable_slot() = checkpoint.slot();
  *source.mutable_numeric() = checkpoint.numeric();
  return source;
}

}  // namespace

Result<ExportManifest> DescribeModel(const CheckpointManifest& checkpoint) {
  const TrainConfig& config = checkpoint.config();
  const worker::LogSchema schema = worker::SchemaOfManifest(checkpoint);
  ASSIGN_OR_RETURN(const auto objective, worker::MakeObjective(config.objective(), config.seed()));
  ASSIGN_OR_RETURN(const worker::Model model,
                   worker::Model::Make(config, schema, objective->shape()));
  ExportManifest out;
  out.set_format(kExportFormat);
  out.set_step(checkpoint.step());
  out.set_method(std::string(objective->name()));
  *out.mutable_objective() = config.objective();
  for (const worker::Head& head : objective->heads()) out.add_head(head.name);
  AddInputs(config, schema, true, model.inputs.contexts, &out);
  AddInputs(config, schema, false, model.inputs.exposures, &out);
  for (const TableConfig& table : config.table()) {
    ExportTable* const described = out.add_table();
    described->set_name(table.name());
    described->set_unseen(table.unseen());
    *described->mutable_initializer() = table.initializer();
  }
  out.set_seed(config.seed());
  if (checkpoint.has_text()) *out.mutable_text() = checkpoint.text();
  *out.mutable_source() = SourceOf(checkpoint);
  for (const worker::GroupPlan& group : model.network.groups) {
    ExportGroup* const described = out.add_group();
    described->set_name(group.name);
    for (const worker::Node& node : group.graph.nodes()) {
      AddNode(node, objective->shape().heads, described);
    }
  }
  return out;
}

Result<std::string> ExportManifestJson(const ExportManifest& manifest) {
  return ToJson(manifest, {.zeros = true, .indented = true});
}

}  // namespace chorus::launch
