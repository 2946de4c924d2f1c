#include "worker/columns/arrow_object.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "common/strings.h"
#include "common/uri.h"
#include "worker/columns/arrow_library.h"

namespace chorus::worker {
namespace {

constexpr int kBlocksAhead = 3;

// Room for a reason that names the whole address: of one that is cut off, no key could be found.
std::string RoomForReason(const std::string& uri) { return std::string(2048 + 4 * uri.size(), 0); }

Status ErrorOfObject(int code, const std::string& what, const std::string& uri,
                     const std::string& reason) {
  std::string message =
      StrCat(what, " ", ShownUri(uri), ": ", WithoutKeys(reason.c_str(), uri));  // ended by 0
  if (code == CHORUS_ARROW_NO_SUCH_OBJECT) return NotFound(std::move(message));
  if (code == CHORUS_ARROW_CHANGED) return DataLoss(std::move(message));
  return Unavailable(std::move(message));
}

class ObjectFile final : public RandomAccessFile {
 public:
  ObjectFile(std::string uri, ChorusArrowObject object) : uri_(std::move(uri)), object_(object) {}
  ObjectFile(const ObjectFile&) = delete;
  ObjectFile& operator=(const ObjectFile&) = delete;
  ~ObjectFile() override { object_.release(&object_); }

  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size() || out.size() > size() - offset) {
      return DataLoss(StrCat("reading ", ShownUri(uri_), ": it ends at byte ", size(),
                             ", expected ", offset + out.size(), " bytes"));
    }
    std::string reason = RoomForReason(uri_);
    const int code =
        object_.read(&object_, static_cast<int64_t>(offset), static_cast<int64_t>(out.size()),
                     out.data(), reason.data(), reason.size());
    return code == 0 ? Status::Ok() : ErrorOfObject(code, "reading", uri_, reason);
  }
  uint64_t size() const override { return static_cast<uint64_t>(object_.bytes); }

 private:
  const std::string uri_;
  mutable ChorusArrowObject object_;
};

}  // namespace

ArrowObject::ArrowObject(std::string uri, ArrowObjectOptions options)
    : uri_(std::move(uri)), options_(std::move(options)) {}

Result<std::unique_ptr<RandomAccessFile>> ArrowObject::Open(Reading reading) {
  ASSIGN_OR_RETURN(const ArrowLibrary library, OpenArrowLibrary(options_.library));
  MutexLock lock(mutex_);
  const ChorusArrowObjectOptions options = {
      .blocks_ahead = reading == Reading::kInOrder ? kBlocksAhead : 0,
      .timeout_seconds = options_.timeout_seconds,
      .state = state_.c_str()};
  ChorusArrowObject object = {};
  std::string reason = RoomForReason(uri_);
  const int code =
      library.open_object(uri_.c_str(), &options, &object, reason.data(), reason.size());
  if (code != 0) return ErrorOfObject(code, "opening", uri_, reason);
  state_ = object.state;
  return std::unique_ptr<RandomAccessFile>(std::make_unique<ObjectFile>(uri_, object));
}

Result<std::vector<std::string>> ListArrowObjects(const std::string& uri,
                                                  const ArrowObjectOptions& options) {
  constexpr double kRequests = 10;  // of one list, whose pages come one after the other
  ASSIGN_OR_RETURN(const ArrowLibrary library, OpenArrowLibrary(options.library));
  std::vector<std::string> names;
  std::string reason = RoomForReason(uri);
  const auto take = [](void* context, const char* path) {
    static_cast<std::vector<std::string>*>(context)->emplace_back(path);
  };
  const int code = library.list_objects(uri.c_str(), kRequests * options.timeout_seconds, &names,
                                        take, reason.data(), reason.size());
  if (code != 0) return ErrorOfObject(code, "listing", uri, reason);
  return names;
}

}  // namespace chorus::worker
