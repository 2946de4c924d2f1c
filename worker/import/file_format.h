#pragma once
// What a file is, told by its first bytes and not by its name. Thread safety: pure functions.

#include <cstddef>
#include <string_view>

#include "common/status.h"

namespace chorus::worker {

constexpr size_t kFormatBytes = 16;  // so many first bytes are enough

enum class Packing { kNone, kGzip, kZstd, kBzip2, kXz };
Packing PackingOf(std::string_view first_bytes);

// What the rows of an input are written in, once it is unpacked. Of kinds of text a schema knows
// more.
enum class Content { kText, kParquet, kOrc, kTfRecord };
Content ContentOf(std::string_view first_bytes);
std::string_view NameOf(Content content);  // "Parquet"

// Error (kInvalidArgument): the bytes begin a file that is no delimited text (Parquet, ORC, zip,
// JSON, UTF-16 text, a log of Chorus, ...); says what it is and what to do.
Status CheckIsText(std::string_view first_bytes);

}  // namespace chorus::worker
