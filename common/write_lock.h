#pragma once
// One writer at a time: whatever a command writes, a folder that it goes on in or a file that it
// makes, is locked as long as it does. A second writer is refused and told who the first one is.
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

// What a job that was killed a moment ago may need until its last process has ended.
inline constexpr double kWriterEndSeconds = 5;

// wait_seconds: how long the lock is waited for, with a line that says so, before it is refused.
// REQUIRES: `folder` exists. Error: kFailedPrecondition, names the folder or output and its writer.
Result<std::unique_ptr<FileLock>> LockFolder(FileSystem& files, const std::string& folder,
                                             double wait_seconds = 0);
Result<std::unique_ptr<FileLock>> LockOutput(FileSystem& files, const std::string& output,
                                             double wait_seconds = 0);
// "OUTPUT.lock".
std::string LockNameOf(const std::string& output);

// The name of a folder's lock file, which is none of the folder's contents.
inline constexpr char kFolderLockName[] = ".lock";

}  // namespace chorus
