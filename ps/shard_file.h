#pragma once
// One logical shard in a checkpoint: shard-NNNNN.rows. Little-endian, every part a multiple of 8
// bytes:
//
//   file     := header table* pending* checksum
//   header   := "CHROWS1\n" version:u32=1 shard:u32 shards:u32 tables:u32 step:u64
//               pending_steps:u32 0:u32
//   table    := dim:u32 state_floats:u32 rows:u64 name_hash:u64 name_bytes:u32 0:u32
//               name, zeros to 8 bytes, row*, zeros to 8 bytes
//   row      := key:u64 count:u32 last_step:u32 weights:f32[dim] state:f32[state_floats]
//               (ascending keys; of every row that was ever updated)
//   pending  := step:u64, for each table:
//                 rows:u64 key:u64[rows] weights:f32[rows * dim], zeros to 8 bytes
//               (ascending keys; what the replies to the steps after `step` held already, which
//               pull_ahead of them did when the state of `step` was complete)
//   checksum := XXH3-64 of everything before it
//
// Magic, version and checksum stay where they are in all versions: by them a reader of one version
// tells a file of another version from a damaged one.
// Thread safety: many threads may read one ShardFile; a cursor belongs to one thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/key.h"
#include "common/status.h"

namespace chorus::ps {

constexpr uint32_t kShardFileVersion = 1;
constexpr char kShardFileMagic[] = "CHROWS1\n";  // 8 bytes on disk

std::string ShardFileName(uint32_t shard);  // "shard-00007.rows"

struct ShardFileTable {
  std::string name;
  uint64_t name_hash = 0;
  uint32_t dim = 0;
  uint32_t state_floats = 0;
  uint64_t rows = 0;
  uint64_t offset = 0;  // of the first row

  uint64_t row_bytes() const { return 16 + 4 * (uint64_t{dim} + state_floats); }
};

struct ShardRow {
  Key key = 0;
  uint32_t count = 0;
  uint32_t last_step = 0;
  const float* weights = nullptr;  // [dim], valid until the next call of Next
  const float* state = nullptr;    // [state_floats]
};

// The rows that a pending step has pulled already.
struct PendingRows {
  uint64_t step = 0;
  struct TableRows {
    std::vector<Key> keys;       // ascending
    std::vector<float> weights;  // [n, dim]
  };
  std::vector<TableRows> tables;
};

class ShardFile {
 public:
  // Reads the headers and checks that the parts fill the file. Errors: kNotFound, kDataLoss,
  // kFailedPrecondition (another version of the format).
  static Result<std::unique_ptr<ShardFile>> Open(FileSystem& files, const std::string& path);

  uint32_t shard() const { return shard_; }
  uint32_t shards() const { return shards_; }
  uint64_t step() const { return step_; }
  const std::vector<ShardFileTable>& tables() const { return tables_; }
  uint64_t rows() const;  // of all tables

  // Reads everything and compares the stored checksum. Returns the checksum of the whole file,
  // which includes the stored one, as the manifest has it. Error: kDataLoss.
  Result<uint64_t> Verify() const;

  // The rows of one table in ascending order of the keys. The file must outlive the cursor.
  class Cursor {
   public:
    Cursor(const ShardFile* file, uint32_t table);
    // False at the end and on an error; status() tells the two apart. A row that is not finite is
    // an error (kDataLoss).
    bool Next(ShardRow* row);
    const Status& status() const { return status_; }

   private:
    bool Fill();

    const ShardFile* file_;
    const ShardFileTable* table_;
    uint64_t next_row_ = 0;  // not yet buffered
    std::vector<std::byte> buffer_;
    size_t at_ = 0;
    bool any_ = false;
    Key last_key_ = 0;
    Status status_;
  };
  Cursor Rows(uint32_t table) const { return Cursor(this, table); }

  uint32_t pending_steps() const { return static_cast<uint32_t>(pending_offsets_.size()); }
  // The pending rows of step step() + 1 + index. Error: kDataLoss, also when a weight is not
  // finite.
  Result<PendingRows> ReadPending(uint32_t index) const;

 private:
  friend class Cursor;
  ShardFile() = default;
  Status ReadHeaders();
  Status ReadTableHeader(uint64_t* offset);
  Status SkipPending(uint64_t* offset);
  Status Take(uint64_t* offset, void* out, uint64_t bytes) const;
  Status Corrupt(const std::string& what) const;

  std::string path_;
  std::unique_ptr<RandomAccessFile> file_;
  uint32_t shard_ = 0;
  uint32_t shards_ = 0;
  uint64_t step_ = 0;
  uint64_t body_bytes_ = 0;  // of the file without its checksum
  std::vector<ShardFileTable> tables_;
  std::vector<uint64_t> pending_offsets_;
};

}  // namespace chorus::ps
