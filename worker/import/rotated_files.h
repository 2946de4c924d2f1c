#pragma once
// Where a file is that somebody rotates: "clicks.tsv" becomes "clicks.tsv.1" (and that
// "clicks.tsv.2"), or "clicks.tsv-20261201", and a new "clicks.tsv" begins. A file is known by how
// it begins, whatever its name and, where several begin alike, by its inode. Thread safety: pure
// functions.

#include <cstdint>
#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

// How a file began that was read before, and how long it is at least.
struct FileHead {
  uint64_t bytes = 0;  // of the checksum; 0: nobody has looked at it
  uint64_t checksum = 0;
  uint64_t least_size = 0;
  uint64_t id = 0;  // FileSystem::IdOf
};

// Whether the file at `path` begins as that file does; ids are not compared. False, too, when there
// is none.  Errors: of reading.
Result<bool> HasHead(FileSystem& files, const std::string& path, const FileHead& head);
// The name that the file has by now, `path` or a rotated one of it; "": it has none. What cannot be
// read is passed over. With head.bytes == 0 its inode alone tells.
// Errors: of reading `path`, or of a rotated file when none is found; kFailedPrecondition, several
// begin so, and none has its inode.
Result<std::string> FindFollowed(FileSystem& files, const std::string& path, const FileHead& head);
// The name of the file that came after `rotated`: a younger rotated one of `path`, or `path`.
Result<std::string> NextRotated(FileSystem& files, const std::string& path,
                                const std::string& rotated);

}  // namespace chorus::worker
