#include "worker/import/record_table.h"

#include <utility>

#include "common/strings.h"
#include "worker/import/file_format.h"

namespace chorus::worker {

Status RecordTable::OpenInput() {
  ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> packed, inputs_[input_].open());
  std::string first_bytes;
  ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source,
                   NewUnpackingSource(std::move(packed), &first_bytes));
  reader_ = std::make_unique<RecordReader>(std::move(source));
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
  RETURN_IF_ERROR(error_);
  out->has_prologue = !last_.lines.empty();
  out->text = last_.text;
  out->lines = last_.lines;
  const size_t first = out->lines.size();
  const size_t full = out->text.size() + bytes;
  while (out->text.size() < full) {
    std::string_view record;
    const Result<bool> got = Next(&record);
    if (!got.ok()) error_ = got.status();
    if (!got.ok() || !*got) break;
    out->lines.push_back(
        {out->text.size(), record.size(), static_cast<uint32_t>(input_), reader_->record_number()});
    out->text.append(record);
  }
  if (out->lines.size() == first) {
    RETURN_IF_ERROR(error_);
    return false;
  }
  last_.text = out->text_of(out->lines.size() - 1);
  last_.lines.assign(1, out->lines.back());
  last_.lines[0].begin = 0;
  return true;
}

std::string RecordTable::PlaceOf(const LineChunk::Line& record) const {
  return StrCat(inputs_[record.input].name, ", record ", record.number);
}

}  // namespace chorus::worker
