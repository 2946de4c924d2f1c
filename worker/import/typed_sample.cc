#include "worker/import/typed_sample.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "common/utc_text.h"
#include "worker/import/batch_reader.h"
#include "worker/import/cell_text.h"
#include "worker/import/column_rows.h"
#include "worker/import/example_columns.h"
#include "worker/import/example_rows.h"
#include "worker/import/number_rules.h"
#include "worker/import/record_table.h"
#include "worker/import/row_inputs.h"
#include "worker/import/typed_row.h"

namespace chorus::worker {
namespace {

constexpr int kExamplesAtOnce = 512;

// The texts that are read as missing, and how often.
using MissingTexts = std::map<std::string, uint64_t>;

// Appends value `row` of a column of no lists; nothing where it is missing.
void AppendValueText(const ValueColumn& column, int64_t row, const CellRules& rules,
                     std::string* out, MissingTexts* missing) {
  if (column.missing(row)) return;
  bool rounded = false;
  switch (column.kind()) {
    case ValueKind::kBool:
      out->push_back(column.Bool(row) ? '1' : '0');
      break;
    case ValueKind::kText: {
      const CellRules::Cell cell = rules.Read(column.Text(row));
      if (!cell.missing) out->append(cell.text);
      if (cell.missing && !cell.text.empty()) ++(*missing)[std::string(cell.text)];
      break;
    }
    case ValueKind::kNumber:
      if (!std::isnan(column.Number(row))) out->append(ShownCell({&column, row}));
      break;
    case ValueKind::kTime:
      out->append(UtcText(column.Seconds(row, &rounded)));
      break;
    case ValueKind::kInteger:
    case ValueKind::kUnsigned:
      out->append(ShownCell({&column, row}));
      break;
    case ValueKind::kNothing:
    case ValueKind::kUnsupported:
      break;
  }
}

class Taker {
 public:
  Taker(const std::vector<TypedColumn>& columns, uint64_t most_rows, uint64_t most_bytes)
      : most_rows_(most_rows), most_bytes_(most_bytes) {
    ImportSchema schema;
    schema.set_trim(true);
    rules_.emplace(schema);
    for (const TypedColumn& column : columns) {
      sample_.columns.push_back(column.name);
      sample_.types.push_back({.type = column.type});
    }
    sizes_.resize(columns.size());
    sample_.missing.resize(columns.size());
  }

  bool is_full() const { return sample_.rows.size() >= most_rows_ || sample_.bytes >= most_bytes_; }
  TextSample& sample() { return sample_; }

  void Add(const TypedRow& row) {
    std::vector<std::string>& texts = sample_.rows.emplace_back(row.size());
    for (uint32_t c = 0; c < row.size(); ++c) {
      const TypedCell cell = row[c];
      if (sample_.types[c].type.kind == ValueKind::kUnsupported) continue;
      if (cell.column->is_list()) {
        sizes_[c].push_back(AddList(cell, c, &texts[c]));
        sample_.types[c].most_values = std::max(sample_.types[c].most_values, sizes_[c].back());
      } else {
        AppendValueText(*cell.column, cell.row, *rules_, &texts[c], &sample_.missing[c]);
      }
    }
    sample_.CountBytes();
  }

  TextSample Take() {
    std::set<std::string> taken;  // lists of ids that have their values: of several, the first
    for (uint32_t c = 0; c < sizes_.size(); ++c) {
      if (sample_.types[c].type.kind != ValueKind::kNumber || !sample_.types[c].is_list()) continue;
      const std::string ids = IdsOf(c);
      if (taken.insert(ids).second) sample_.types[c].values_of = ids;
    }
    return std::move(sample_);
  }

 private:
  uint64_t AddList(const TypedCell& cell, uint32_t c, std::string* out) {
    const ValueColumn::Span span = cell.column->List(cell.row);
    const auto size = static_cast<uint64_t>(span.size());
    const ColumnType& type = sample_.types[c].type;
    const bool has_no_ids = type.kind == ValueKind::kNumber || type.kind == ValueKind::kTime;
    if (has_no_ids && (type.shape != ColumnShape::kFew || size > 1)) return size;
    MissingTexts* const missing = &sample_.missing[c];
    for (int64_t i = span.begin; i < span.end; ++i) {
      if (i > span.begin) out->push_back('|');
      AppendValueText(cell.column->elements(), i, *rules_, out, missing);
      if (!cell.column->has_values()) continue;
      out->push_back(':');
      AppendValueText(cell.column->values(), i, *rules_, out, missing);
    }
    return size;
  }

  // The list of ids whose name the name of these numbers begins with, and that has as many of them
  // in every row.
  std::string IdsOf(uint32_t values) const {
    for (uint32_t c = 0; c < sizes_.size(); ++c) {
      const TypedNature& ids = sample_.types[c];
      const bool of_ids = ids.is_list() && ids.type.shape != ColumnShape::kPairs &&
                          ids.type.kind != ValueKind::kNumber;
      if (c != values && of_ids && sample_.columns[values].starts_with(sample_.columns[c]) &&
          sizes_[c] == sizes_[values]) {
        return sample_.columns[c];
      }
    }
    return "";
  }

  const uint64_t most_rows_, most_bytes_;
  std::optional<CellRules> rules_;
  TextSample sample_;
  std::vector<std::vector<uint64_t>> sizes_;  // [column][row], of lists
};

Result<TextSample> SampleOfColumns(const RowInputs& rows, uint64_t most_rows, uint64_t most_bytes) {
  const std::vector<ColumnInput> inputs = ColumnInputsOf(rows);
  auto first = inputs[0].open();
  if (!first.ok()) return first.status().Annotate(inputs[0].name);
  const std::vector<TypedColumn> columns = (*first)->columns();
  std::vector<uint32_t> all(columns.size());
  std::iota(all.begin(), all.end(), 0u);
  // A struct has no values that are read, and one of nothing but those no column.
  std::erase_if(all, [&](uint32_t c) { return columns[c].type.kind == ValueKind::kUnsupported; });
  Taker taker(columns, most_rows, most_bytes);
  if (all.empty()) return taker.Take();
  ASSIGN_OR_RETURN(const auto reader,
                   BatchReader::Create(inputs, columns, std::move(first).value(), all, false));
  while (!taker.is_full()) {
    ASSIGN_OR_RETURN(const auto batch, reader->Next());
    taker.sample().whole = batch == nullptr;
    if (batch == nullptr) break;
    for (int64_t row = 0; row < batch->rows && !taker.is_full(); ++row) {
      taker.Add(TypedRow(batch->columns, row));
    }
  }
  return taker.Take();
}

Result<TextSample> SampleOfExamples(const RowInputs& rows, uint64_t most_rows,
                                    uint64_t most_bytes) {
  const ExampleFeatures& features = rows.features;
  const auto table = NewExampleRows(rows.inputs, features);  // which knows their types
  std::vector<TypedColumn> columns;
  for (size_t c = 0; c < features.names.size(); ++c) {
    columns.push_back({features.names[c], table->types()[c]});
  }
  std::vector<uint32_t> all(columns.size());
  std::iota(all.begin(), all.end(), 0u);
  ExampleColumns values(features.names, features.kinds, all);
  Taker taker(columns, most_rows, most_bytes);
  RecordTable records(rows.inputs);
  bool ended = false;
  while (!ended && !taker.is_full()) {
    values.Clear();
    std::vector<bool> good;
    for (int i = 0; i < kExamplesAtOnce && !ended; ++i) {
      std::string_view record;
      ASSIGN_OR_RETURN(const bool got, records.Next(&record));
      ended = !got;
      if (got) good.push_back(values.Add(record).ok());
    }
    const std::vector<ValueColumn>& batch = values.columns();
    size_t row = 0;
    for (; row < good.size() && !taker.is_full(); ++row) {
      if (good[row]) taker.Add(TypedRow(batch, static_cast<int64_t>(row)));
      if (!good[row]) ++taker.sample().malformed;
    }
    taker.sample().whole = ended && row == good.size();
  }
  return taker.Take();
}

}  // namespace

Result<TextSample> TakeTypedSample(Content content, const std::vector<TextInput>& inputs,
                                   uint64_t most_rows, uint64_t most_bytes) {
  RowInputs rows;
  rows.content = content;
  rows.inputs = inputs;
  if (content == Content::kTfRecord) {
    ASSIGN_OR_RETURN(rows.features, LookAtExamples(inputs, {}));
  }
  ASSIGN_OR_RETURN(TextSample sample, rows.content == Content::kTfRecord
                                          ? SampleOfExamples(rows, most_rows, most_bytes)
                                          : SampleOfColumns(rows, most_rows, most_bytes));
  if (!sample.rows.empty()) return sample;
  return InvalidArgument(StrCat(rows.inputs[0].name, ": found no row"));
}

}  // namespace chorus::worker
