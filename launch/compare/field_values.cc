#include "launch/compare/field_values.h"

#include "common/strings.h"
#include "worker/log/log_reader.h"

namespace chorus::launch {
namespace {

// Where a slot lies in a batch.
struct Place {
  bool context = false;
  size_t column = 0;  // among the slots of its side
};

Result<Place> FindSlot(const worker::LogSchema& schema, const std::string& slot) {
  Place contexts{true, 0}, exposures{false, 0};
  for (const worker::SlotInfo& info : schema.slots) {
    Place& place = info.context ? contexts : exposures;
    if (info.name != slot) {
      ++place.column;
      continue;
    }
    if (!info.multi_valued) return place;
    return InvalidArgument(StrCat("field: slot ", slot, " has many ids an exposure; allowed: one"));
  }
  return InvalidArgument(StrCat("field: the test log has no slot \"", slot, "\""));
}

uint64_t ValueOf(const worker::Batch& batch, const Place& place, uint32_t row) {
  const worker::FeatureColumns& side = place.context ? batch.contexts : batch.exposures;
  const worker::SlotColumn& column = side.slots[place.column];
  const uint32_t at = place.context ? batch.context_of[row] : row;
  return column.offsets[at] == column.offsets[at + 1] ? 0 : column.keys[column.offsets[at]];
}

}  // namespace

Status CheckField(const worker::LogSchema& schema, const std::string& slot) {
  return FindSlot(schema, slot).status();
}

Result<FieldValues> FieldValues::Read(FileSystem& files, const std::vector<std::string>& log,
                                      const std::string& slot) {
  ASSIGN_OR_RETURN(const auto reader, worker::LogReader::Open(files, log));
  ASSIGN_OR_RETURN(const Place place, FindSlot(reader->schema(), slot));
  FieldValues out;
  out.slot_ = slot;
  worker::Batch batch;
  for (uint32_t block = 0; block < reader->blocks().size(); ++block) {
    RETURN_IF_ERROR(reader->ReadBlock(block, &batch));
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      out.row_id_.push_back(batch.row_id[row]);
      out.value_.push_back(ValueOf(batch, place, row));
    }
  }
  return out;
}

Result<std::vector<uint64_t>> FieldValues::Of(std::span<const uint64_t> row_id) const {
  std::vector<uint64_t> out;
  for (size_t i = 0; i < row_id_.size() && out.size() < row_id.size(); ++i) {
    if (row_id_[i] == row_id[out.size()]) out.push_back(value_[i]);
  }
  if (out.size() == row_id.size()) return out;
  return FailedPrecondition(StrCat("field: exposure ", row_id[out.size()],
                                   " of the scores is not in the test log, where slot ", slot_,
                                   " is looked up"));
}

}  // namespace chorus::launch
