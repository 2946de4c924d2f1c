#include "launch/command/export_manifest.h"

#include <google/protobuf/util/json_util.h>

#include <vector>

#include "worker/model/model.h"
#include "worker/objective/objective.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

// Those of one side, which SlotInput.column and SideInputs.numerics number.
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
    slot->set_name(info.name);
    slot->set_key_space(info.key_space);
    slot->set_context(context);
    slot->set_multi_valued(info.multi_valued);
    slot->set_has_values(info.has_values);
    slot->set_pooling(input.pooling);
    slot->set_table(config.table(static_cast<int>(input.table)).name());
    slot->set_first_column(static_cast<uint32_t>(input.first));
    slot->set_dim(input.dim);
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

void AddGroup(const worker::GroupPlan& plan, const std::vector<worker::Head>& heads,
              ExportManifest* out) {
  ExportGroup* const group = out->add_group();
  group->set_name(plan.name);
  for (size_t l = 0; l < plan.bottom_norms.size(); ++l) {
    group->add_bottom(plan.bottom_layer(l));
  }
  for (const worker::TowerPlan& tower_plan : plan.towers) {
    ExportTower* const tower = group->add_tower();
    tower->set_name(tower_plan.name);
    for (size_t l = 0; l < tower_plan.hidden_layers(); ++l) {
      tower->add_layer(tower_plan.layer(l));
    }
    for (const worker::HeadPlan& head : tower_plan.heads) tower->add_head(heads[head.head].name);
  }
  if (!plan.transfer.has_value()) return;
  ExportTransfer* const transfer = group->mutable_transfer();
  transfer->set_name(plan.transfer->name);
  transfer->set_to(plan.towers[plan.transfer->to].name);
  for (const size_t from : plan.transfer->from) transfer->add_from(plan.towers[from].name);
  transfer->set_layer(static_cast<uint32_t>(plan.transfer->layer));
}

}  // namespace

Result<ExportManifest> DescribeModel(const CheckpointManifest& checkpoint) {
  const TrainConfig& config = checkpoint.config();
  const worker::LogSchema schema = worker::SchemaOfManifest(checkpoint);
  ASSIGN_OR_RETURN(const auto objective, worker::MakeObjective(config.objective(), config.seed()));
  ASSIGN_OR_RETURN(const worker::Model model,
                   worker::Model::Make(config, schema, objective->shape()));
  ExportManifest out;
  out.set_format("chorus-export 2");
  out.set_step(checkpoint.step());
  out.set_method(std::string(objective->name()));
  *out.mutable_objective() = config.objective();
  for (const worker::Head& head : objective->heads()) out.add_head(head.name);
  out.set_batch_norm(config.model().batch_norm());
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
  for (const worker::GroupPlan& group : model.network.groups) {
    AddGroup(group, objective->shape().heads, &out);
  }
  return out;
}

Result<std::string> ExportManifestJson(const ExportManifest& manifest) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(manifest, &json, options).ok()) {
    return Internal("the manifest of an export cannot be written as JSON");
  }
  return json;
}

}  // namespace chorus::launch
