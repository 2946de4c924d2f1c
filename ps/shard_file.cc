#include "ps/shard_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "common/checksum_stream.h"
#include "common/finite.h"
#include "common/strings.h"

namespace chorus::ps {
namespace {

constexpr uint64_t kBufferBytes = 1 << 18;  // read at a time
constexpr uint64_t kChecksumBytes = 8;
// Far above what any job has. A damaged header must not make us allocate or loop for its numbers:
// they are checked before the checksum is, which takes a pass over the whole file.
constexpr uint32_t kMaxTables = 4096;
constexpr uint32_t kMaxDim = 1 << 20;
constexpr uint32_t kMaxName = 1 << 16;
constexpr uint32_t kMaxPendingSteps = 64;

uint64_t RoundUp8(uint64_t bytes) { return (bytes + 7) / 8 * 8; }

// The headers as shard_file.h gives them: no gaps, so that they are copied as they are on disk.
struct FileHeader {
  char magic[8];
  uint32_t version, shard, shards, tables;
  uint64_t step;
  uint32_t pending_steps, zero;
};
static_assert(sizeof(FileHeader) == 40);

struct TableHeader {
  uint32_t dim, state_floats;
  uint64_t rows, name_hash;
  uint32_t name_bytes, zero;
};
static_assert(sizeof(TableHeader) == 32);

}  // namespace

std::string ShardFileName(uint32_t shard) {
  char name[32];
  std::snprintf(name, sizeof(name), "shard-%05u.rows", shard);
  return name;
}

Result<std::unique_ptr<ShardFile>> ShardFile::Open(FileSystem& files, const std::string& path) {
  std::unique_ptr<ShardFile> file(new ShardFile());
  file->path_ = path;
  ASSIGN_OR_RETURN(file->file_, files.OpenForRead(path));
  RETURN_IF_ERROR(file->ReadHeaders());
  return file;
}

Status ShardFile::Corrupt(const std::string& what) const {
  return DataLoss(StrCat(path_, ": ", what));
}

// Reads from the body and moves *offset on. The first comparison keeps the second from wrapping
// around: `bytes` comes from the file.
Status ShardFile::Take(uint64_t* offset, void* out, uint64_t bytes) const {
  if (bytes > body_bytes_ || *offset > body_bytes_ - bytes)
    return Corrupt("the file ends too early");
  const std::span<std::byte> target(static_cast<std::byte*>(out), bytes);
  if (Status status = file_->ReadAt(*offset, target); !status.ok()) return status.Annotate(path_);
  *offset += bytes;
  return Status::Ok();
}

Status ShardFile::ReadHeaders() {
  if (file_->size() < sizeof(FileHeader) + kChecksumBytes)
    return Corrupt("the file ends too early");
  body_bytes_ = file_->size() - kChecksumBytes;
  FileHeader header;
  uint64_t offset = 0;
  RETURN_IF_ERROR(Take(&offset, &header, sizeof(header)));
  if (std::memcmp(header.magic, kShardFileMagic, sizeof(header.magic)) != 0) {
    return Corrupt("this is no shard of a checkpoint");
  }
  if (header.version != kShardFileVersion) {
    // In a damaged file the number means nothing.
    RETURN_IF_ERROR(Verify().status());
    return FailedPrecondition(StrCat(path_, ": format version ", header.version,
                                     ", this program reads ", kShardFileVersion));
  }
  if (header.shard >= header.shards || header.tables > kMaxTables ||
      header.pending_steps > kMaxPendingSteps) {
    return Corrupt("the header makes no sense");
  }
  shard_ = header.shard;
  shards_ = header.shards;
  step_ = header.step;
  for (uint32_t i = 0; i < header.tables; ++i) RETURN_IF_ERROR(ReadTableHeader(&offset));
  for (uint32_t i = 0; i < header.pending_steps; ++i) RETURN_IF_ERROR(SkipPending(&offset));
  if (offset != body_bytes_) return Corrupt("the file is longer than its parts");
  return Status::Ok();
}

Status ShardFile::ReadTableHeader(uint64_t* offset) {
  TableHeader header;
  RETURN_IF_ERROR(Take(offset, &header, sizeof(header)));
  if (header.dim == 0 || header.dim > kMaxDim || header.state_floats > 2 * kMaxDim ||
      header.name_bytes > kMaxName) {
    return Corrupt("a table's header makes no sense");
  }
  ShardFileTable table;
  table.dim = header.dim;
  table.state_floats = header.state_floats;
  table.rows = header.rows;
  table.name_hash = header.name_hash;
  table.name.resize(RoundUp8(header.name_bytes));
  RETURN_IF_ERROR(Take(offset, table.name.data(), table.name.size()));
  table.name.resize(header.name_bytes);
  table.offset = *offset;
  // A division, since a product with a damaged number of rows could wrap around.
  if (table.rows > (body_bytes_ - *offset) / table.row_bytes()) return Corrupt("rows are missing");
  *offset = RoundUp8(*offset + table.rows * table.row_bytes());
  tables_.push_back(std::move(table));
  return Status::Ok();
}

// Remembers where the part is. Its rows are read when a run resumes (ReadPending), and not when
// only the tables are looked at.
Status ShardFile::SkipPending(uint64_t* offset) {
  pending_offsets_.push_back(*offset);
  uint64_t step;
  RETURN_IF_ERROR(Take(offset, &step, sizeof(step)));
  if (step != step_ + pending_offsets_.size()) return Corrupt("a pending step has a wrong number");
  for (const ShardFileTable& table : tables_) {
    uint64_t rows;
    RETURN_IF_ERROR(Take(offset, &rows, sizeof(rows)));
    if (rows > (body_bytes_ - *offset) / (8 + 4 * uint64_t{table.dim})) {
      return Corrupt("pending rows are missing");
    }
    *offset += rows * 8 + RoundUp8(rows * table.dim * 4);
  }
  return Status::Ok();
}

uint64_t ShardFile::rows() const {
  uint64_t sum = 0;
  for (const ShardFileTable& table : tables_) sum += table.rows;
  return sum;
}

// Two checksums in one pass: the file's own, which says that the bytes are those that were written,
// and the one that the manifest has, which says that the file is the one that it names.
Result<uint64_t> ShardFile::Verify() const {
  ChecksumStream checksum;
  std::vector<std::byte> buffer(kBufferBytes);
  for (uint64_t offset = 0; offset < body_bytes_;) {
    const uint64_t bytes = std::min<uint64_t>(kBufferBytes, body_bytes_ - offset);
    RETURN_IF_ERROR(Take(&offset, buffer.data(), bytes));
    checksum.Add({buffer.data(), bytes});
  }
  uint64_t stored;
  RETURN_IF_ERROR(
      file_->ReadAt(body_bytes_, {reinterpret_cast<std::byte*>(&stored), sizeof(stored)}));
  if (stored != checksum.value()) return Corrupt("the checksum differs");
  checksum.Add(std::as_bytes(std::span(&stored, 1)));
  return checksum.value();
}

Result<PendingRows> ShardFile::ReadPending(uint32_t index) const {
  PendingRows pending;
  uint64_t offset = pending_offsets_[index];
  RETURN_IF_ERROR(Take(&offset, &pending.step, sizeof(pending.step)));
  for (const ShardFileTable& table : tables_) {
    uint64_t rows;
    RETURN_IF_ERROR(Take(&offset, &rows, sizeof(rows)));
    PendingRows::TableRows& out = pending.tables.emplace_back();
    out.keys.resize(rows);
    out.weights.resize(rows * table.dim);
    RETURN_IF_ERROR(Take(&offset, out.keys.data(), rows * sizeof(Key)));
    RETURN_IF_ERROR(Take(&offset, out.weights.data(), out.weights.size() * sizeof(float)));
    offset = RoundUp8(offset);
    // The server searches them (Shard::UsePending): a wrong order would look like missing keys.
    for (size_t i = 1; i < out.keys.size(); ++i) {
      if (out.keys[i] <= out.keys[i - 1]) return Corrupt("pending keys are out of order");
    }
    if (!AllFinite(out.weights)) {
      return Corrupt(
          StrCat("pending rows of table ", table.name, " hold a value that is not finite"));
    }
  }
  return pending;
}

ShardFile::Cursor::Cursor(const ShardFile* file, uint32_t table)
    : file_(file), table_(&file->tables_[table]) {}

bool ShardFile::Cursor::Fill() {
  const uint64_t row_bytes = table_->row_bytes();
  const uint64_t rows =
      std::min(table_->rows - next_row_, std::max<uint64_t>(1, kBufferBytes / row_bytes));
  buffer_.resize(rows * row_bytes);
  at_ = 0;
  uint64_t offset = table_->offset + next_row_ * row_bytes;
  status_ = file_->Take(&offset, buffer_.data(), buffer_.size());
  next_row_ += rows;
  return status_.ok() && rows > 0;
}

bool ShardFile::Cursor::Next(ShardRow* row) {
  if (!status_.ok() || (at_ == buffer_.size() && !Fill())) return false;
  const std::byte* const bytes = buffer_.data() + at_;
  std::memcpy(&row->key, bytes, 8);
  std::memcpy(&row->count, bytes + 8, 4);
  std::memcpy(&row->last_step, bytes + 12, 4);
  row->weights = reinterpret_cast<const float*>(bytes + 16);  // rows and buffer are 4-byte aligned
  row->state = row->weights + table_->dim;
  at_ += table_->row_bytes();
  // Keys ascend strictly, so no row comes twice; a file that breaks this was not written by us,
  // even if its checksum holds.
  if (any_ && row->key <= last_key_) {
    status_ = file_->Corrupt("rows are out of order");
    return false;
  }
  any_ = true;
  last_key_ = row->key;
  if (!AllFinite({row->weights, table_->dim + table_->state_floats})) {
    status_ = file_->Corrupt(StrCat("key ", row->key, " of table ", table_->name,
                                    " (last updated by step ", row->last_step,
                                    ") holds a value that is not finite"));
    return false;
  }
  return true;
}

}  // namespace chorus::ps
