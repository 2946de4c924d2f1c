#pragma once
// Ali-CCP (Tianchi's data set 408) as rows of cells. Each line of a sample skeleton names, by a
// key, a line of the common features, whose fields it shares with other lines:
//
//   skeleton   sample_id , click , conversion , common_feature_index , feature_num , features
//   common     common_feature_index , feature_num , features
//   features   feature (\x01 feature)*        feature_num of them
//   feature    field \x02 id \x03 value       a field with several ids comes once for each
//
// A row has the columns sample_id, click, conversion and common_feature_index, and one for each
// field that a slot names: "id\x03value" pieces with \x01 between them, whichever line they are of.
// Thread safety: as RowFormat.

#include <memory>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/import/common_rows.h"
#include "worker/import/row_cutter.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

struct AliCcpInputs {
  std::vector<TextInput> skeletons;
  std::vector<TextInput> commons;
};
// Which input is which, by the commas of its first line. Inputs without a line are left out. Errors
// (kInvalidArgument): a line that is neither, no skeleton, or no common features.
Result<AliCcpInputs> SortAliCcpInputs(const std::vector<TextInput>& inputs);

// Error (kInvalidArgument): as TokenColumns::Make.
Result<std::shared_ptr<const RowFormat>> NewAliCcpFormat(const ImportSchema& schema,
                                                         std::shared_ptr<const CommonRows> common);

}  // namespace chorus::worker
