#pragma once
// Objects of S3 and of whatever else the file systems of Apache Arrow know, by their URIs, through
// libchorus_arrow.so, which is opened for the first one. Credentials and endpoints are those of the
// environment, as AWS's own programs take them. Thread safety: any thread; a file that is read in
// order belongs to one.

#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/mutex.h"
#include "common/status.h"

namespace chorus::worker {

struct ArrowObjectOptions {
  double timeout_seconds = 60;  // of a request; a list of objects has ten times as long
  std::string library = "libchorus_arrow.so";  // as ArrowFileOptions has it
};

// An object that may be opened several times, and has to be the same each time.
class ArrowObject {
 public:
  explicit ArrowObject(std::string uri, ArrowObjectOptions options = {});

  enum class Reading { kInOrder, kAnyPlace };  // kInOrder: the next blocks are asked for ahead
  // Errors, all with the URI and with what the other side says: kNotFound, there is no such object,
  // or no library (the message says what to do about it); kDataLoss, the object is not what it was
  // when it was opened first; kUnavailable, everything else. Reads of the file have the same
  // errors.
  Result<std::unique_ptr<RandomAccessFile>> Open(Reading reading);

 private:
  const std::string uri_;
  const ArrowObjectOptions options_;
  Mutex mutex_;
  std::string state_ GUARDED_BY(mutex_);  // "" before the first opening
};

// Lists the objects below a folder, as paths relative to it, sorted; "" alone where the URI names
// an object. Errors: as above.
Result<std::vector<std::string>> ListArrowObjects(const std::string& uri,
                                                  const ArrowObjectOptions& options = {});

}  // namespace chorus::worker
