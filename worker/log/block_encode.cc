#include "worker/log/block_encode.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/strings.h"
#include "worker/log/block.h"
#include "worker/log/column_codec.h"
#include "worker/log/format.h"
#include "worker/log/labels.h"
#include "worker/log/log_writer.h"
#include "worker/log/section_writer.h"

namespace chorus::worker {
namespace {

uint64_t DecodedBytes(const FeatureColumns& side) {
  uint64_t bytes = 0;
  for (const SlotColumn& slot : side.slots) {
    bytes += slot.keys.size() * sizeof(Key) + slot.values.size() * sizeof(float) +
             slot.offsets.size() * sizeof(uint32_t);
  }
  return bytes + side.numerics.size() * side.rows * sizeof(float);
}

// What the format refuses (kInvalidArgument).
Status CheckSize(const Batch& batch) {
  const uint64_t rows = batch.rows();
  // 64: row_id, labels, context_of, weight, group and time, generously.
  uint64_t bytes = DecodedBytes(batch.contexts) + DecodedBytes(batch.exposures) + 64 * rows;
  for (const std::string& id : batch.row_id_text) bytes += id.size();
  if (rows == 0) return InvalidArgument("a block without rows");
  if (rows > kMaxBlockRows || bytes > kMaxBlockDecodedBytes) {
    return InvalidArgument(StrCat("a block of ", rows, " rows and ", bytes,
                                  " bytes of features, allowed ", kMaxBlockRows, " rows and ",
                                  kMaxBlockDecodedBytes, " bytes: write smaller blocks"));
  }
  return Status::Ok();
}

void CheckSide(const LogSchema& schema, bool context, const FeatureColumns& side) {
  CHECK(side.slots.size() == CountSlots(schema, context), "slots=", side.slots.size());
  CHECK(side.numerics.size() == CountNumerics(schema, context), "numerics=", side.numerics.size());
}

void CheckSlot(const SlotInfo& info, const SlotColumn& slot, uint32_t rows) {
  CHECK(slot.offsets.size() == rows + size_t{1} && slot.offsets[0] == 0, "slot ", info.name);
  CHECK(slot.keys.size() == slot.offsets.back(), "slot ", info.name);
  CHECK(slot.values.empty() || slot.values.size() == slot.keys.size(), "slot ", info.name);
  CHECK(info.has_values || slot.values.empty(), "slot ", info.name, " has no values");
  for (uint32_t i = 0; i < rows; ++i) {
    CHECK(slot.offsets[i] <= slot.offsets[i + 1], "slot ", info.name, " row ", i);
    CHECK(info.multi_valued || slot.offsets[i + 1] - slot.offsets[i] <= 1, "slot ", info.name,
          " row ", i);
  }
}

EncodedColumn EncodeOptionalFloats(const std::vector<float>& values) {
  EncodedColumn absent;
  absent.encoding = Encoding::kAbsent;
  return values.empty() ? absent : EncodeFloats(values);
}

EncodedColumn EncodeEnds(const std::vector<std::string>& texts) {
  std::vector<uint32_t> ends;
  uint32_t end = 0;
  for (const std::string& text : texts) ends.push_back(end += static_cast<uint32_t>(text.size()));
  return EncodeIntegers(ends);
}

EncodedColumn EncodeTexts(const std::vector<std::string>& texts) {
  EncodedColumn column;
  for (const std::string& text : texts) column.bytes.append(text);
  return column;
}

}  // namespace

EncodedColumn EncodeColumn(const Column& column, const Batch& batch) {
  const FeatureColumns& side = column.context ? batch.contexts : batch.exposures;
  const uint32_t rows = batch.rows();
  switch (column.kind) {
    case ColumnKind::kOffsets:
      CheckSlot(*column.slot, side.slots[column.index], side.rows);
      // The first offset is always 0, and is not stored.
      return EncodeIntegers(std::span<const uint32_t>(side.slots[column.index].offsets).subspan(1));
    case ColumnKind::kKeys:
      return EncodeIntegers(side.slots[column.index].keys);
    case ColumnKind::kValues:
      return EncodeOptionalFloats(side.slots[column.index].values);
    case ColumnKind::kNumeric:
      CHECK(side.numerics[column.index].size() == side.rows, column.name);
      return EncodeFloats(side.numerics[column.index]);
    case ColumnKind::kContextOf:
      CHECK(batch.context_of.size() == rows, "context_of");
      return EncodeIntegers(batch.context_of);
    case ColumnKind::kRowId:
      CHECK(batch.row_id.size() == rows, "row_id");
      return EncodeIntegers(batch.row_id);
    case ColumnKind::kClick:
      CHECK(batch.click.size() == rows, "click");
      return EncodeBits(batch.click);
    case ColumnKind::kConversion:
      CHECK(batch.conversion.size() == rows, "conversion");
      return EncodeBits(batch.conversion);
    case ColumnKind::kWeight:
      CHECK(batch.weight.empty() || batch.weight.size() == rows, "weight");
      return EncodeOptionalFloats(batch.weight);
    case ColumnKind::kGroup:
      CHECK(batch.group.size() == rows, "group");
      return EncodeIntegers(batch.group);
    case ColumnKind::kTime:
      CHECK(batch.time.size() == rows, "time");
      return EncodeIntegers(std::span<const uint64_t>(
          reinterpret_cast<const uint64_t*>(batch.time.data()), batch.time.size()));
    case ColumnKind::kRowIdEnds:
      CHECK(batch.row_id_text.size() == rows, "row_id_text");
      return EncodeEnds(batch.row_id_text);
    case ColumnKind::kRowIdText:
      return EncodeTexts(batch.row_id_text);
  }
  CHECK(false, "column ", column.name);
}

EncodedBlock BeginBlock(const LogSchema& schema, const Batch& batch) {
  EncodedBlock block;
  block.status = CheckSize(batch);
  if (!block.status.ok()) return block;
  CheckSide(schema, true, batch.contexts);
  CheckSide(schema, false, batch.exposures);
  const bool shares_contexts = HasContextColumns(schema);
  block.rows = batch.rows();
  block.contexts = shares_contexts ? batch.contexts.rows : 1;
  CHECK(block.contexts >= 1 && block.contexts <= block.rows, "contexts=", block.contexts);
  if (shares_contexts) {
    const uint32_t last = *std::max_element(batch.context_of.begin(), batch.context_of.end());
    CHECK(last < block.contexts, "context_of=", last, " contexts=", block.contexts);
  }
  const BatchLabels labels = CountBatchLabels(batch);
  block.clicks = labels.clicks;
  block.conversions = labels.conversions;
  block.unclicked_conversions = labels.unclicked_conversions;
  return block;
}

EncodedBlock EncodeBlock(const LogSchema& schema, const Batch& batch) {
  EncodedBlock block = BeginBlock(schema, batch);
  if (!block.status.ok()) return block;
  SectionWriter sections;
  for (const Column& column : ColumnsOf(schema)) sections.Add(EncodeColumn(column, batch));
  block.bytes = sections.Finish(block.rows, block.contexts);
  return block;
}

uint64_t BlockChecksum(std::span<const std::byte> bytes) {
  const uint32_t columns = Load<uint32_t>(bytes.data() + 12);
  CHECK(bytes.size() >= BlockHeaderBytes(columns), "bytes=", bytes.size());
  return Load<uint64_t>(bytes.data() + BlockHeaderBytes(columns) - kChecksumBytes);
}

}  // namespace chorus::worker
