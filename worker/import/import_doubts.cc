#include "worker/import/import_doubts.h"

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {

std::vector<std::string> DoubtsOfCells(const std::vector<ColumnNote>& notes) {
  std::vector<std::string> lines;
  for (const ColumnNote& note : notes) {
    const std::string first = StrCat("the first ", note.example, " at ", note.place);
    if (note.note == CellNote::kExponentId) {
      lines.push_back(StrCat(
          "column ", Shown(note.column), ": ", note.count,
          note.count == 1 ? " id is an integer" : " ids are integers",
          " written with an exponent, ", first,
          ": such a text is another id than the same integer in full. Write integers without "
          "exponent (R: options(scipen = 99), awk: printf \"%d\")"));
    } else if (note.note == CellNote::kNegativeLog) {
      lines.push_back(
          StrCat("numeric ", Shown(note.column), ": ", note.count,
                 note.count == 1 ? " value is" : " values are", " below 0, ", first,
                 ", and LOG_STANDARD reads ", note.count == 1 ? "it" : "them",
                 " as 0: name what means missing in missing_marker, or take transform: STANDARD"));
    }
  }
  return lines;
}

std::string DoubtOfRepeatedIds(const ImportSchema& schema, const RepeatedRows& repeated) {
  if (repeated.rows == 0) return "";
  return StrCat(repeated.Have(), " a \"", schema.row_id(),
                "\" (row_id) that an earlier row has, the first at ", repeated.first,
                ": labels that come later cannot tell them apart, and parts of a split may share "
                "rows. Was a file given twice? Else let row_id name a column that each row has "
                "alone, or leave it out, so that rows are numbered");
}

}  // namespace chorus::worker
