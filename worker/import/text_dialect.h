#pragma once
// How a text is written, guessed from its first lines: delimiter, header, escape.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/status.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// The first lines of the first input that has any, at most `most` of them. Error: it cannot be
// read, is no text, or there is no line.
Result<std::vector<std::string>> FirstLines(const std::vector<TextInput>& inputs, size_t most);

// The delimiter is the one that cuts most lines into as many cells as the first one, more than one
// of them. There is a header when no cell of the first line is a number and cells that are twice in
// it are in these columns of no other line. REQUIRES: lines is not empty.
TextFormat GuessFormat(const std::vector<std::string>& lines);

}  // namespace chorus::worker
