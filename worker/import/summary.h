#pragma once
// Lines for a person about a text that was read. Thread safety: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "worker/import/column_notes.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

std::string SummaryLine(std::string_view name, std::string_view value);
// The counts that are there, on one line, or nothing.
std::string FormatSkipped(const SkippedText& skipped);
std::string FormatLeftOut(const std::vector<std::string>& left_out);
std::string FormatNotes(const std::vector<ColumnNote>& notes);

}  // namespace chorus::worker
