#include "worker/import/schema_guess.h"

#include "common/strings.h"
#include "worker/import/boolean_columns.h"
#include "worker/import/cell_text.h"
#include "worker/import/column_index.h"
#include "worker/import/delimited_row.h"
#include "worker/import/label_leak.h"

namespace chorus::worker {
namespace {

class Guesser {
 public:
  explicit Guesser(const TextSample& sample) : sample_(sample) {
    guess_.rows = sample.rows.size();
    guess_.samples.resize(sample.columns.size());
    for (const auto& row : sample.rows) {
      for (size_t c = 0; c < row.size(); ++c) guess_.samples[c].Add(row[c]);
    }
    for (const std::string& name : sample.columns) guess_.columns.push_back({.name = name});
    taken_.resize(sample.columns.size(), false);
    booleans_.emplace(sample, guess_.samples);
    for (const uint32_t c : booleans_->columns()) guess_.columns[c].is_boolean = true;
    for (uint32_t c = 0; c < sample.types.size(); ++c) TakeTyped(c);
  }

  Result<SchemaGuess> Guess(const NamedLabels& named) {
    RETURN_IF_ERROR(TakeNamed("--click", named.click, ColumnRole::kClick));
    RETURN_IF_ERROR(TakeNamed("--conversion", named.conversion, ColumnRole::kConversion));
    if (named.conversion.empty()) Assign(ColumnRole::kConversion);
    if (named.click.empty()) Assign(ColumnRole::kClick);
    if (!guess_.Of(ColumnRole::kClick)) AssignUnnamedLabel();
    AssignNestedLabels();
    for (const ColumnRole role :
         {ColumnRole::kRowId, ColumnRole::kTime, ColumnRole::kGroup, ColumnRole::kWeight}) {
      Assign(role);
      if (role == ColumnRole::kRowId && !guess_.Of(role)) AssignUnnamedTextId();
      if (role == ColumnRole::kTime && !guess_.Of(role)) AssignOnlyDate();
    }
    for (uint32_t c = 0; c < guess_.columns.size(); ++c) GuessRest(c);
    CountLabels();
    FindLeaks();
    FindContexts();
    return std::move(guess_);
  }

 private:
  // What a type decides, whatever the cells are.
  void TakeTyped(uint32_t c) {
    const TypedNature& nature = sample_.types[c];
    GuessedColumn& column = guess_.columns[c];
    if (nature.type.kind != ValueKind::kUnsupported && !nature.is_list()) return;
    taken_[c] = true;
    column.is_boolean = false;
    if (nature.type.kind == ValueKind::kUnsupported) {
      column.remark = StrCat(nature.type.name, ", of which nothing is made");
    } else if (nature.type.kind == ValueKind::kNumber || nature.type.kind == ValueKind::kTime) {
      column.remark = nature.values_of.empty()
                          ? StrCat(nature.type.name,
                                   ", which has no ids: value_column of a slot, "
                                   "if these are the values of its ids")
                          : StrCat("value_column of ", nature.values_of);
    } else {
      column.role = ColumnRole::kSlot;
      column.is_list = true;
      // A feature of tf.Example is a list always; this one is meant.
      if (nature.type.shape == ColumnShape::kFew) column.separators.separator = ",";
      for (uint32_t v = 0; v < sample_.types.size(); ++v) {
        if (sample_.types[v].values_of == column.name) column.value_column = sample_.columns[v];
      }
      column.remark = StrCat(nature.type.name, ", up to ", nature.most_values, " in a row");
    }
  }

  Status TakeNamed(const char* option, const std::string& name, ColumnRole role) {
    if (name.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(ColumnIndex index, ColumnIndex::Make({}, false, sample_.columns));
    ASSIGN_OR_RETURN(const uint32_t column, index.Find(option, name));
    if (taken_[column] && !guess_.columns[column].is_named) {
      const TypedNature& nature = sample_.types[column];
      const bool is_few = nature.type.shape == ColumnShape::kFew;
      return InvalidArgument(StrCat(option, ": column ", Shown(name), " has ",
                                    is_few
                                        ? StrCat("up to ", nature.most_values, " values in a row")
                                        : StrCat("the type ", nature.type.name),
                                    "; expected a label, one 0 or 1 in each row"));
    }
    if (taken_[column]) {
      return InvalidArgument(StrCat("--click and --conversion name one column, ", Shown(name)));
    }
    guess_.columns[column].role = role;
    guess_.columns[column].is_named = true;
    taken_[column] = true;
    return Status::Ok();
  }

  // The first column that may have the role gets it; of times, the first that is named as nothing
  // else's than the exposure's, if there is one.
  void Assign(ColumnRole role) {
    if (role == ColumnRole::kTime) {
      AssignOne(role, true);
      if (guess_.Of(role)) return;
    }
    AssignOne(role, false);
    if (const auto time = guess_.Of(role); time && role == ColumnRole::kTime) {
      guess_.columns[*time].remark = "by its name: is it the time of the exposure?";
    }
  }

  void AssignOne(ColumnRole role, bool of_exposure) {
    for (uint32_t c = 0; c < guess_.columns.size(); ++c) {
      if (taken_[c] || !MayBe(role, guess_.columns[c].name, guess_.samples[c])) continue;
      if (of_exposure && !IsNamedAsExposureTime(guess_.columns[c].name)) continue;
      guess_.columns[c].role = role;
      // A group is a feature as well.
      taken_[c] = role != ColumnRole::kGroup;
      if (role == ColumnRole::kGroup) guess_.group = c;
      return;
    }
  }

  void AssignUnnamedLabel() {
    for (uint32_t c = 0; c < guess_.columns.size(); ++c) {
      if (taken_[c] || !MayBeUnnamedLabel(guess_.columns[c].name, guess_.samples[c])) continue;
      guess_.columns[c].role = ColumnRole::kClick;
      taken_[c] = true;
      return;
    }
  }

  // Of two columns of 0 and 1, one of which is 1 only where the other is, the outer is the click.
  void AssignNestedLabels() {
    const auto click = guess_.Of(ColumnRole::kClick);
    const auto conversion = guess_.Of(ColumnRole::kConversion);
    std::vector<bool> free(taken_.size());
    for (size_t c = 0; c < free.size(); ++c) free[c] = !taken_[c];
    if (click && conversion) return;
    if (click) {
      if (const auto inner = booleans_->InnerOf(*click, free)) SetLabels(*click, *inner);
      return;
    }
    if (conversion) {
      if (const auto outer = booleans_->OuterOf(*conversion, free)) {
        SetLabels(*outer, *conversion);
      } else if (const auto inner = booleans_->InnerOf(*conversion, free);
                 inner && !guess_.columns[*conversion].is_named) {
        SetLabels(*conversion, *inner);
      }
      return;
    }
    for (const uint32_t c : booleans_->columns()) {
      const auto outer = free[c] ? booleans_->OuterOf(c, free) : std::nullopt;
      if (!outer) continue;
      SetLabels(*outer, booleans_->InnerOf(*outer, free).value_or(c));
      return;
    }
  }

  void SetLabels(uint32_t click, uint32_t conversion) {
    guess_.columns[click].role = ColumnRole::kClick;
    guess_.columns[conversion].role = ColumnRole::kConversion;
    guess_.columns[conversion].remark =
        StrCat("is 1 only where ", guess_.columns[click].name, " is");
    taken_[click] = taken_[conversion] = true;
  }

  // The only one of its kind, under whatever name.
  void AssignUnnamedTextId() {
    std::optional<uint32_t> only;
    for (uint32_t c = 0; c < guess_.columns.size(); ++c) {
      if (taken_[c] || !MayBeUnnamedTextId(guess_.samples[c])) continue;
      if (only) return;
      only = c;
    }
    if (!only) return;
    guess_.columns[*only].role = ColumnRole::kRowId;
    taken_[*only] = true;
  }

  void AssignOnlyDate() {
    std::optional<uint32_t> only;
    for (uint32_t c = 0; c < guess_.columns.size(); ++c) {
      const ColumnSample& seen = guess_.samples[c];
      if (taken_[c] || !seen.all_dates() || seen.missing_share() > 0 || seen.constant()) continue;
      if (only) return;
      only = c;
    }
    if (!only) return;
    guess_.columns[*only].role = ColumnRole::kTime;
    guess_.columns[*only].remark = "the only column of dates: that of the exposure?";
    taken_[*only] = true;
  }

  void GuessRest(uint32_t c) {
    if (taken_[c]) return;
    GuessedColumn& column = guess_.columns[c];
    if (column.name.empty() || column.name.starts_with("Unnamed: ")) {
      column.remark = "no name: the index of pandas?";
      return;
    }
    FeatureRole feature = GuessFeature(column.name, guess_.samples[c]);
    for (const ColumnRole label : {ColumnRole::kClick, ColumnRole::kConversion}) {
      if (guess_.Of(label) || !column.outcome.empty()) continue;
      column.outcome = OutcomeOf(label, column.name, guess_.samples[c]);
    }
    if (!column.outcome.empty()) feature = {ColumnRole::kExcluded, column.outcome};
    column.is_respelt = column.outcome.empty() && feature.role == ColumnRole::kExcluded &&
                        HoldsRespeltNumbers(column.name, guess_.samples[c]);
    column.remark = feature.why;
    column.role = c == guess_.group && feature.role != ColumnRole::kExcluded ? ColumnRole::kSlot
                                                                             : feature.role;
    if (column.role == ColumnRole::kSlot && c != guess_.group) {
      column.separators = guess_.samples[c].GuessSeparators();
      if (!column.separators.separator.empty() && column.remark.empty()) {
        column.remark = StrCat("lists, as in ", Shown(guess_.samples[c].ListLike()));
        if (guess_.samples[c].ArePositions(column.separators.separator)) {
          column.remark +=
              ": a position? Its numbers are ids here; in columns of their own they "
              "are numerics";
        }
      }
    }
    if (column.role == ColumnRole::kSlot && column.is_boolean) {
      column.remark = "0 and 1 alone: a label, known only later? Then exclude it";
    }
    const ColumnSample& seen = guess_.samples[c];
    // Amounts of money and counts are spread over orders of magnitude.
    column.log_transform = column.role == ColumnRole::kNumeric && seen.least() >= 0 &&
                           seen.most() > 100 * (1 + seen.least());
  }

  // Label columns that say 1 in this row.
  bool Label(std::optional<uint32_t> column, const std::vector<std::string>& row) const {
    return column && LabelFromText(row[*column]).value_or(0) == 1;
  }

  void CountLabels() {
    const auto click = guess_.Of(ColumnRole::kClick);
    const auto conversion = guess_.Of(ColumnRole::kConversion);
    for (const auto& row : sample_.rows) {
      guess_.clicks += Label(click, row) ? 1 : 0;
      guess_.conversions += Label(conversion, row) ? 1 : 0;
    }
  }

  void FindLeaks() {
    // What is there only for conversions is there only for clicks too: the narrower is said.
    for (const ColumnRole role : {ColumnRole::kConversion, ColumnRole::kClick}) {
      const auto label = guess_.Of(role);
      if (!label) continue;
      for (uint32_t c = 0; c < guess_.columns.size(); ++c) {
        GuessedColumn& column = guess_.columns[c];
        // A date is no feature anyway, and its name may say what it leaks: "paid_at".
        const bool feature =
            column.role == ColumnRole::kSlot || column.role == ColumnRole::kNumeric ||
            (column.role == ColumnRole::kExcluded && guess_.samples[c].all_dates());
        if (!feature || c == guess_.group) continue;
        LabelLeak leak;
        for (const auto& row : sample_.rows) leak.Add(row[c], Label(label, row));
        const std::string how = leak.Describe();
        if (how.empty()) continue;
        column.leak = StrCat(how, " (", guess_.columns[*label].name, ")");
        column.role = ColumnRole::kExcluded;
      }
    }
  }

  void FindContexts() {
    if (!guess_.group || guess_.columns[*guess_.group].role != ColumnRole::kSlot) return;
    std::vector<bool> features;
    for (const GuessedColumn& column : guess_.columns) {
      features.push_back(column.role == ColumnRole::kSlot || column.role == ColumnRole::kNumeric);
    }
    guess_.contexts = GuessContexts(sample_, guess_.samples, *guess_.group,
                                    guess_.Of(ColumnRole::kTime), features);
    for (size_t c = 0; c < guess_.columns.size(); ++c) {
      guess_.columns[c].context = guess_.contexts.columns[c];
    }
  }

  const TextSample& sample_;
  SchemaGuess guess_;
  std::vector<bool> taken_;
  std::optional<BooleanColumns> booleans_;
};

}  // namespace

std::optional<uint32_t> SchemaGuess::Of(ColumnRole role) const {
  for (uint32_t c = 0; c < columns.size(); ++c) {
    if (columns[c].role == role) return c;
  }
  return std::nullopt;
}

Result<SchemaGuess> GuessSchema(const TextSample& sample, const NamedLabels& named) {
  return Guesser(sample).Guess(named);
}

}  // namespace chorus::worker
