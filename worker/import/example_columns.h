#pragma once
// Records of tf.Example as a batch of columns: a feature is a column of lists, missing where a
// record does not have it. Thread safety: none; one thread decodes.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"
#include "worker/columns/column.h"
#include "worker/import/example_reader.h"
#include "worker/import/unread_fields.h"

namespace chorus::worker {

class ExampleColumns {
 public:
  // names: of the columns, each once.  kinds: [names], kNone where it is not known yet.  read: the
  // columns whose values are wanted; the others stay empty.
  ExampleColumns(const std::vector<std::string>& names, std::vector<FeatureKind> kinds,
                 const std::vector<uint32_t>& read);

  // Forgets all records.
  void Clear();
  // Adds a record as a row.  Error: kInvalidArgument, says why the record is malformed; the row is
  // there, and its values are of no use.
  Status Add(std::string_view record);
  // Views of what was added since Clear, valid until the next call of Add or Clear.
  const std::vector<ValueColumn>& columns();
  // Features that have no column, counted since the last call.
  UnreadFields TakeUnread() { return std::exchange(unread_, {}); }

 private:
  // The values of one column: as FeatureValues takes them, and as ValueColumn lays them out.
  class Values final : public FeatureValues {
   public:
    void Clear(FeatureKind kind);
    void EndRow();
    ValueColumn View() const;
    FeatureKind kind() const { return kind_; }
    FeatureKind refused() const { return refused_; }

    bool Begin(FeatureKind kind) override;
    void AddBytes(std::string_view value) override {
      bytes_.append(value);
      text_ends_.push_back(static_cast<int64_t>(bytes_.size()));
    }
    void AddFloat(float value) override { floats_.push_back(value); }
    void AddInteger(int64_t value) override { integers_.push_back(value); }

   private:
    FeatureKind kind_ = FeatureKind::kNone;
    FeatureKind refused_ = FeatureKind::kNone;  // what came in place of kind_
    std::vector<int64_t> integers_;
    std::vector<float> floats_;
    std::string bytes_;
    std::vector<int64_t> text_ends_ = {0};
    std::vector<int64_t> row_ends_ = {0};
  };

  Status AddFeature(const RawFeature& feature);

  const std::vector<FeatureKind> kinds_;
  std::map<std::string, uint32_t, std::less<>> by_name_;
  std::vector<bool> is_read_;  // [columns]
  std::vector<uint32_t> read_;
  std::vector<Values> values_;     // [columns]
  std::vector<uint64_t> seen_in_;  // [columns]: the last row (from 1) that had the feature
  uint64_t row_ = 0;               // the row that is being added, from 1; Clear does not reset it
  std::vector<ValueColumn> columns_;
  UnreadFields unread_;
};

}  // namespace chorus::worker
