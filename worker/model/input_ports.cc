#include "worker/model/input_ports.h"

#include <algorithm>

#include "common/key.h"

namespace chorus::worker {
namespace {

constexpr const char* kAll = "inputs";
constexpr const char* kOne = "inputs.";
constexpr const char* kContextColumns = "contexts";
constexpr const char* kExposureColumns = "exposures";

Result<std::vector<Port>> FindColumn(const std::string& column, const std::string& reader,
                                     const InputLayout& layout) {
  const SlotPort slot = FindSlot(layout, column);
  if (slot.slot != nullptr && slot.slot->is_sequence()) {
    return InvalidArgument(StrCat(reader, ": input \"inputs.", column,
                                  "\": a SEQUENCE, which is read by encoders that name it"));
  }
  if (slot.slot != nullptr) {
    if (IsOwn(slot, layout)) {
      return InvalidArgument(StrCat(reader, ": input \"inputs.", column,
                                    "\": a slot of some towers alone, which read it as \"own\""));
    }
    Port port = slot.port;
    port.label = "inputs-" + LabelOfColumn(column);
    return std::vector<Port>{port};
  }
  size_t node = GroupBuilder::kContexts;
  for (const SideInputs* side : {&layout.contexts, &layout.exposures}) {
    for (size_t n = 0; n < side->numeric_names.size(); ++n) {
      if (side->numeric_names[n] != column) continue;
      return std::vector<Port>{
          {node, side->slot_width + static_cast<int64_t>(n), 1, "inputs-" + LabelOfColumn(column)}};
    }
    ++node;
  }
  return InvalidArgument(
      StrCat(reader, ": input \"inputs.", column, "\": the model reads no column of this name"));
}

}  // namespace

SlotPort FindSlot(const InputLayout& layout, const std::string& name) {
  SlotPort out;
  size_t node = GroupBuilder::kContexts;
  for (const SideInputs* side : {&layout.contexts, &layout.exposures}) {
    int64_t length = side->first_length();
    for (const SlotInput& slot : side->slots) {
      if (slot.name == name) {
        out = {&slot, {node, slot.first, slot.width(), ""}, {node, length, 1, ""}};
      }
      length += slot.is_sequence() ? 1 : 0;
    }
    ++node;
  }
  return out;
}

std::string LabelOfColumn(const std::string& column) {
  const bool plain = !column.empty() && std::all_of(column.begin(), column.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain ? column : StrCat(SpaceSeed(column));
}

bool IsOwn(const SlotPort& slot, const InputLayout& layout) {
  const SideInputs& side =
      slot.port.node == GroupBuilder::kContexts ? layout.contexts : layout.exposures;
  return side.IsOwn(*slot.slot);
}

bool IsInputName(const std::string& name) {
  return name == kAll || name == kContextColumns || name == kExposureColumns ||
         name.starts_with(kOne);
}

Result<std::vector<Port>> FindInputs(const std::string& name, const std::string& reader,
                                     const InputLayout& layout, const std::vector<Port>& all) {
  if (name == kAll) return all;
  if (name.starts_with(kOne)) {
    return FindColumn(name.substr(std::string(kOne).size()), reader, layout);
  }
  const size_t node = name == kContextColumns ? GroupBuilder::kContexts : GroupBuilder::kExposures;
  std::vector<Port> out;
  for (const Port& port : all) {
    if (port.node == node) out.push_back(port);
  }
  if (out.empty()) {
    return InvalidArgument(StrCat(reader, ": input \"", name,
                                  "\": no pooled slot and no numeric column of ", name,
                                  " is there for all towers"));
  }
  return out;
}

}  // namespace chorus::worker
