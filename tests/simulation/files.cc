#include "tests/simulation/files.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace chorus::simulation {

class SimulatedRandomAccessFile final : public RandomAccessFile {
 public:
  SimulatedRandomAccessFile(SimulatedFiles* files, std::string path,
                            std::shared_ptr<SimulatedFiles::Inode> inode)
      : files_(*files), path_(std::move(path)), inode_(std::move(inode)) {}
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    files_.at_event_();
    if (files_.Strikes(Fault::kReadError, path_)) {
      return Internal(StrCat("reading ", path_, ": input/output error (simulated)"));
    }
    const uint64_t size = inode_->bytes.size();
    if (offset > size || out.size() > size - offset) {
      return DataLoss(StrCat("reading ", path_, ": the file ends at byte ", size, ", expected ",
                             offset + out.size(), " bytes"));
    }
    if (!out.empty()) std::memcpy(out.data(), inode_->bytes.data() + offset, out.size());
    return Status::Ok();
  }
  uint64_t size() const override { return inode_->bytes.size(); }

 private:
  SimulatedFiles& files_;
  const std::string path_;
  const std::shared_ptr<SimulatedFiles::Inode> inode_;
};

class SimulatedWritableFile final : public WritableFile {
 public:
  SimulatedWritableFile(SimulatedFiles* files, std::string path,
                        std::shared_ptr<SimulatedFiles::Inode> inode)
      : files_(*files), path_(std::move(path)), inode_(std::move(inode)) {}
  Status Append(std::span<const std::byte> data) override {
    return files_.Append(inode_.get(), path_,
                         {reinterpret_cast<const char*>(data.data()), data.size()});
  }
  Status Sync() override { return files_.Sync(inode_.get(), path_); }
  Status Close() override {
    inode_.reset();
    return Status::Ok();
  }

 private:
  SimulatedFiles& files_;
  const std::string path_;
  std::shared_ptr<SimulatedFiles::Inode> inode_;
};

class SimulatedFileLock final : public FileLock {
 public:
  SimulatedFileLock(SimulatedFiles* files, std::string path, uint32_t rank)
      : files_(*files), path_(std::move(path)), rank_(rank) {}
  // One that was lost is another's.
  ~SimulatedFileLock() override {
    const auto found = files_.locks_.find(path_);
    if (found != files_.locks_.end() && found->second == rank_) files_.locks_.erase(found);
  }

 private:
  SimulatedFiles& files_;
  const std::string path_;
  const uint32_t rank_;
};

void SimulatedFiles::Begin(const Weather* weather, uint32_t first_rank) {
  weather_ = weather;
  outlived_.Begin(first_rank);
  calls_.clear();
  full_ = false;
}

void SimulatedFiles::Put(const std::string& path, std::string bytes) {
  auto inode = std::make_shared<Inode>();
  inode->bytes = std::move(bytes);
  inode->synced = inode->bytes.size();
  names_[path] = safe_names_[path] = std::move(inode);
}

void SimulatedFiles::BeginCall() {
  at_event_();
  Scheduler& scheduler = world_.scheduler();
  if (weather_ == nullptr || weather_->disk_high <= 0 || scheduler.rank() == kNoRank) return;
  const double seconds = world_.draws().Between(weather_->disk_low, weather_->disk_high);
  scheduler.Wait(nullptr, world_.now() + NanosOf(seconds));
}

bool SimulatedFiles::Strikes(Fault fault, const std::string& path) {
  const uint64_t call = calls_[fault]++;
  if (weather_ == nullptr) return false;
  for (const Weather::DiskFault& each : weather_->disk) {
    if (each.fault != fault || each.at_call != call) continue;
    world_.Count(fault);
    world_.Trace(NameOf(fault), " at ", path);
    return true;
  }
  return false;
}

Status SimulatedFiles::Append(Inode* file, const std::string& path, std::string_view data) {
  BeginCall();
  outlived_.Append(path, file->writer);
  file->writer = world_.scheduler().rank();
  if (Strikes(Fault::kWriteError, path)) {
    return Internal(StrCat("writing ", path, ": input/output error (simulated)"));
  }
  if (Strikes(Fault::kDiskFull, path)) full_ = true;
  if (full_) {
    file->bytes.append(data.substr(0, world_.draws().Below(data.size() + 1)));
    return ResourceExhausted(StrCat("writing ", path, ": no space left on device (simulated)"));
  }
  // In two halves: a death may come between them.
  const size_t half = data.size() / 2;
  file->bytes.append(data.substr(0, half));
  BeginCall();
  file->bytes.append(data.substr(half));
  return Status::Ok();
}

Status SimulatedFiles::Sync(Inode* file, const std::string& path) {
  BeginCall();
  if (Strikes(Fault::kSyncError, path)) {
    file->bytes.resize(file->synced);
    return Internal(StrCat("syncing ", path, ": input/output error (simulated)"));
  }
  file->synced = file->bytes.size();
  return Status::Ok();
}

Result<std::unique_ptr<RandomAccessFile>> SimulatedFiles::OpenForRead(const std::string& path) {
  at_event_();
  const auto found = names_.find(path);
  if (found == names_.end()) return NotFound(StrCat("opening ", path, ": no such file"));
  return std::unique_ptr<RandomAccessFile>(
      std::make_unique<SimulatedRandomAccessFile>(this, path, found->second));
}

std::unique_ptr<WritableFile> SimulatedFiles::Open(const std::string& path,
                                                   std::shared_ptr<Inode> inode) {
  names_[path] = inode;
  return std::make_unique<SimulatedWritableFile>(this, path, std::move(inode));
}

// An old file of the name keeps its place on the disk until the directory is synced, as far as a
// death is concerned: the worst of both.
Result<std::unique_ptr<WritableFile>> SimulatedFiles::Create(const std::string& path) {
  BeginCall();
  if (!IsDirectory(DirectoryOf(path))) {
    return NotFound(StrCat("creating ", path, ": there is no directory ", DirectoryOf(path)));
  }
  outlived_.Change("creates", path);
  world_.Trace("creates ", path);
  auto inode = std::make_shared<Inode>();
  inode->writer = world_.scheduler().rank();
  return Open(path, std::move(inode));
}

Result<std::unique_ptr<WritableFile>> SimulatedFiles::OpenForAppend(const std::string& path) {
  at_event_();
  const auto found = names_.find(path);
  if (found == names_.end()) outlived_.Change("creates", path);
  return Open(path, found == names_.end() ? std::make_shared<Inode>() : found->second);
}

void SimulatedFiles::SyncDirectory(const std::string& directory) {
  std::erase_if(safe_names_, [&](const auto& name) {
    return DirectoryOf(name.first) == directory && !names_.contains(name.first);
  });
  for (const auto& [path, inode] : names_) {
    if (DirectoryOf(path) == directory) safe_names_[path] = inode;
  }
}

Status SimulatedFiles::Rename(const std::string& from, const std::string& to) {
  BeginCall();
  if (Strikes(Fault::kRenameError, to)) {
    return Internal(StrCat("renaming ", from, " to ", to, ": input/output error (simulated)"));
  }
  const auto found = names_.find(from);
  if (found == names_.end() && !IsDirectory(from)) {
    return NotFound(StrCat("renaming ", from, ": no such file"));
  }
  if (found == names_.end()) return RenameFolder(from, to);
  outlived_.Change("renames a file to", to);
  world_.Trace("renames ", from, " to ", to);
  std::shared_ptr<Inode> inode = std::move(found->second);
  names_.erase(found);
  names_[to] = std::move(inode);
  at_event_();  // a death may come before the directory is synced
  SyncDirectory(DirectoryOf(to));
  SyncDirectory(DirectoryOf(from));
  return Status::Ok();
}

// The names below it go with it.
Status SimulatedFiles::RenameFolder(const std::string& from, const std::string& to) {
  const std::string there = JoinPath(to, "");
  const auto first = names_.lower_bound(there);
  if (first != names_.end() && first->first.starts_with(there)) {
    return Internal(StrCat("renaming ", from, " to ", to, ": directory not empty"));
  }
  outlived_.Change("renames a folder to", to);
  world_.Trace("renames ", from, " to ", to);
  const std::string prefix = JoinPath(from, "");
  for (Names* const names : {&names_, &safe_names_}) {
    Names moved;
    for (const auto& [path, inode] : *names) {
      const bool below = path.starts_with(prefix);
      if (below) moved[JoinPath(to, path.substr(prefix.size()))] = inode;
      if (!below) moved.try_emplace(path, inode);
    }
    *names = std::move(moved);
  }
  directories_.erase(from);
  directories_.insert(to);
  const std::string name = BaseName(to);
  if (name.starts_with("claim-")) outlived_.Claim();
  const bool saves = name.starts_with("step-") && names_.contains(JoinPath(to, "MANIFEST"));
  if (saves && !outlived_.calling()) {
    last_saved_ = std::max<uint64_t>(last_saved_, std::strtoull(name.c_str() + 5, nullptr, 10));
  }
  return Status::Ok();
}

Status SimulatedFiles::CreateDirectories(const std::string& path) {
  at_event_();
  for (std::string at = path; at != "." && at != "/"; at = DirectoryOf(at)) directories_.insert(at);
  return Status::Ok();
}

Result<std::vector<std::string>> SimulatedFiles::List(const std::string& directory) {
  at_event_();
  outlived_.Look();
  if (!IsDirectory(directory)) {
    return NotFound(StrCat("listing ", directory, ": no such directory"));
  }
  return NamesIn(directory);
}

std::vector<std::string> SimulatedFiles::NamesIn(const std::string& directory) const {
  std::set<std::string> names;
  const std::string prefix = JoinPath(directory, "");
  const auto add = [&](const std::string& path) {
    if (!path.starts_with(prefix) || path.size() == prefix.size()) return;
    names.insert(path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size()));
  };
  for (const auto& [path, inode] : names_) add(path);
  for (const std::string& path : directories_) add(path);
  return std::vector<std::string>(names.begin(), names.end());
}

Status SimulatedFiles::Remove(const std::string& path) {
  at_event_();
  if (names_.erase(path) == 0) return NotFound(StrCat("removing ", path, ": no such file"));
  outlived_.Change("removes", path);
  world_.Trace("removes ", path);
  return Status::Ok();
}

// File by file, so that a death finds some of them there.
Status SimulatedFiles::RemoveRecursively(const std::string& path) {
  at_event_();
  outlived_.Change("removes all of", path);
  const std::string prefix = JoinPath(path, "");
  const auto below = [&](const std::string& name) {
    return name == path || name.starts_with(prefix);
  };
  for (auto it = names_.begin(); it != names_.end();) {
    const std::string name = it->first;
    if (below(name)) {
      names_.erase(name);
      at_event_();
    }
    it = names_.upper_bound(name);
  }
  std::erase_if(directories_, below);
  world_.Trace("removes all of ", path);
  return Status::Ok();
}

bool SimulatedFiles::IsDirectory(const std::string& path) const {
  if (path == "." || path == "/" || directories_.contains(path)) return true;
  const std::string prefix = JoinPath(path, "");
  const auto file = names_.lower_bound(prefix);
  return file != names_.end() && file->first.starts_with(prefix);
}

bool SimulatedFiles::Exists(const std::string& path) {
  at_event_();
  return names_.contains(path) || IsDirectory(path);
}

Result<std::unique_ptr<FileLock>> SimulatedFiles::Lock(const std::string& path) {
  at_event_();
  const uint32_t rank = world_.scheduler().rank();
  if (outlived_.calling()) return Unavailable("no locks for a host that was lost (simulated)");
  const auto [place, is_new] = locks_.try_emplace(path, rank);
  if (!is_new) return FailedPrecondition(StrCat("rank ", place->second, " has it"));
  return std::unique_ptr<FileLock>(std::make_unique<SimulatedFileLock>(this, path, rank));
}

void SimulatedFiles::EndRank(uint32_t rank) {
  std::erase_if(locks_, [&](const auto& lock) { return lock.second == rank; });
}

void SimulatedFiles::LoseBytes(Inode* inode, const std::string& path) {
  Draws& draws = world_.draws();
  if (inode->synced >= inode->bytes.size()) return;
  const size_t unsynced = inode->bytes.size() - inode->synced;
  if (draws.Chance(0.5)) {
    inode->bytes.resize(inode->synced + draws.Below(unsynced));
    world_.Count(Fault::kUnsyncedLost);
    world_.Trace(path, " keeps ", inode->bytes.size(), " bytes, ", inode->synced, " synced");
  }
  if (inode->bytes.size() > inode->synced && draws.Chance(0.5)) {
    const size_t at = inode->synced + draws.Below(inode->bytes.size() - inode->synced);
    const size_t end = at + 1 + draws.Below(inode->bytes.size() - at);
    std::fill(inode->bytes.begin() + static_cast<ptrdiff_t>(at),
              inode->bytes.begin() + static_cast<ptrdiff_t>(end), '\0');
    world_.Count(Fault::kUnsyncedGarbage);
    world_.Trace(path, " has zeros from byte ", at, " to ", end, ", ", inode->synced,
                 " are synced");
  }
  inode->synced = inode->bytes.size();
}

void SimulatedFiles::LoseHost(uint32_t rank) {
  for (const auto& [path, inode] : names_) {
    if (inode->writer == rank) LoseBytes(inode.get(), path);
  }
}

void SimulatedFiles::LosePower() {
  Draws& draws = world_.draws();
  std::set<std::string> paths;
  for (const auto& [path, inode] : names_) paths.insert(path);
  for (const auto& [path, inode] : safe_names_) paths.insert(path);
  Names after;
  for (const std::string& path : paths) {
    const auto live = names_.find(path);
    const auto safe = safe_names_.find(path);
    const bool has_live = live != names_.end(), has_safe = safe != safe_names_.end();
    const bool same = has_live && has_safe && live->second == safe->second;
    const bool keep_live = same || draws.Chance(0.5);
    if (!same) {
      if (!keep_live && has_live) world_.Count(Fault::kNameLost);
      if (!keep_live && has_safe && !has_live) world_.Count(Fault::kNameBack);
      world_.Trace(path, keep_live ? " is as it was last" : " is as it was synced");
    }
    if (keep_live && has_live) after[path] = live->second;
    if (!keep_live && has_safe) after[path] = safe->second;
  }
  names_ = std::move(after);
  for (const auto& [path, inode] : names_) LoseBytes(inode.get(), path);
  safe_names_ = names_;
}

bool SimulatedFiles::FlipBit(const std::string& directory, std::string* path) {
  std::vector<Names::value_type> files;
  for (const auto& name : names_) {
    if (name.first.starts_with(JoinPath(directory, "")) && !name.second->bytes.empty()) {
      files.push_back(name);
    }
  }
  if (files.empty()) return false;
  Draws& draws = world_.draws();
  const auto& [name, inode] = files[draws.Below(files.size())];
  inode->bytes[draws.Below(inode->bytes.size())] ^= static_cast<char>(1 << draws.Below(8));
  *path = name;
  world_.Count(Fault::kFlipAtRest);
  world_.Trace("a bit of ", name, " is another");
  return true;
}

}  // namespace chorus::simulation
