#pragma once
// The passes of an import over the rows of its inputs: each counts rows, bad ones and dropped ones,
// deals the others to parts, and checks that it counts what the first one did. The first one also
// looks for what is doubtful (row ids that come again, numbers far beyond the others), and warns.
// Thread safety: none; one thread makes all calls.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/bad_rows.h"
#include "worker/import/chunk_reader.h"
#include "worker/import/column_notes.h"
#include "worker/import/column_plan.h"
#include "worker/import/import.h"
#include "worker/import/repeated_ids.h"
#include "worker/import/row_table.h"
#include "worker/import/unread_fields.h"

namespace chorus::worker {

// A row that is neither bad nor dropped.
struct KeptRow {
  const ParsedRow& row;
  const ParsedSide& context;
  uint64_t context_serial;  // as BlockBuilder::Add takes it
};

class RowVisitor {
 public:
  virtual ~RowVisitor() = default;
  // part: of the split.  The row and its context stay as they are until EndChunk.
  virtual Status Visit(const KeptRow& kept, uint32_t part) = 0;
  virtual void EndChunk() {}
};

class RowPasses {
 public:
  // All must outlive this; the plan may get counted ids between two passes.  bad_list: null, or
  // gets a line for each bad row of the first pass.
  RowPasses(const ImportSchema& schema, const ImportOptions& options, const ColumnPlan& plan,
            BadRowList* bad_list)
      : schema_(schema), options_(options), plan_(plan), bad_list_(bad_list) {}

  // Counts the rows, in place of a pass, for splits into ranges of rows.
  Status CountRows(RowTable& table);
  // Visits all rows that are kept. verb: what is done to them, for progress ("imported").  Errors:
  // the first malformed row past max_bad_rows; kFailedPrecondition, this pass counts otherwise than
  // the first.
  Status Run(RowTable& table, std::string_view verb, RowVisitor& visitor);

  // What the first pass counted.
  const RowCounts& counts() const { return *counts_; }
  const RepeatedRows& repeated() const { return repeated_; }
  // What the last pass noted.
  const std::vector<ColumnNote>& notes() const { return notes_; }
  uint64_t repeated_headers() const { return repeated_headers_; }
  const UnreadFields& unread() const { return unread_; }

  static Status InputChanged();

 private:
  struct Pass;
  Status VisitChunk(const RowTable& table, std::string_view verb, ReadChunk& chunk, Pass* pass,
                    RowVisitor& visitor);
  Status VisitRow(const RowTable& table, const ReadChunk& chunk, const ParsedChunk::Row& row,
                  uint64_t first_serial, Pass* pass, RowVisitor& visitor);
  Result<bool> KeepUnclickedConversion(const RowTable& table, const ReadChunk& chunk,
                                       const ParsedChunk::Row& row, RowCounts* counts) const;
  Result<uint32_t> PartOf(const ParsedRow& row, uint64_t row_number, RowCounts* counts) const;
  void TellDoubts(Pass* pass);
  void ShowProgress(std::string_view verb, uint64_t rows) const;

  const ImportSchema& schema_;
  const ImportOptions& options_;
  const ColumnPlan& plan_;
  BadRowList* const bad_list_;
  uint64_t counted_rows_ = 0;        // by CountRows
  std::optional<RowCounts> counts_;  // none before the first pass
  RepeatedRows repeated_;
  std::vector<ColumnNote> notes_;
  uint64_t repeated_headers_ = 0;
  UnreadFields unread_;
};

}  // namespace chorus::worker
