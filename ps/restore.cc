#include "ps/restore.h"

#include <memory>

#include "common/strings.h"
#include "ps/shard_file.h"

namespace chorus::ps {
namespace {

struct Source {
  FileSystem& files;
  const std::string& directory;
  uint32_t shards = 0;
  uint64_t step = 0;
};

Result<std::unique_ptr<ShardFile>> OpenShard(const Source& source, uint32_t shard) {
  const std::string path = JoinPath(source.directory, ShardFileName(shard));
  ASSIGN_OR_RETURN(auto file, ShardFile::Open(source.files, path));
  RETURN_IF_ERROR(file->Verify());
  if (file->shard() != shard || file->shards() != source.shards || file->step() != source.step) {
    return DataLoss(StrCat(path, " is shard ", file->shard(), " of ", file->shards(), " at step ",
                           file->step(), ", not shard ", shard, " of ", source.shards, " at step ",
                           source.step));
  }
  return file;
}

}  // namespace

Result<uint64_t> RestoreShards(FileSystem& files, const std::string& directory,
                               wire::RestoreMeta::Mode mode, const ServerShape& shape,
                               ShardOwner* owner) {
  owner->FinishSnapshot();
  for (Shard& shard : owner->shards()) shard.Clear();
  ASSIGN_OR_RETURN(const auto first, ShardFile::Open(files, JoinPath(directory, ShardFileName(0))));
  const Source source{files, directory, first->shards(), first->step()};
  if (source.shards ==
      shape.job.shards()) {  // cut alike: each shard finds all of its rows in one file
    uint32_t number = shape.first_shard + owner->first_local();
    for (Shard& shard : owner->shards()) {
      ASSIGN_OR_RETURN(const auto file, OpenShard(source, number++));
      RETURN_IF_ERROR(shard.Load(*file, mode));
    }
    return source.step;
  }
  for (uint32_t number = 0; number < source.shards; ++number) {
    ASSIGN_OR_RETURN(const auto file, OpenShard(source, number));
    for (Shard& shard : owner->shards()) RETURN_IF_ERROR(shard.Load(*file, mode));
  }
  return source.step;
}

}  // namespace chorus::ps
