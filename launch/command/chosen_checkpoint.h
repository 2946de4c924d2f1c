#pragma once
// Checkpoints that are read beside a job that goes on in their folder: it removes older ones
// (checkpoint.keep), also the one that a command has chosen a moment ago. Thread safety: pure
// functions of the file system.

#include <functional>
#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

// How often a command chooses, before it gives up.
inline constexpr int kMostChoices = 10;

// Whether `folder`, which was a checkpoint when it was chosen, has been removed since.
bool IsGone(FileSystem& files, const std::string& folder);

// The error of reading such a folder: by whom it was removed, and what to do. given: what the user
// has named, `folder` itself or the directory that it was chosen from.
Status RemovedWhileRead(FileSystem& files, const std::string& folder, const std::string& given);

// Calls `read` with the checkpoint that `given` names (worker::ChooseCheckpoint), and with the one
// that it names then as long as reading fails because the one chosen from a directory is gone, up to
// kMostChoices times. `read` may be called several times, and has no effect where it fails.
// Errors: of `read`, those of ChooseCheckpoint, and kNotFound of RemovedWhileRead.
Status ReadChosen(FileSystem& files, const std::string& given, bool best,
                  const std::function<Status(const std::string& folder)>& read);

// Whether a command that has failed with choice number `choice`, from 1, chooses again, and tells
// the user so.
bool ChoosesAgain(const std::string& folder, const std::string& given, int choice);

}  // namespace chorus::launch
