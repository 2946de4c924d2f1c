#pragma once
// Encoders of slots that are sequences (SlotConfig::SEQUENCE), which their configuration names.
// reader: the beginning of an error, kInvalidArgument, that names the field and the slot.
// Thread safety: none; one thread builds a network.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/model/group_builder.h"
#include "worker/model/input_layout.h"

namespace chorus::worker {

// Names of weights: "PREFIX.unit.key", ".query", ".product", ".bias"; "PREFIX.score.weight" and
// ".bias".
Result<Port> AddTargetAttention(const TargetAttentionConfig& config, const std::string& reader,
                                const std::string& prefix, const InputLayout& layout,
                                GroupBuilder* builder);

// Names of weights, of each of its layers: "PREFIX.LAYER.query", ".key", ".value", ".out" and, of
// the first one, ".position".
Result<Port> AddSelfAttention(const SelfAttentionConfig& config, const std::string& reader,
                              const std::string& prefix, const InputLayout& layout,
                              GroupBuilder* builder);
// An output for each sequence.
Result<std::vector<Port>> AddSequencePooling(const SequencePoolingConfig& config,
                                             const std::string& reader, const std::string& prefix,
                                             const InputLayout& layout, GroupBuilder* builder);

}  // namespace chorus::worker
