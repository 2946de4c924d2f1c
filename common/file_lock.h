#pragma once
// The lock behind FileSystem::Lock: a file whose lock the kernel keeps, on the machine or on the
// server of a shared file system, and frees when the holder's process ends. The file says who holds
// it, and is removed with the lock; what a killed holder leaves of it locks nothing.
// Thread safety: any thread; a lock belongs to one thread at a time.

#include <memory>
#include <optional>
#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus {

// Asks for the lock for a tenth of a second, so that a process which only looks (IsLocked) does not
// keep it from a writer.
// Errors: kFailedPrecondition (another process or object has the lock; the message names host,
// process, time and command), kNotFound (no such directory), kInternal (the file cannot be made).
Result<std::unique_ptr<FileLock>> TakeFileLock(const std::string& path);

// Whether somebody holds the lock now; nothing where the system does not say. It makes no file and
// waits for nobody, but holds the lock itself for a moment, for which TakeFileLock waits.
std::optional<bool> IsLocked(const std::string& path);

}  // namespace chorus
