#pragma once
// Where rows of a text of labels are, for messages. Thread safety: pure functions.

#include <span>
#include <string>
#include <vector>

#include "worker/import/label_rows.h"
#include "worker/import/text_format.h"

namespace chorus::worker {

// The places of the first of `rows`, in the order of the text: "sales.csv:17 (id 'o-17')", ..., and
// "..." where there are more. The text is read once more for that; where it cannot be (standard
// input), a place is "row 16 of the labels (id 17)". rows: rows of `read`, in any order.
std::vector<std::string> PlacesOfFirst(const RowsOfText& text, const LabelRows& read,
                                       std::vector<LabelRow> rows);

}  // namespace chorus::worker
