#pragma once
// Objects of S3, and of whatever else Arrow's file systems know by URIs (gs://, hdfs://, file://,
// ...). Every call that waits for another machine runs on a thread of a pool and ends at a
// deadline. Thread safety: any thread may call the functions, and many may read one object at once;
// an object with blocks ahead belongs to one thread.

#include <arrow/filesystem/filesystem.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chorus::worker {

// Where a URI leads: a file system, which is made once for all URIs of one bucket, and a path in
// it.
struct ObjectPlace {
  std::shared_ptr<arrow::fs::FileSystem> files;
  std::string path;
};

class OpenedObject {
 public:
  virtual ~OpenedObject() = default;
  virtual int64_t bytes() const = 0;
  // What shows that the object is still the same: its size, and its ETag or the time of its last
  // change.
  virtual const std::string& state() const = 0;
  // Reads bytes [offset, offset + bytes).  Error: ObjectChanged when the object is not what it was
  // at its opening; IOError for the rest.
  virtual arrow::Status Read(int64_t offset, int64_t bytes, void* out) = 0;
};

struct ObjectOptions {
  int blocks_ahead = 0;  // asked for before they are read; 0: bytes are asked for as they are read
  // The limit of each request, its client's retries included; a long read is several requests.
  double timeout_seconds = 60;
  std::string state = {};  // the state that the object must have; "" = any
};

// Errors: NoSuchObject, ObjectChanged (guarded.h).
arrow::Result<std::unique_ptr<OpenedObject>> OpenObject(const std::string& uri,
                                                        const ObjectOptions& options);

// Lists the objects below `uri`, as paths relative to it; the path is "" where `uri` names an
// object itself. Error: NoSuchObject, there is neither an object nor a folder.
arrow::Result<std::vector<std::string>> ListObjects(const std::string& uri, double timeout_seconds);

}  // namespace chorus::worker
