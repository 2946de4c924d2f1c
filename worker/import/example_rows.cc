#include "worker/import/example_rows.h"

#include <map>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/chunk_filler.h"
#include "worker/import/delimited_row.h"
#include "worker/import/example_columns.h"
#include "worker/import/line_piece.h"
#include "worker/import/record_table.h"
#include "worker/import/typed_cells.h"

namespace chorus::worker {
namespace {

// Notes the kind of a feature alone.
class KindOfFeature final : public FeatureValues {
 public:
  FeatureKind kind = FeatureKind::kNone;
  bool Begin(FeatureKind found) override {
    kind = found;
    return false;
  }
  void AddBytes(std::string_view /*value*/) override {}
  void AddFloat(float /*value*/) override {}
  void AddInteger(int64_t /*value*/) override {}
};

ColumnType TypeOf(FeatureKind kind) {
  const ValueKind value = kind == FeatureKind::kBytes      ? ValueKind::kText
                          : kind == FeatureKind::kFloats   ? ValueKind::kNumber
                          : kind == FeatureKind::kIntegers ? ValueKind::kInteger
                                                           : ValueKind::kNothing;
  return {.kind = value, .shape = ColumnShape::kFew, .name = std::string(NameOf(kind))};
}

class ExampleParser final : public PieceParser {
 public:
  ExampleParser(const RowTable& table, const ExampleFeatures& features, const ColumnPlan& plan)
      : table_(table), columns_(features.names, features.kinds, ColumnsRead(plan)), filler_(plan) {}

  void Parse(const RowPiece& piece, const TimeKinds& kinds, ParsedChunk* out) override {
    const LineChunk& records = LinesOf(piece);
    columns_.Clear();
    malformed_.clear();
    for (size_t i = 0; i < records.lines.size(); ++i) {
      if (i == 1 && records.has_prologue) columns_.TakeUnread();
      malformed_.push_back(columns_.Add(records.text_of(i)));
    }
    filler_.Begin(kinds, out);
    const std::vector<ValueColumn>& columns = columns_.columns();
    if (records.has_prologue && malformed_[0].ok()) filler_.AddPrologue(TypedRow(columns, 0));
    const auto count = static_cast<uint32_t>(records.lines.size());
    for (uint32_t i = records.has_prologue ? 1 : 0; i < count; ++i) {
      filler_.Add(TypedRow(columns, i), malformed_[i], i, [&] { return table_.PlaceOf(piece, i); });
    }
    filler_.End();
    out->unread = columns_.TakeUnread();
  }

 private:
  const RowTable& table_;
  ExampleColumns columns_;
  std::vector<Status> malformed_;  // [records]
  ChunkFiller<TypedCells> filler_;
};

class ExampleRows final : public RowTable {
 public:
  ExampleRows(const std::vector<TextInput>& inputs, ExampleFeatures features)
      : records_(inputs), features_(std::move(features)) {
    for (const FeatureKind kind : features_.kinds) types_.push_back(TypeOf(kind));
  }

  const std::vector<std::string>& columns() const override { return features_.names; }
  const std::vector<ColumnType>& types() const override { return types_; }
  Status Begin(const ColumnPlan& /*plan*/) override { return Status::Ok(); }

  Result<bool> NextPiece(std::unique_ptr<RowPiece>* piece) override {
    return records_.NextRecords(kChunkBytes, LinesFor(piece));
  }

  Result<uint64_t> CountRows(const std::function<void(uint64_t)>& show) override {
    uint64_t rows = 0;
    std::string_view record;
    while (true) {
      ASSIGN_OR_RETURN(const bool got, records_.Next(&record));
      if (!got) return rows;
      show(++rows);
    }
  }

  std::unique_ptr<PieceParser> NewParser(const ColumnPlan& plan) const override {
    return std::make_unique<ExampleParser>(*this, features_, plan);
  }
  std::string PlaceOf(const RowPiece& piece, uint32_t place) const override {
    return records_.PlaceOf(LinesOf(piece).lines[place]);
  }
  SkippedText skipped() const override { return {.empty_inputs = records_.empty_inputs()}; }

 private:
  RecordTable records_;
  const ExampleFeatures features_;
  std::vector<ColumnType> types_;
};

// The features of the first `sample` records. whole: there are no others.
Result<std::map<std::string, FeatureKind>> Look(const std::vector<TextInput>& inputs,
                                                uint64_t sample, bool* whole) {
  std::map<std::string, FeatureKind> found;
  RecordTable records(inputs);
  std::string_view record;
  for (uint64_t i = 0; i < sample; ++i) {
    ASSIGN_OR_RETURN(const bool got, records.Next(&record));
    *whole = !got;
    if (!got) break;
    // A malformed one is told when its row is read.
    const Status passed_over = ForEachFeature(record, [&](const RawFeature& feature) {
      FeatureKind& kind = found[std::string(feature.name)];
      KindOfFeature reader;
      if (kind == FeatureKind::kNone) ReadFeature(feature, &reader);
      if (reader.kind != FeatureKind::kNone) kind = reader.kind;
      return Status::Ok();
    });
  }
  return found;
}

}  // namespace

Result<ExampleFeatures> LookAtExamples(const std::vector<TextInput>& inputs,
                                       const std::vector<std::string>& named, uint64_t sample) {
  bool whole = false;
  ASSIGN_OR_RETURN(auto found, Look(inputs, sample, &whole));
  if (found.empty() && whole) {
    return InvalidArgument(StrCat(inputs[0].name, ": found no record with features",
                                  inputs.size() > 1 ? ", nor in any other input" : ""));
  }
  for (const std::string& name : whole ? std::vector<std::string>() : named) {
    if (!found.emplace(name, FeatureKind::kNone).second) continue;
    LogWarning("no record of the first ", sample, " has the feature ", Shown(name),
               " that the schema names: where it is not, it is missing");
  }
  ExampleFeatures features;
  for (const auto& [name, kind] : found) {
    features.names.push_back(name);
    features.kinds.push_back(kind);
  }
  return features;
}

std::unique_ptr<RowTable> NewExampleRows(const std::vector<TextInput>& inputs,
                                         ExampleFeatures features) {
  return std::make_unique<ExampleRows>(inputs, std::move(features));
}

}  // namespace chorus::worker
