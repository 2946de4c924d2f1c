#pragma once
// The errors of a machine that has no more to give: threads, memory, open files. Each says what was
// asked for, how much there is, which limits are set (ulimit, a container's), and what to change.
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

// Whether FileShortage explains this errno.
bool IsFileShortage(int error);

// The error that a library's exception means: std::bad_alloc is a shortage of memory, an errno of
// threads or files is one of those above, and anything else is kInternal.
Status StatusOfException(const std::exception& error);

}  // namespace chorus
