#pragma once
// Writes the files of a server's snapshots on a thread of its own, so that the owner threads of the
// shards never wait for a disk, and keeps the state of the newest snapshot.
// Thread safety: any thread, but the blocks of one shard come from one thread, in order.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "common/checksum_stream.h"
#include "common/file.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/wire.pb.h"

namespace chorus::ps {

class SnapshotWriter {
 public:
  explicit SnapshotWriter(FileSystem& files) : files_(files) {}
  ~SnapshotWriter();  // waits for the block that is being written, and drops the others
  // Starts the thread; nothing is written before that. Error: kResourceExhausted.
  Status Start();

  // Announces a snapshot of `shards` files. The one before it is given up unless it has ended.
  void Begin(uint64_t step, const std::string& directory, uint32_t shards);
  // Queues the next bytes of a shard's file. `last` ends the file: the writer adds the checksum.
  // rows: how many rows the file has so far. Blocks of a snapshot that is not the newest are
  // dropped.
  void Append(uint64_t step, uint32_t shard, std::string block, bool last, uint64_t rows);
  // Bytes that were queued and are not written yet: they fill memory when the disk is slow.
  uint64_t backlog_bytes() const;

  // The state of the newest snapshot. Before the first one it has step 0, and nothing else is set.
  wire::SnapshotStatusMeta status() const;
  bool ended() const;  // finished or failed

 private:
  struct Block {
    uint64_t step;
    uint32_t shard;
    std::string bytes;
    bool last;
    uint64_t rows;
  };
  struct OpenFile {
    std::unique_ptr<WritableFile> file;
    ChecksumStream checksum;
    uint64_t bytes = 0;
  };

  void Run();
  Status Write(Block block, const std::string& directory);
  Status WriteTo(OpenFile* out, const Block& block, const std::string& directory);
  Status Finish(OpenFile* file, const Block& block);

  FileSystem& files_;
  std::map<uint32_t, OpenFile> open_;  // [shard]; of the writer thread alone

  mutable Mutex mutex_;
  ConditionVariable changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::deque<Block> queue_ GUARDED_BY(mutex_);
  uint64_t backlog_bytes_ GUARDED_BY(mutex_) = 0;
  std::string directory_ GUARDED_BY(mutex_);
  uint64_t step_ GUARDED_BY(mutex_) = 0;
  uint32_t shards_ GUARDED_BY(mutex_) = 0;
  // The finished files of the newest snapshot, and its error.
  std::map<uint32_t, wire::SnapshotFileMeta> done_ GUARDED_BY(mutex_);  // [shard]
  Status error_ GUARDED_BY(mutex_);
  std::thread thread_;  // the last member: it uses all of the above
};

}  // namespace chorus::ps
