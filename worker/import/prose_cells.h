#pragma once
// Marks in names and sentences, which separate no ids: "New York, NY", "Mozilla/5.0 (X11; Linux)".
// Thread safety: pure function.

#include <string>
#include <vector>

namespace chorus::worker {

// Whether the separator is such a mark in most of the cells, all of which hold it: a blank follows
// it, pieces are of several words, and most of them are in no other cell; or it is inside brackets.
bool AreProse(const std::vector<std::string>& cells, char separator);

}  // namespace chorus::worker
