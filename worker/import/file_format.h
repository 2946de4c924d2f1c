#pragma once
// What a file is, told by its first bytes and not by its name. Thread safety: pure functions.

#include <cstddef>
#include <string_view>

#include "common/status.h"

namespace chorus::worker {

// The first bytes that tell a format, but for JSON; tar's are the last. Of a text whose first line is
// shorter, that line is enough, or kLineBytes of it.
constexpr size_t kFormatBytes = 512, kLineBytes = 16;

enum class Packing { kNone, kGzip, kZstd, kBzip2, kXz };
Packing PackingOf(std::string_view first_bytes);

// The format of an input's rows, once it is unpacked. The schema tells kinds of text apart.
enum class Content { kText, kParquet, kOrc, kTfRecord };
Content ContentOf(std::string_view first_bytes);
std::string_view NameOf(Content content);  // "Parquet"

// `{"`, `[{`: no header begins so, nor do rows of cells, unless their first column is JSON. So it
// takes the first line to tell: of a part of it that other cells are not in, this is true.
bool BeginsJson(std::string_view first_bytes);

// Error (kInvalidArgument): the bytes begin a file that is no delimited text (Parquet, ORC, zip,
// JSON, tar, UTF-16 text, a log of Chorus, ...); says what it is and what to do.
Status CheckIsText(std::string_view first_bytes);

}  // namespace chorus::worker
