#pragma once
// Objects of S3, and of whatever else Arrow's file systems know by URIs (gs://, hdfs://, file://,
// ...). Every call that waits for another machine runs on a thread of a pool and ends at a
// deadline. Thread safety: functions from any thread; reads of one object too, but for those with blocks
// ahead, which belong to one thread.

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
  // By what it is known that the object is still the same: its ETag, or the time of its last
  // change.
  virtual const std::string& state() const = 0;
  // Reads bytes [offset, offset + bytes).  Error: also when the object is not what it was at its
  // opening.
  virtual arrow::Status Read(int64_t offset, int64_t bytes, void* out) = 0;
};

struct ObjectOptions {
  int blocks_ahead = 0;  // that are asked for before they are read; 0: bytes as they are read
  // Of every request, with what its client repeats of it; a long read is several of them.
  double timeout_seconds = 60;
  std::string state = {};  // that the object must have; "" = any
};

// Errors: NoSuchObject, ObjectChanged (guarded.h).
arrow::Result<std::unique_ptr<OpenedObject>> OpenObject(const std::string& uri,
                                                        const ObjectOptions& options);

// The objects below `uri`, as paths below it; "" for the object that it names itself.  Error:
// NoSuchObject, there is neither an object nor a folder.
arrow::Result<std::vector<std::string>> ListObjects(const std::string& uri, double timeout_seconds);

}  // namespace chorus::worker
