#include "worker/arrow/object_files.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/key_value_metadata.h>
#ifdef CHORUS_ARROW_HAS_S3
#include <arrow/filesystem/s3fs.h>
#endif

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "worker/arrow/guarded.h"
#include "worker/arrow/object_requests.h"

namespace chorus::worker {

namespace {

constexpr int64_t kBlockBytes = int64_t{4} << 20;  // of one request that reads ahead

// AWS's client wants to be ended before the static objects of its library are: handlers run in the
// reverse order, so that this one has to come behind them.
void EndClientsAtExit() {
#ifdef CHORUS_ARROW_HAS_S3
  if (!arrow::fs::IsS3Initialized()) return;
  static const int registered = std::atexit([] { (void)arrow::fs::EnsureS3Finalized(); });
  (void)registered;
#endif
}

// What two URIs of one file system have in common: all but the path behind the first name.
std::string FilesKey(const std::string& uri) {
  const size_t authority = uri.find("://") + 3;
  const size_t path = std::min(uri.find('/', authority), uri.find('?', authority));
  const size_t query = uri.find('?');
  return uri.substr(0, path) + (query == std::string::npos ? "" : uri.substr(query));
}

arrow::Result<ObjectPlace> FindPlace(const std::string& uri) {
  static std::mutex* const mutex = new std::mutex;
  static auto* const made = new std::map<std::string, std::shared_ptr<arrow::fs::FileSystem>>;
  const std::string key = FilesKey(uri);
  ObjectPlace place;
  {
    const std::lock_guard<std::mutex> lock(*mutex);
    if (const auto found = made->find(key); found != made->end()) place.files = found->second;
  }
  if (place.files != nullptr) {
    ARROW_ASSIGN_OR_RAISE(place.path, place.files->PathFromUri(uri));
    return place;
  }
  // Outside of the lock: it may ask for the region of the bucket.
  ARROW_ASSIGN_OR_RAISE(place.files, arrow::fs::FileSystemFromUri(uri, &place.path));
  EndClientsAtExit();
  const std::lock_guard<std::mutex> lock(*mutex);
  made->emplace(key, place.files);
  return place;
}

arrow::Result<ObjectPlace> PlaceOf(const std::string& uri) {
  ARROW_ASSIGN_OR_RAISE(ObjectPlace place, FindPlace(uri));
  while (place.path.size() > 1 && place.path.ends_with('/')) place.path.pop_back();
  return place;
}

struct StatedFile {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  int64_t bytes = 0;
  std::string state;
};

// Keys of metadata that change with the object.
bool TellsState(std::string key) {
  std::transform(key.begin(), key.end(), key.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key == "etag" || key == "generation" || key == "versionid" || key == "last-modified";
}

arrow::Result<StatedFile> OpenAt(const ObjectPlace& place) {
  StatedFile opened;
  ARROW_ASSIGN_OR_RAISE(opened.file, place.files->OpenInputFile(place.path));
  ARROW_ASSIGN_OR_RAISE(opened.bytes, opened.file->GetSize());
  opened.state = std::to_string(opened.bytes) + " bytes";
  std::vector<std::string> told;
  ARROW_ASSIGN_OR_RAISE(const auto metadata, opened.file->ReadMetadata());
  for (int64_t i = 0; metadata != nullptr && i < metadata->size(); ++i) {
    if (TellsState(metadata->key(i))) told.push_back(metadata->key(i) + " " + metadata->value(i));
  }
  std::sort(told.begin(), told.end());
  for (const std::string& part : told) opened.state += ", " + part;
  if (!told.empty()) return opened;
  ARROW_ASSIGN_OR_RAISE(const arrow::fs::FileInfo info, place.files->GetFileInfo(place.path));
  opened.state += ", changed at " + std::to_string(info.mtime().time_since_epoch().count()) + " ns";
  return opened;
}

arrow::Status CheckState(const std::string& was, const std::string& is) {
  if (was == is) return arrow::Status::OK();
  return ObjectChanged("it changed while it was read: it was ", was, ", and is ", is);
}

// The bytes, surely those of the object in this state. No request can ask for these alone, so the
// object is looked at once more after each.
arrow::Result<std::shared_ptr<arrow::Buffer>> ReadSameObject(const ObjectPlace& place,
                                                             const StatedFile& opened,
                                                             int64_t offset, int64_t bytes) {
  auto read = opened.file->ReadAt(offset, bytes);
  const auto now = OpenAt(place);
  if (now.ok()) {
    ARROW_RETURN_NOT_OK(CheckState(opened.state, now->state));
  } else if (read.ok()) {
    ARROW_ASSIGN_OR_RAISE(const arrow::fs::FileInfo info, place.files->GetFileInfo(place.path));
    if (info.type() != arrow::fs::FileType::NotFound) return now.status();
    return ObjectChanged("it was there when its reading began: ", now.status().message());
  }
  ARROW_RETURN_NOT_OK(read.status());
  if ((*read)->size() != bytes) {
    return arrow::Status::IOError("it ends at byte ", offset + (*read)->size(), " of ",
                                  opened.bytes);
  }
  return read;
}

class PlacedObject final : public OpenedObject {
 public:
  PlacedObject(ObjectPlace place, StatedFile opened, const ObjectOptions& options)
      : place_(std::move(place)), opened_(std::move(opened)), options_(options) {}

  // Waits a little for what nobody will read, so that the program does not end in the midst of it.
  ~PlacedObject() override {
    constexpr double kSeconds = 2;
    for (const auto& [block, asked] : blocks_) asked.answer.Wait(kSeconds);
  }

  int64_t bytes() const override { return opened_.bytes; }
  const std::string& state() const override { return opened_.state; }

  arrow::Status Read(int64_t offset, int64_t bytes, void* out) override {
    if (bytes == 0) return arrow::Status::OK();  // `out` may be null
    if (options_.blocks_ahead == 0) return ReadParts(offset, bytes, static_cast<char*>(out));
    for (int64_t done = 0; done < bytes;) {
      const int64_t block = (offset + done) / kBlockBytes;
      ARROW_ASSIGN_OR_RAISE(const auto buffer, Block(block));
      const int64_t in_block = offset + done - block * kBlockBytes;
      const int64_t part = std::min(bytes - done, buffer->size() - in_block);
      std::memcpy(static_cast<char*>(out) + done, buffer->data() + in_block,
                  static_cast<size_t>(part));
      done += part;
    }
    return arrow::Status::OK();
  }

 private:
  using FutureBuffer = Asked<std::shared_ptr<arrow::Buffer>>;

  // In parts, each with its own deadline and some at once: how long all bytes take depends on how
  // many they are.
  arrow::Result<FutureBuffer> AskForPart(int64_t offset, int64_t bytes, int64_t part) {
    const int64_t begin = part * kBlockBytes;
    return AskFor(offset + begin, std::min(kBlockBytes, bytes - begin));
  }
  arrow::Status ReadParts(int64_t offset, int64_t bytes, char* out) {
    constexpr int64_t kPartsAtOnce = 4;
    const int64_t parts = (bytes + kBlockBytes - 1) / kBlockBytes;
    std::deque<FutureBuffer> asked;
    int64_t next = 0;
    for (int64_t part = 0; part < parts; ++part) {
      for (; next < std::min(parts, part + kPartsAtOnce); ++next) {
        ARROW_ASSIGN_OR_RAISE(auto future, AskForPart(offset, bytes, next));
        asked.push_back(std::move(future));
      }
      ARROW_ASSIGN_OR_RAISE(const auto buffer, Await(asked.front(), options_.timeout_seconds));
      asked.pop_front();
      std::memcpy(out + part * kBlockBytes, buffer->data(), static_cast<size_t>(buffer->size()));
    }
    return arrow::Status::OK();
  }

  arrow::Result<FutureBuffer> AskFor(int64_t offset, int64_t bytes) {
    return Ask<std::shared_ptr<arrow::Buffer>>([place = place_, opened = opened_, offset, bytes]() {
      return ReadSameObject(place, opened, offset, bytes);
    });
  }

  // Block `block`, when those behind it are asked for; those before it are given up.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Block(int64_t block) {
    blocks_.erase(blocks_.begin(), blocks_.lower_bound(block));
    // The first block alone until the reader goes on: it may only want to see what the object is.
    const int64_t last = block == 0 ? 0 : block + options_.blocks_ahead;
    for (int64_t b = block; b <= last; ++b) {
      const int64_t begin = b * kBlockBytes;
      if (begin >= opened_.bytes || blocks_.contains(b)) continue;
      ARROW_ASSIGN_OR_RAISE(auto asked,
                            AskFor(begin, std::min(kBlockBytes, opened_.bytes - begin)));
      blocks_.emplace(b, std::move(asked));
    }
    return Await(blocks_.at(block), options_.timeout_seconds);
  }

  const ObjectPlace place_;
  const StatedFile opened_;
  const ObjectOptions options_;
  std::map<int64_t, FutureBuffer> blocks_;
};

}  // namespace

arrow::Result<std::unique_ptr<OpenedObject>> OpenObject(const std::string& uri,
                                                        const ObjectOptions& options) {
  using Opened = std::pair<ObjectPlace, StatedFile>;
  ARROW_ASSIGN_OR_RAISE(
      Opened opened, AskAndAwait<Opened>(options.timeout_seconds, [uri]() -> arrow::Result<Opened> {
        ARROW_ASSIGN_OR_RAISE(ObjectPlace place, PlaceOf(uri));
        ARROW_ASSIGN_OR_RAISE(const arrow::fs::FileInfo info, place.files->GetFileInfo(place.path));
        if (info.type() == arrow::fs::FileType::NotFound) {
          return NoSuchObject("there is no such object");
        }
        ARROW_ASSIGN_OR_RAISE(StatedFile object, OpenAt(place));
        return Opened(std::move(place), std::move(object));
      }));
  if (!options.state.empty()) {
    ARROW_RETURN_NOT_OK(CheckState(options.state, opened.second.state));
  }
  return std::unique_ptr<OpenedObject>(
      std::make_unique<PlacedObject>(std::move(opened.first), std::move(opened.second), options));
}

arrow::Result<std::vector<std::string>> ListObjects(const std::string& uri,
                                                    double timeout_seconds) {
  using Names = std::vector<std::string>;
  return AskAndAwait<Names>(timeout_seconds, [uri]() -> arrow::Result<Names> {
    ARROW_ASSIGN_OR_RAISE(const ObjectPlace place, PlaceOf(uri));
    ARROW_ASSIGN_OR_RAISE(const arrow::fs::FileInfo info, place.files->GetFileInfo(place.path));
    if (info.type() == arrow::fs::FileType::NotFound) {
      return NoSuchObject("there is no such object or folder");
    }
    if (info.type() != arrow::fs::FileType::Directory) return Names{""};
    arrow::fs::FileSelector below;
    below.base_dir = place.path;
    below.recursive = true;
    ARROW_ASSIGN_OR_RAISE(const auto found, place.files->GetFileInfo(below));
    Names names;
    for (const arrow::fs::FileInfo& file : found) {
      if (file.type() != arrow::fs::FileType::File) continue;
      const size_t skipped = place.path.size();
      const std::string name = file.path().substr(std::min(skipped, file.path().size()));
      names.push_back(name.substr(std::min(name.size(), name.find_first_not_of('/'))));
    }
    std::sort(names.begin(), names.end());
    return names;
  });
}

}  // namespace chorus::worker
