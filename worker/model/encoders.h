#pragma once
// The parts of a network between the inputs and the towers: model.shared_bottom and model.encoder.
// Thread safety: none; one thread builds a network.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/model/group_builder.h"
#include "worker/model/input_layout.h"
#include "worker/model/tower_shape.h"

namespace chorus::worker {

// Which encoders a set of towers needs: those that the towers read, and what these read.
class NeededEncoders {
 public:
  // towers: names and what they read.
  NeededEncoders(const ModelConfig& config, const std::vector<TowerShape>& towers);

  bool Has(const std::string& encoder) const { return needed_.count(encoder) > 0; }
  bool IsReadBy(const TowerShape& tower, const std::string& encoder) const;
  // Error: kInvalidArgument when an encoder, or the shared bottom, is configured and not needed.
  Status CheckAll() const;
  // towers: all.  Error: kInvalidArgument when a slot is a tower's own, and the tower is not known
  // or does not read it.
  Status CheckOwn(const InputLayout& inputs, const std::vector<TowerShape>& towers) const;

 private:
  std::vector<std::string> ReadsOf(const TowerShape& tower) const;

  const ModelConfig& config_;
  std::set<std::string> needed_;
};

// What an encoder gives to those that read it.
struct Encoded {
  std::vector<Port> ports;                  // to all of them; empty: every tower has its own
  std::vector<std::vector<Port>> of_tower;  // [towers]; empty for one that does not read it
};

// The encoders of one embedding group.
class Encoders {
 public:
  // group: its name.
  Encoders(const ModelConfig& config, const InputLayout& inputs, std::string group,
           const std::vector<TowerShape>& towers, GroupBuilder* builder);

  // Adds the nodes of the encoders that towers of the group need. Error: kInvalidArgument names the
  // encoder and the field.
  Status Add();

  // What the tower reads by these names; none: the default of TowerConfig.input. Error:
  // kInvalidArgument, a name is unknown (the message lists the known ones).
  Result<std::vector<Port>> ReadBy(size_t tower, const FieldNames& names) const;
  // What the tower's logits read besides; nothing where its `wide` names nothing that the tower
  // has.
  Result<std::vector<Port>> WideOf(size_t tower) const;

 private:
  Status AddEncoder(const EncoderConfig& config);
  // Add an encoder of the inputs' slots, or one of sequences, and return its output.
  Result<std::vector<Port>> AddOfSlots(const EncoderConfig& config, const std::string& reader,
                                       const std::string& prefix);
  Result<std::vector<Port>> AddOfSequences(const EncoderConfig& config, const std::string& reader,
                                           const std::string& prefix);
  // Gives ports[i] to the tower readers[i], for each of the towers that read the encoder.
  void Distribute(std::vector<std::vector<Port>> ports, const std::vector<size_t>& readers,
                  Encoded* encoded) const;
  // The ports of `names`, for whoever `reader` is in messages.
  Result<std::vector<Port>> Find(const FieldNames& names, const std::string& reader,
                                 size_t tower) const;

  const ModelConfig& config_;
  const InputLayout& inputs_;
  const std::string group_;
  const std::vector<TowerShape>& towers_;
  const NeededEncoders needed_;
  GroupBuilder& builder_;
  std::map<std::string, Encoded> encoded_;
  std::vector<std::vector<Port>> own_;  // [towers], what a tower and not all others read
};

}  // namespace chorus::worker
