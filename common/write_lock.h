#pragma once
// One writer at a time: whatever a command writes, a folder that it adds to or a file that it
// makes, is locked while it writes. A second writer is refused and told who the first one is.
//
//   a folder that is kept    FOLDER/.lock      checkpoint.directory, `compare --output`
//   any other output         OUTPUT.lock       beside it
//
// The kernel keeps the lock (file_lock.h): after kill -9 it is free, and the next writer, on
// whatever machine of a shared file system, takes it.
// Thread safety: a lock belongs to one thread at a time.

#include <memory>
#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus {

// How long the last process of a job that was just killed may take to end.
inline constexpr double kWriterEndSeconds = 5;

// wait_seconds: how long to wait for the lock, after a log line that says so, before the caller is
// refused. REQUIRES: `folder` exists. Error: kFailedPrecondition, which names the folder or output
// and its writer.
Result<std::unique_ptr<FileLock>> LockFolder(FileSystem& files, const std::string& folder,
                                             double wait_seconds = 0);
Result<std::unique_ptr<FileLock>> LockOutput(FileSystem& files, const std::string& output,
                                             double wait_seconds = 0);
// "OUTPUT.lock".
std::string LockNameOf(const std::string& output);

// The name of a folder's lock file, which does not count as part of the folder's contents.
inline constexpr char kFolderLockName[] = ".lock";

}  // namespace chorus
