#include "worker/import/record_table.h"

#include <utility>

#include "common/strings.h"
#include "worker/import/file_format.h"

namespace chorus::worker {

Status RecordTable::OpenInput() {
  ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> packed, inputs_[input_].open());
  if (inputs_[input_].is_plain) {
    reader_ = std::make_unique<RecordReader>(std::move(packed));
  } else {
    std::string first_bytes;
    ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source,
                     NewUnpackingSource(std::move(packed), &first_bytes));
    reader_ = std::make_unique<RecordReader>(std::move(source));
  }
  input_has_records_ = false;
  return Status::Ok();
}

Result<bool> RecordTable::Next(std::string_view* record) {
  while (input_ < inputs_.size()) {
    const std::string& name = inputs_[input_].name;
    if (reader_ == nullptr) RETURN_IF_ERROR(OpenInput().Annotate(name));
    const Result<bool> got = reader_->Next(record);
    if (!got.ok()) return Status(got.status()).Annotate(name);
    if (*got) {
      input_has_records_ = true;
      return true;
    }
    if (!input_has_records_) ++empty_inputs_;
    reader_.reset();
    ++input_;
  }
  return false;
}

Result<bool> RecordTable::NextRecords(size_t bytes, LineChunk* out) {
  const auto next = [this](std::string_view* record, LineChunk::Line* place) -> Result<bool> {
    ASSIGN_OR_RETURN(const bool got, Next(record));
    if (got) *place = {.input = static_cast<uint32_t>(input_), .number = reader_->record_number()};
    return got;
  };
  return chunks_.Fill(bytes, next, out);
}

std::string RecordTable::PlaceOf(const LineChunk::Line& record) const {
  const TextInput& input = inputs_[record.input];
  return input.place ? input.place(record.number) : StrCat(input.name, ", record ", record.number);
}

}  // namespace chorus::worker
