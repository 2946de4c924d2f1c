#include "worker/model/encoders.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/check.h"
#include "common/nearest_word.h"
#include "worker/model/expert_encoders.h"
#include "worker/model/feature_encoders.h"
#include "worker/model/input_ports.h"
#include "worker/model/mlp_encoder.h"
#include "worker/model/sequence_encoders.h"
#include "worker/model/trainable.h"

namespace chorus::worker {
namespace {

constexpr const char* kInputs = "inputs";
constexpr const char* kOwn = "own";
constexpr const char* kSharedBottom = "shared_bottom";
constexpr size_t kNoTower = SIZE_MAX;

// Names that arrays of weights have for other things.
const std::set<std::string> kReserved = {
    kInputs,  kOwn,   kSharedBottom, "context", "exposure", "contexts", "exposures",
    "weight", "bias", "alpha",       "gain",    "mean",     "variance", "count"};

// With the name as label, so that weights of what reads several things differ in their names: no
// name has a "-".
std::vector<Port> WithLabel(std::vector<Port> ports, const std::string& label) {
  for (Port& port : ports) port.label = port.label.empty() ? label : label + "-" + port.label;
  return ports;
}

// What towers read that name nothing.
std::string DefaultInput(const ModelConfig& config) {
  if (config.encoder_size() > 0) return config.encoder(config.encoder_size() - 1).name();
  return config.shared_bottom().hidden_size() > 0 ? kSharedBottom : kInputs;
}

// Encoders of sequences name them in fields of their own.
bool NamesSequences(const EncoderConfig& config) {
  return config.has_target_attention() || config.has_self_attention() ||
         config.has_sequence_pooling();
}

Status CheckName(const std::string& name, const std::map<std::string, Encoded>& before) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!plain) {
    return InvalidArgument(StrCat("model.encoder: the name \"", name,
                                  "\": lower-case letters, digits and \"_\" are expected"));
  }
  if (kReserved.count(name) > 0) {
    return InvalidArgument(StrCat("model.encoder: the name \"", name, "\" has another meaning"));
  }
  if (before.count(name) > 0) {
    return InvalidArgument(StrCat("model.encoder: two encoders of the name \"", name, "\""));
  }
  return Status::Ok();
}

Status NothingToRead(const std::string& reader) {
  return InvalidArgument(
      StrCat(reader, ": its inputs have no columns: all slots are those of towers alone"));
}

}  // namespace

NeededEncoders::NeededEncoders(const ModelConfig& config, const std::vector<TowerShape>& towers)
    : config_(config) {
  for (const TowerShape& tower : towers) {
    for (const std::string& name : ReadsOf(tower)) needed_.insert(name);
  }
  // An encoder reads what is written before it.
  for (int e = config.encoder_size(); e-- > 0;) {
    const EncoderConfig& encoder = config.encoder(e);
    if (Has(encoder.name())) needed_.insert(encoder.input().begin(), encoder.input().end());
  }
}

std::vector<std::string> NeededEncoders::ReadsOf(const TowerShape& tower) const {
  std::vector<std::string> names(tower.input.begin(), tower.input.end());
  if (names.empty()) names.push_back(DefaultInput(config_));
  names.insert(names.end(), tower.wide.begin(), tower.wide.end());
  return names;
}

bool NeededEncoders::IsReadBy(const TowerShape& tower, const std::string& encoder) const {
  const std::vector<std::string> names = ReadsOf(tower);
  return std::find(names.begin(), names.end(), encoder) != names.end();
}

Status NeededEncoders::CheckAll() const {
  const auto unread = [](const std::string& what) {
    return InvalidArgument(StrCat("model.", what, ": no tower reads it, and no encoder that one ",
                                  "reads; name it in model.tower.input, or leave it out"));
  };
  if (config_.shared_bottom().hidden_size() > 0 && !Has(kSharedBottom)) {
    return unread(kSharedBottom);
  }
  for (const EncoderConfig& encoder : config_.encoder()) {
    if (!Has(encoder.name())) return unread(StrCat("encoder \"", encoder.name(), "\""));
  }
  return Status::Ok();
}

Status NeededEncoders::CheckOwn(const InputLayout& inputs,
                                const std::vector<TowerShape>& towers) const {
  const auto check = [&](const SlotInput& slot, const std::string& name) -> Status {
    const auto tower = std::find_if(towers.begin(), towers.end(),
                                    [&](const TowerShape& t) { return t.name == name; });
    const std::string where = StrCat("slot \"", slot.name, "\": tower \"", name, "\"");
    if (tower == towers.end()) {
      std::vector<std::string> known;
      for (const TowerShape& other : towers) known.push_back(other.name);
      return InvalidArgument(
          StrCat(where, ": the objective has no such tower; it has [", Join(known, ", "), "]"));
    }
    if (tower->input.empty() || IsReadBy(*tower, kInputs) || IsReadBy(*tower, kOwn)) {
      return Status::Ok();
    }
    return InvalidArgument(
        StrCat(where, " does not read it; add \"own\" to that tower's model.tower.input"));
  };
  for (const SideInputs* side : {&inputs.contexts, &inputs.exposures}) {
    for (const OwnColumns& own : side->own) {
      const auto slot = std::find_if(side->slots.begin(), side->slots.end(),
                                     [&](const SlotInput& s) { return s.first == own.first; });
      for (const std::string& tower : own.trained_by) RETURN_IF_ERROR(check(*slot, tower));
      for (const std::string& tower : own.read_by) RETURN_IF_ERROR(check(*slot, tower));
    }
  }
  return Status::Ok();
}

Encoders::Encoders(const ModelConfig& config, const InputLayout& inputs, std::string group,
                   const std::vector<TowerShape>& towers, GroupBuilder* builder)
    : config_(config),
      inputs_(inputs),
      group_(std::move(group)),
      towers_(towers),
      needed_(config, towers),
      builder_(*builder) {
  for (const TowerShape& tower : towers) {
    own_.push_back(builder_.AddOwnInputs(inputs, tower.name));
  }
}

Status Encoders::Add() {
  const SharedBottomConfig& bottom = config_.shared_bottom();
  if (bottom.hidden_size() > 0 && needed_.Has(kSharedBottom)) {
    if (builder_.inputs().empty()) return NothingToRead("model.shared_bottom");
    builder_.TakeTrainable(IsTrainable(bottom));
    MlpConfig mlp;
    *mlp.mutable_hidden() = bottom.hidden();
    mlp.set_dropout(bottom.dropout());
    ASSIGN_OR_RETURN(const Port out, AddMlp(mlp, "model.shared_bottom", "bottom." + group_,
                                            builder_.inputs(), &builder_));
    encoded_[kSharedBottom].ports = WithLabel({out}, kSharedBottom);
  }
  for (const EncoderConfig& encoder : config_.encoder()) {
    RETURN_IF_ERROR(CheckName(encoder.name(), encoded_));
    if (!needed_.Has(encoder.name())) continue;
    builder_.TakeTrainable(IsTrainable(encoder));
    RETURN_IF_ERROR(AddEncoder(encoder));
  }
  builder_.TakeTrainable(true);
  return Status::Ok();
}

void Encoders::Distribute(std::vector<std::vector<Port>> ports, const std::vector<size_t>& readers,
                          Encoded* encoded) const {
  encoded->of_tower.resize(towers_.size());
  for (size_t i = 0; i < readers.size(); ++i) encoded->of_tower[readers[i]] = std::move(ports[i]);
}

Result<std::vector<Port>> Encoders::AddOfSlots(const EncoderConfig& config,
                                               const std::string& reader,
                                               const std::string& prefix) {
  ASSIGN_OR_RETURN(const SlotPorts slots,
                   FindSlots(inputs_.WithoutOwn(), reader, builder_.inputs()));
  if (config.has_slot_dots()) return AddSlotDots(prefix, slots, &builder_);
  if (config.has_slot_gate()) return AddSlotGate(config.slot_gate(), prefix, slots, &builder_);
  CHECK(config.has_bi_interaction(), reader);
  return AddBiInteraction(prefix, slots, &builder_);
}

Result<std::vector<Port>> Encoders::AddOfSequences(const EncoderConfig& config,
                                                   const std::string& reader,
                                                   const std::string& prefix) {
  if (config.has_sequence_pooling()) {
    return AddSequencePooling(config.sequence_pooling(), reader, prefix, inputs_, &builder_);
  }
  if (config.has_self_attention()) {
    ASSIGN_OR_RETURN(const Port out,
                     AddSelfAttention(config.self_attention(), reader, prefix, inputs_, &builder_));
    return std::vector<Port>{out};
  }
  CHECK(config.has_target_attention(), reader);
  ASSIGN_OR_RETURN(const Port out, AddTargetAttention(config.target_attention(), reader, prefix,
                                                      inputs_, &builder_));
  return std::vector<Port>{out};
}

Status Encoders::AddEncoder(const EncoderConfig& config) {
  const std::string reader = StrCat("model.encoder \"", config.name(), "\"");
  const std::string prefix = StrCat("encoder.", group_, ".", config.name());
  std::vector<Port> below;
  if (!NamesSequences(config)) {
    ASSIGN_OR_RETURN(below, Find(config.input(), reader, kNoTower));
  }
  std::vector<size_t> readers;
  std::vector<std::string> names;
  for (size_t t = 0; t < towers_.size(); ++t) {
    if (!needed_.IsReadBy(towers_[t], config.name())) continue;
    readers.push_back(t);
    names.push_back(towers_[t].name);
  }
  const bool of_inputs =
      config.input_size() == 0 || (config.input_size() == 1 && config.input(0) == kInputs);
  Encoded encoded;
  switch (config.kind_case()) {
    case EncoderConfig::kMlp: {
      ASSIGN_OR_RETURN(const Port out, AddMlp(config.mlp(), reader, prefix, below, &builder_));
      encoded.ports = {out};
      break;
    }
    case EncoderConfig::kMmoe:
      Distribute(AddMmoe(config.mmoe(), prefix, names, below, &builder_), readers, &encoded);
      break;
    case EncoderConfig::kPle:
      Distribute(AddPle(config.ple(), prefix, names, below, &builder_), readers, &encoded);
      break;
    case EncoderConfig::kCross:
      encoded.ports = {AddCross(config.cross(), prefix, below, &builder_)};
      break;
    case EncoderConfig::kBiInteraction:
    case EncoderConfig::kSlotDots:
    case EncoderConfig::kSlotGate: {
      if (!of_inputs) return InvalidArgument(reader + ": input: it reads \"inputs\" alone");
      ASSIGN_OR_RETURN(encoded.ports, AddOfSlots(config, reader, prefix));
      break;
    }
    case EncoderConfig::kTargetAttention:
    case EncoderConfig::kSelfAttention:
    case EncoderConfig::kSequencePooling: {
      if (config.input_size() > 0) {
        return InvalidArgument(reader + ": input: it reads what its own fields name");
      }
      ASSIGN_OR_RETURN(encoded.ports, AddOfSequences(config, reader, prefix));
      break;
    }
    case EncoderConfig::KIND_NOT_SET:
      return InvalidArgument(reader + ": no kind is written (mlp, mmoe, ple, cross, ...)");
  }
  CHECK(!encoded.ports.empty() || !encoded.of_tower.empty(), reader);
  encoded.ports = WithLabel(std::move(encoded.ports), config.name());
  for (auto& ports : encoded.of_tower) ports = WithLabel(std::move(ports), config.name());
  encoded_[config.name()] = std::move(encoded);
  return Status::Ok();
}

Result<std::vector<Port>> Encoders::Find(const FieldNames& names, const std::string& reader,
                                         size_t tower) const {
  std::vector<std::string> read(names.begin(), names.end());
  const bool of_tower = tower != kNoTower;
  if (!of_tower && std::find(read.begin(), read.end(), kOwn) != read.end()) {
    return InvalidArgument(StrCat(
        reader, ": input \"own\" is what a tower alone reads; name it in model.tower.input"));
  }
  if (read.empty()) {
    read = {of_tower ? DefaultInput(config_) : kInputs};
    if (of_tower && read[0] != kInputs && !own_[tower].empty()) read.push_back(kOwn);
  }
  std::vector<Port> ports;
  std::set<std::string> seen;
  for (const std::string& name : read) {
    if (!seen.insert(name).second) {
      return InvalidArgument(StrCat(reader, ": input \"", name, "\" is written twice"));
    }
    if (IsInputName(name)) {
      ASSIGN_OR_RETURN(const std::vector<Port> columns,
                       FindInputs(name, reader, inputs_, builder_.inputs()));
      ports.insert(ports.end(), columns.begin(), columns.end());
    }
    if (of_tower && (name == kOwn || name == kInputs)) {
      ports.insert(ports.end(), own_[tower].begin(), own_[tower].end());
    }
    if (IsInputName(name) || (of_tower && name == kOwn)) {
      continue;
    }
    const auto found = encoded_.find(name);
    if (found == encoded_.end()) {
      std::vector<std::string> known = {kInputs, "contexts", "exposures", "inputs.NAME"};
      if (of_tower) known.push_back(kOwn);
      for (const auto& [other, unused] : encoded_) known.push_back(other);
      const std::string meant = DidYouMean(name, known);
      return InvalidArgument(StrCat(reader, ": input \"", name, "\" is not known here", meant,
                                    meant.empty() ? ";" : "", " known are [", Join(known, ", "),
                                    "]"));
    }
    const Encoded& encoded = found->second;
    if (!encoded.of_tower.empty() && tower == kNoTower) {
      return InvalidArgument(StrCat(reader, ": input \"", name,
                                    "\" gives every tower its own mixture: only towers read it"));
    }
    const std::vector<Port>& out =
        encoded.of_tower.empty() ? encoded.ports : encoded.of_tower[tower];
    ports.insert(ports.end(), out.begin(), out.end());
  }
  for (const char* part : {"contexts", "exposures"}) {
    if (seen.count(kInputs) == 0 || seen.count(part) == 0) continue;
    return InvalidArgument(
        StrCat(reader, ": input \"", part, "\" is a part of \"inputs\": one of them"));
  }
  if (of_tower && seen.count(kInputs) > 0 && seen.count(kOwn) > 0) {
    return InvalidArgument(StrCat(reader, ": input \"own\" is a part of \"inputs\": one of them"));
  }
  if (ports.empty() && !of_tower) return NothingToRead(reader);
  return ports;
}

Result<std::vector<Port>> Encoders::ReadBy(size_t tower, const FieldNames& names) const {
  const std::string reader = StrCat("model.tower \"", towers_[tower].name, "\"");
  ASSIGN_OR_RETURN(std::vector<Port> ports, Find(names, reader, tower));
  if (ports.empty()) return NothingToRead(reader);
  return ports;
}

Result<std::vector<Port>> Encoders::WideOf(size_t tower) const {
  const FieldNames& names = towers_[tower].wide;
  if (names.empty()) return std::vector<Port>{};
  return Find(names, StrCat("model.tower \"", towers_[tower].name, "\""), tower);
}

}  // namespace chorus::worker
