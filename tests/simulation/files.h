#pragma once
// A file system that all simulated hosts share, with what disks and hosts lose. A file's bytes are
// safe once they are synced, its name once its directory is; a death may lose any part of the rest,
// by the seed. Calls fail as the weather says.
// Thread safety: threads of the simulation, of which one runs at a time.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/file.h"
#include "tests/simulation/outlived_ranks.h"
#include "tests/simulation/world.h"

namespace chorus::simulation {

class SimulatedFiles final : public FileSystem {
 public:
  // at_event: called with every call, before it happens; may end or stall the rank.
  SimulatedFiles(World* world, std::function<void()> at_event)
      : world_(*world), at_event_(std::move(at_event)), outlived_(world) {}

  // The weather of the run that begins; null: calm. Ranks below first_rank are of earlier runs.
  void Begin(const Weather* weather, uint32_t first_rank);
  // Puts a file there that is safe.
  void Put(const std::string& path, std::string bytes);
  // What a rank's host has not synced is lost; names are safe, since other hosts see them.
  void LoseHost(uint32_t rank);
  // The same for all hosts, and unsynced names are lost as well. Nobody has a file open any more.
  void LosePower();
  // To be called when a rank ends: its locks go, and a call that it had under way may be half done.
  void EndRank(uint32_t rank);
  // Flips a bit of a file; false if there is none in any file of these names below `directory`.
  bool FlipBit(const std::string& directory, std::string* path);
  // The highest step of a checkpoint that a run's own ranks have completed.
  uint64_t last_saved() const { return last_saved_; }
  const OutlivedRanks& outlived() const { return outlived_; }
  std::vector<std::string> NamesIn(const std::string& directory) const;  // sorted; no call

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status CreateDirectories(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status Remove(const std::string& path) override;
  Status RemoveRecursively(const std::string& path) override;
  bool Exists(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

 private:
  friend class SimulatedWritableFile;
  friend class SimulatedRandomAccessFile;
  friend class SimulatedFileLock;
  // A file without its names.
  struct Inode {
    std::string bytes;
    size_t synced = 0;
    uint32_t writer = kNoRank;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  // A call begins; the disk takes its time.
  void BeginCall();
  // Whether a fault of this kind strikes this call.
  bool Strikes(Fault fault, const std::string& path);
  Status Append(Inode* file, const std::string& path, std::string_view data);
  Status Sync(Inode* file, const std::string& path);
  std::unique_ptr<WritableFile> Open(const std::string& path, std::shared_ptr<Inode> inode);
  void SyncDirectory(const std::string& directory);
  bool IsDirectory(const std::string& path) const;
  void LoseBytes(Inode* inode, const std::string& path);
  Status RenameFolder(const std::string& from, const std::string& to);

  World& world_;
  const std::function<void()> at_event_;
  const Weather* weather_ = nullptr;
  std::map<Fault, uint64_t> calls_;  // the calls that a fault of the kind could have struck
  bool full_ = false;
  uint64_t last_saved_ = 0;
  Names names_;  // as everybody sees them
  Names safe_names_;
  std::set<std::string> directories_;
  std::map<std::string, uint32_t> locks_;  // owner's rank by path
  OutlivedRanks outlived_;
};

}  // namespace chorus::simulation
