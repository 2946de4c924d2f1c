#pragma once
// The rows of one table of an export, each handed on to the files of its arrays (array_file.h) as
// its form stores it.
// Thread safety: none.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/export.pb.h"
#include "common/file.h"
#include "common/key.h"
#include "common/status.h"
#include "launch/serving/array_file.h"
#include "launch/serving/row_form.h"
#include "launch/serving/row_stream.h"

namespace chorus::launch {

class RowWriter {
 public:
  // Makes the files of the table in `folder`. The caller gives the folder its final name when
  // everything is complete.
  static Result<RowWriter> Create(FileSystem& files, const std::string& folder, RowForm form,
                                  const std::string& table, uint64_t dim);

  // Adds a row; rows come by ascending key. Error: that of AppendRow.
  Status Append(Key key, std::span<const float> weights);
  // Adds the row at which `row` is; its table has this form and dimension.
  Status Copy(const RowStream& row);
  // The last call: returns the files' entries for a manifest, keys first.
  Result<std::vector<ExportArray>> Finish();

 private:
  explicit RowWriter(RowForm form) : form_(form) {}

  RowForm form_;
  StoredRows row_;                // the one that is being appended
  std::vector<ArrayFile> files_;  // of the keys, then as row_.described
};

// The array of keys in the file `file` of an export.
RowArray KeysArray(const std::string& file);

}  // namespace chorus::launch
