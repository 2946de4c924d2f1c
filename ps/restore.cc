#include "ps/restore.h"

#include <memory>

#include "common/strings.h"
#include "ps/shard_file.h"

namespace chorus::ps {
namespace {

struct Source {
  FileSystem& files;
  const wire::RestoreMeta& meta;
  uint32_t shards = 0;
  uint64_t step = 0;
};

// Whether the file is the one that the manifest lists. Its own checksum cannot say: a file of
// another run is whole, too.
Status CheckListed(const wire::RestoreMeta& meta, uint32_t shard, uint64_t checksum) {
  if (meta.file_size() == 0) return Status::Ok();
  const std::string name = ShardFileName(shard);
  for (const wire::SnapshotFileMeta& file : meta.file()) {
    if (file.name() != name) continue;
    return file.checksum() == checksum ? Status::Ok()
                                       : DataLoss("checksum differs from the manifest's");
  }
  return DataLoss("the manifest does not name it");
}

// The bytes are those that the manifest lists. Error: kDataLoss.
Result<std::unique_ptr<ShardFile>> OpenWhole(const Source& source, uint32_t shard) {
  const std::string path = JoinPath(source.meta.directory(), ShardFileName(shard));
  ASSIGN_OR_RETURN(auto file, ShardFile::Open(source.files, path));
  ASSIGN_OR_RETURN(const uint64_t checksum, file->Verify());
  RETURN_IF_ERROR(CheckListed(source.meta, shard, checksum).Annotate(path));
  return file;
}

Result<std::unique_ptr<ShardFile>> OpenShard(const Source& source, uint32_t shard) {
  ASSIGN_OR_RETURN(auto file, OpenWhole(source, shard));
  if (file->shard() != shard || file->shards() != source.shards || file->step() != source.step) {
    const std::string path = JoinPath(source.meta.directory(), ShardFileName(shard));
    return DataLoss(StrCat(path, " is shard ", file->shard(), " of ", file->shards(), " at step ",
                           file->step(), ", not shard ", shard, " of ", source.shards, " at step ",
                           source.step));
  }
  return file;
}

Result<uint64_t> LoadShards(const Source& source, const ServerShape& shape, ShardOwner* owner) {
  // The checkpoint has the same cut: each shard finds all of its rows in one file, and reads no
  // other.
  if (source.shards == shape.job.shards()) {
    uint32_t number = shape.first_shard + owner->first_local();
    for (Shard& shard : owner->shards()) {
      ASSIGN_OR_RETURN(const auto file, OpenShard(source, number++));
      RETURN_IF_ERROR(shard.Load(*file, source.meta));
    }
    return source.step;
  }
  // The checkpoint has another cut: the rows of a shard may be in any file, so every owner reads
  // all of them.
  for (uint32_t number = 0; number < source.shards; ++number) {
    ASSIGN_OR_RETURN(const auto file, OpenShard(source, number));
    for (Shard& shard : owner->shards()) RETURN_IF_ERROR(shard.Load(*file, source.meta));
  }
  return source.step;
}

}  // namespace

Result<uint64_t> RestoreShards(FileSystem& files, const wire::RestoreMeta& meta,
                               const ServerShape& shape, ShardOwner* owner) {
  owner->FinishSnapshot();  // Clear would take the rows that a running snapshot still needs
  for (Shard& shard : owner->shards()) shard.Clear();
  const std::string first_path = JoinPath(meta.directory(), ShardFileName(0));
  ASSIGN_OR_RETURN(const auto first, ShardFile::Open(files, first_path));
  const Source source{files, meta, first->shards(), first->step()};
  Result<uint64_t> step = LoadShards(source, shape, owner);
  // If the first file's header is damaged, the others seem to be missing or another checkpoint's:
  // the damage is then the error to report.
  if (!step.ok()) RETURN_IF_ERROR(OpenWhole(source, 0).status());
  return step;
}

}  // namespace chorus::ps
