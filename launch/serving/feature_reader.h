#pragma once
// Reads the cells of a feature's column: ids become keys, numbers become the model's inputs.
// Thread safety: none; a reader serves one thread at a time.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "launch/serving/feature.h"
#include "worker/import/number_rules.h"
#include "worker/import/row_parser.h"
#include "worker/log/batch.h"

namespace chorus::launch {

class FeatureReader {
 public:
  explicit FeatureReader(const Feature& feature);  // outlives the reader

  // Reads the cells of these rows, in this order. column: one that MatchColumns accepted. Both
  // overwrite *out.
  // Error: kInvalidArgument, "column 'price': row 7: found ..., expected ..."; rows count from 0.
  Status ReadIds(const InputColumn& column, std::span<const int64_t> rows, worker::SlotColumn* out);
  Status ReadNumbers(const InputColumn& column, std::span<const int64_t> rows,
                     std::vector<float>* out);

 private:
  Status Malformed(int64_t row, std::string_view found, std::string_view expected) const;
  // Whether every cell of the column is one integer id, so that nothing else has to be checked.
  bool IsPlainInts(const InputColumn& column) const;
  Status AddCell(const InputColumn& column, int64_t row);
  Status AddElement(const InputColumn& column, int64_t row, int64_t element);
  Status AddDouble(int64_t row, double x);
  void AddText(std::string_view text);
  void AddId(uint64_t id) { cell_.keys.push_back(MakeKey(feature_.slot().space_seed, id)); }
  // Whether the feature's rules take this integer for "missing".
  bool IsMarker(const InputColumn& column, int64_t element) const;
  Result<double> NumberOf(const InputColumn& column, int64_t row);
  Status ParseText(const InputColumn& column, int64_t row);

  const Feature& feature_;
  const worker::NumberRules numbers_;
  worker::RowParser parser_;
  worker::ParsedRow parsed_;
  std::vector<std::string_view> text_;  // [1]
  worker::ParsedSide cell_;
};

}  // namespace chorus::launch
