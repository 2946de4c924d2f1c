#include "worker/log/oracle_file.h"

#include <algorithm>
#include <cstring>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr char kMagic[8] = {'C', 'H', 'O', 'R', 'A', 'C', 'L', 'E'};
constexpr uint32_t kVersion = 2;
constexpr uint32_t kColumns = 5;
constexpr uint32_t kSectionRows = 4096;
constexpr uint32_t kMaxSectionRows = 1 << 20;  // of a file that another version may have written
constexpr size_t kRowBytes = kColumns * sizeof(float);
static_assert(sizeof(OracleRow) == kRowBytes, "a row lies in memory as it lies in the file");

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t columns;
  uint64_t rows;
  uint32_t section_rows;
  uint8_t zeros[28];
  uint64_t checksum;
};
static_assert(sizeof(Header) == 64);

struct Trailer {
  uint64_t log_fingerprint;
  uint64_t checksum;
};
static_assert(sizeof(Trailer) == 16);

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span<const T>(&value, 1));
}

uint64_t HeaderChecksum(const Header& header) {
  return Checksum(BytesOf(header).first(sizeof(Header) - sizeof(header.checksum)));
}

uint64_t FileSize(uint64_t rows, uint32_t section_rows) {
  const uint64_t sections = (rows + section_rows - 1) / section_rows;
  return sizeof(Header) + rows * kRowBytes + sections * sizeof(uint64_t) + sizeof(Trailer);
}

}  // namespace

Result<OracleFile> OracleFile::Open(FileSystem& files, const std::string& path) {
  OracleFile out;
  out.path_ = path;
  ASSIGN_OR_RETURN(out.file_, files.OpenForRead(path));
  Header header;
  RETURN_IF_ERROR(
      out.file_->ReadAt(0, std::as_writable_bytes(std::span<Header>(&header, 1))).Annotate(path));
  if (memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    return DataLoss(StrCat(path, ": not an oracle file"));
  }
  if (header.checksum != HeaderChecksum(header)) {
    return DataLoss(StrCat(path, ": header checksum differs"));
  }
  if (header.version != kVersion || header.columns != kColumns || header.section_rows == 0 ||
      header.section_rows > kMaxSectionRows) {
    return DataLoss(StrCat(path, ": version ", header.version, " is not one this program reads"));
  }
  // The first comparison keeps FileSize from overflowing.
  if (header.rows > out.file_->size() / kRowBytes ||
      out.file_->size() != FileSize(header.rows, header.section_rows)) {
    return DataLoss(
        StrCat(path, ": ", out.file_->size(), " bytes do not fit ", header.rows, " rows"));
  }
  out.rows_ = header.rows;
  out.section_rows_ = header.section_rows;
  Trailer trailer;
  RETURN_IF_ERROR(out.file_
                      ->ReadAt(out.file_->size() - sizeof(Trailer),
                               std::as_writable_bytes(std::span<Trailer>(&trailer, 1)))
                      .Annotate(path));
  if (trailer.checksum != Checksum(BytesOf(trailer.log_fingerprint))) {
    return DataLoss(StrCat(path, ": trailer checksum differs"));
  }
  out.log_fingerprint_ = trailer.log_fingerprint;
  return out;
}

Result<OracleRow> OracleFile::Lookup(uint64_t row_id) {
  if (row_id >= rows_) {
    return InvalidArgument(
        StrCat(path_, ": no row ", row_id, ", it has ", rows_, "; is it of another log?"));
  }
  if (row_id / section_rows_ != section_) RETURN_IF_ERROR(ReadSection(row_id / section_rows_));
  return section_data_[row_id % section_rows_];
}

Status OracleFile::ReadSection(uint64_t section) {
  section_ = ~uint64_t{0};  // no section, until this one is read and checked
  section_data_.resize(std::min<uint64_t>(section_rows_, rows_ - section * section_rows_));
  const uint64_t offset = sizeof(Header) + section * (section_rows_ * kRowBytes + sizeof(uint64_t));
  uint64_t checksum = 0;
  const auto data = std::as_writable_bytes(std::span<OracleRow>(section_data_));
  RETURN_IF_ERROR(file_->ReadAt(offset, data).Annotate(path_));
  RETURN_IF_ERROR(
      file_->ReadAt(offset + data.size(), std::as_writable_bytes(std::span<uint64_t>(&checksum, 1)))
          .Annotate(path_));
  if (checksum != Checksum(data)) {
    return DataLoss(StrCat(path_, ": checksum of section ", section, " differs"));
  }
  section_ = section;
  return Status::Ok();
}

OracleWriter::OracleWriter(FileSystem& files, const std::string& path, uint64_t rows)
    : files_(files), path_(path), rows_(rows) {}

Result<std::unique_ptr<OracleWriter>> OracleWriter::Create(FileSystem& files,
                                                           const std::string& path, uint64_t rows) {
  std::unique_ptr<OracleWriter> writer(new OracleWriter(files, path, rows));
  ASSIGN_OR_RETURN(writer->file_, files.Create(path + ".tmp"));
  Header header = {};
  memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.columns = kColumns;
  header.rows = rows;
  header.section_rows = kSectionRows;
  header.checksum = HeaderChecksum(header);
  RETURN_IF_ERROR(writer->file_->Append(BytesOf(header)));
  return writer;
}

Status OracleWriter::Add(std::span<const OracleRow> rows) {
  for (const OracleRow& row : rows) {
    section_.push_back(row);
    added_ += 1;
    if (section_.size() == kSectionRows) RETURN_IF_ERROR(FlushSection());
  }
  return Status::Ok();
}

Status OracleWriter::FlushSection() {
  const auto data = std::as_bytes(std::span<const OracleRow>(section_));
  const uint64_t checksum = Checksum(data);
  RETURN_IF_ERROR(file_->Append(data));
  RETURN_IF_ERROR(file_->Append(BytesOf(checksum)));
  section_.clear();
  return Status::Ok();
}

Status OracleWriter::Finish(uint64_t log_fingerprint) {
  CHECK(added_ == rows_, "added=", added_, " rows=", rows_);
  if (!section_.empty()) RETURN_IF_ERROR(FlushSection());
  const Trailer trailer = {log_fingerprint, Checksum(BytesOf(log_fingerprint))};
  RETURN_IF_ERROR(file_->Append(BytesOf(trailer)));
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(file_->Close());
  return files_.Rename(path_ + ".tmp", path_);
}

}  // namespace chorus::worker
