#pragma once
// The errors of a machine that gives no more: threads, memory, open files. Each says what was asked
// for, how much there is, which limits are set (ulimit, a container's), and what to change.
// Thread safety: any thread.

#include <exception>
#include <string_view>

#include "common/status.h"

namespace chorus {

// what: what could not be had, and by which setting it was asked for. error: an errno.
// All are kResourceExhausted.
Status ThreadShortage(std::string_view what, int error);
Status FileShortage(std::string_view what, int error);
Status MemoryShortage(std::string_view what);
Status FileSizeShortage(std::string_view what);  // EFBIG: a file of this size may not be written

// True of an errno that FileShortage explains.
bool IsFileShortage(int error);

// What a library's exception means: std::bad_alloc is a shortage of memory, and an errno of threads
// or files one of these; else kInternal.
Status StatusOfException(const std::exception& error);

}  // namespace chorus
