#include "worker/steps/sequence_lengths.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/strings.h"
#include "worker/model/input_layout.h"

namespace chorus::worker {
namespace {

// Slots of one side whose sequences are read side by side.
struct Sequences {
  std::vector<std::string> names;
  std::vector<size_t> columns;  // among the slots of the side
  bool context = false;
  uint64_t rows = 0, unequal = 0;
};

// What an encoder reads side by side; nothing where it reads no sequences.
google::protobuf::RepeatedPtrField<std::string> NamesOf(const EncoderConfig& encoder) {
  if (encoder.has_self_attention()) return encoder.self_attention().sequence();
  return encoder.target_attention().sequence();
}

// Without columns where the model reads no such slot, which is another's error.
Sequences FindSequences(const EncoderConfig& encoder, const InputLayout& inputs) {
  Sequences out;
  const auto names = NamesOf(encoder);
  out.names = {names.begin(), names.end()};
  for (const std::string& name : out.names) {
    for (const SideInputs* side : {&inputs.contexts, &inputs.exposures}) {
      for (const SlotInput& slot : side->slots) {
        if (slot.name != name) continue;
        out.columns.push_back(slot.column);
        out.context = side == &inputs.contexts;
      }
    }
  }
  return out;
}

void Count(const Batch& batch, Sequences* sequences) {
  const FeatureColumns& side = sequences->context ? batch.contexts : batch.exposures;
  const auto length = [&](size_t column, uint32_t row) {
    const std::vector<uint32_t>& offsets = side.slots[column].offsets;
    return offsets[row + 1] - offsets[row];
  };
  sequences->rows += side.rows;
  const size_t first = sequences->columns[0];
  for (uint32_t row = 0; row < side.rows; ++row) {
    const bool equal =
        std::all_of(sequences->columns.begin(), sequences->columns.end(),
                    [&](size_t column) { return length(column, row) == length(first, row); });
    sequences->unequal += equal ? 0 : 1;
  }
}

}  // namespace

std::string DoubtOfSequences(const LogReader& log, const TrainConfig& config) {
  std::vector<Sequences> all;
  const Result<InputLayout> inputs = InputLayout::Make(config, log.schema());
  if (!inputs.ok()) return "";
  for (const EncoderConfig& encoder : config.model().encoder()) {
    const Sequences found = FindSequences(encoder, *inputs);
    const size_t count = found.names.size();
    if (count >= 2 && found.columns.size() == count) all.push_back(found);
  }
  constexpr size_t kMostBlocks = 64;
  const size_t blocks = log.blocks().size(), read = std::min(blocks, kMostBlocks);
  Batch batch;
  for (size_t i = 0; i < read && !all.empty(); ++i) {
    if (!log.ReadBlock(static_cast<uint32_t>(i * blocks / read), &batch).ok()) continue;
    for (Sequences& sequences : all) Count(batch, &sequences);
  }
  std::string doubts;
  for (const Sequences& sequences : all) {
    if (sequences.unequal == 0) continue;
    doubts += StrCat(doubts.empty() ? "" : "; ", "the sequences ", Join(sequences.names, ", "),
                     " have different numbers of ids in ", sequences.unequal, " of ",
                     sequences.rows, sequences.context ? " contexts" : " exposures",
                     " of the log that were looked at: the first one says how many count, and the "
                     "others' stand beside ids that they do not belong to. Give a missing id a "
                     "text of its own before the import");
  }
  return doubts;
}

}  // namespace chorus::worker
