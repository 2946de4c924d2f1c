#pragma once
// The columns of a graph's inputs by name, as encoders and towers name what they read.
// Thread safety: functions of their arguments.

#include <string>
#include <vector>

#include "common/status.h"
#include "worker/model/group_builder.h"
#include "worker/model/input_layout.h"

namespace chorus::worker {

// A slot of one of the graph's inputs.
struct SlotPort {
  const SlotInput* slot = nullptr;
  Port port;
  Port length;  // of a sequence: the column with its number of elements
};

// `slot` is null where the model reads no such slot.
SlotPort FindSlot(const InputLayout& layout, const std::string& name);

// The text that names a column in names of weights, which become names of files: its own name if
// that is allowed, else the name's hash.
std::string LabelOfColumn(const std::string& column);

// Whether only some towers read the slot (SlotConfig.tower).
bool IsOwn(const SlotPort& slot, const InputLayout& layout);

// Whether a name is one of what follows.
bool IsInputName(const std::string& name);
// What a name stands for: "inputs" for all pooled slots and numeric columns; "contexts" and
// "exposures" for those of a side; "inputs.NAME" for one of them. all: GroupBuilder::inputs.
// reader: in messages. Error: kInvalidArgument, the model reads nothing of this kind.
Result<std::vector<Port>> FindInputs(const std::string& name, const std::string& reader,
                                     const InputLayout& layout, const std::vector<Port>& all);

}  // namespace chorus::worker
