#pragma once
// Where rows of a text of labels stand, for messages. Thread safety: pure functions.

#include <span>
#include <string>
#include <vector>

#include "worker/import/label_rows.h"
#include "worker/import/text_format.h"

namespace chorus::worker {

// Of the first rows, by their order in the text: "sales.csv:17 (id 'o-17')", ..., and "..." where
// there are more. The text is read once more for that; of standard input, which cannot be,
// "row 16 of the labels (id 17)".  rows: of `read`, in any order.
std::vector<std::string> PlacesOfFirst(const RowsOfText& text, const LabelRows& read,
                                       std::vector<LabelRow> rows);

}  // namespace chorus::worker
