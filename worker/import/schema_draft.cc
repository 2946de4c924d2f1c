#include "worker/import/schema_draft.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "common/shell_word.h"
#include "common/strings.h"
#include "common/uri.h"
#include "worker/import/cell_text.h"
#include "worker/import/delimited_row.h"
#include "worker/import/draft_folders.h"
#include "worker/import/draft_text.h"
#include "worker/import/inputs.h"
#include "worker/import/row_inputs.h"
#include "worker/import/schema_doubts.h"
#include "worker/import/schema_guess.h"
#include "worker/import/suggested_splits.h"
#include "worker/import/typed_sample.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kBlocksWanted = 64;  // of a small text: a step reads blocks of their own

class Draft {
 public:
  Draft(Content content, const TextSample& sample, const DraftOptions& options, SchemaGuess guess,
        DraftFolders folders)
      : content_(content),
        sample_(sample),
        options_(options),
        guess_(std::move(guess)),
        splits_(SuggestSplits(sample, guess_.Of(ColumnRole::kTime))),
        folders_(std::move(folders)) {}

  SchemaDraft Write() {
    SchemaDraft draft;
    draft.schema =
        Head() + Labels() + Others() + Features(true) + Features(false) + Cross() + Excluded();
    if (const uint64_t rows = BlockRows(); rows > 0) {
      draft.schema += Commented(StrCat("block_rows: ", rows),
                                "a small text: so that it has blocks "
                                "to shuffle");
    }
    draft.job = Job();
    draft.warnings = DoubtsOfDraft(sample_, guess_);
    draft.reads = WhatItReads();
    draft.import_command = ImportCommand();
    return draft;
  }

 private:
  std::string Head() const {
    std::string out =
        StrCat("# Drafted by chorus schema from ", sample_.whole ? "all " : "the first ",
               guess_.rows, " rows of ", ShownArguments(options_.inputs),
               ". Read it through; then\n#   ", ImportCommand(), "\n");
    out += TimeHint();
    out +=
        StrCat("# With a part that chooses among settings and checkpoints, and never tests:\n#   ",
               splits_.three, "\n");
    return out + Format() + MissingMarkers() + "\n";
  }

  std::string Format() const {
    if (content_ == Content::kParquet) return "format: PARQUET\n";
    if (content_ == Content::kOrc) return "format: ORC\n";
    if (content_ == Content::kTfRecord) return "format: TFRECORD\n";
    std::string out =
        StrCat("delimiter: ", QuotedForProto(std::string(1, sample_.format.delimiter)), "\n");
    if (!sample_.format.header) out += "header: false\n";
    if (sample_.format.escape != '\0') {
      out += StrCat("escape: ", QuotedForProto(std::string(1, sample_.format.escape)), "\n");
    }
    return out;
  }

  std::string TimeHint() const {
    const auto time = guess_.Of(ColumnRole::kTime);
    if (!time || sample_.whole) return "";
    return StrCat("# To test on a later time: --split-by-time ", sample_.columns[*time],
                  ":TIME in place of --split, TIME in the column's own unit.\n");
  }

  std::string BadRowsOption() const {
    if (sample_.malformed == 0) return "";
    constexpr uint64_t kOfTheRest = 100;  // times as many, where the text goes on
    return StrCat(" --max-bad-rows ", sample_.malformed * (sample_.whole ? 1 : kOfTheRest));
  }

  // With those that are read so without being named: what a schema names replaces them.
  std::string MissingMarkers() const {
    std::vector<std::string> found;
    const auto add = [&](const std::vector<std::string>& markers) {
      for (const std::string& marker : markers) {
        if (std::find(found.begin(), found.end(), marker) == found.end()) found.push_back(marker);
      }
    };
    for (uint32_t c = 0; c < guess_.columns.size(); ++c) {
      const GuessedColumn& column = guess_.columns[c];
      if (column.role == ColumnRole::kNumeric) add(guess_.samples[c].markers());
      if (column.role == ColumnRole::kSlot) add(column.separators.markers);
    }
    if (found.empty()) return "";
    const size_t own = found.size();
    add(CellRules(ImportSchema()).markers());
    for (std::string& marker : found) marker = QuotedForProto(marker);
    return StrCat("# Texts that mean \"missing\"; the first ", own, own == 1 ? " is" : " are",
                  " this text's, the others would be read so anyway.\nmissing_marker: [",
                  Join(found, ", "), "]\n");
  }

  // ", is 1 only where clicked is"
  std::string WhyLabel(uint32_t column) const {
    const std::string& remark = guess_.columns[column].remark;
    return remark.empty() ? "" : StrCat(", ", remark);
  }

  // "1 in 4.0 % of the rows", or what the cells are that say neither 1 nor 0.
  std::string Ones(uint32_t column, uint64_t ones) const {
    const std::string& odd = guess_.samples[column].unlabelled_example();
    return StrCat("1 in ", ShareText(ones, guess_.rows), " of the rows", WhyLabel(column),
                  odd.empty() ? "" : StrCat("; ? ", Shown(odd), " is neither 0 nor 1"));
  }

  // The columns of 0 and 1 that are no label, for whoever knows better.
  std::string OtherLabels() const {
    std::vector<std::string> names;
    for (const GuessedColumn& column : guess_.columns) {
      const bool label =
          column.role == ColumnRole::kClick || column.role == ColumnRole::kConversion;
      if (column.is_boolean && !label) names.push_back(QuotedForProto(column.name));
    }
    if (names.empty()) return "";
    return StrCat("# Other columns of 0 and 1: ", Join(names, ", "), "\n");
  }

  std::string Labels() const {
    const auto click = guess_.Of(ColumnRole::kClick);
    const auto conversion = guess_.Of(ColumnRole::kConversion);
    std::string out =
        click ? Commented(StrCat("click: ", QuotedForProto(sample_.columns[*click])),
                          Ones(*click, guess_.clicks))
              : Commented(
                    "click: \"\"",
                    "? no column of 0 and 1 has a name like click: fill it in, or --click COLUMN");
    out += conversion
               ? Commented(StrCat("conversion: ", QuotedForProto(sample_.columns[*conversion])),
                           Ones(*conversion, guess_.conversions))
               : "# conversion: none is found (--conversion COLUMN names one); without it "
                 "the log has clicks "
                 "alone\n";
    return out + OtherLabels() + "\n";
  }

  std::string Others() const {
    std::string out;
    const auto add = [&](ColumnRole role, const char* field, const char* comment) {
      if (const auto column = guess_.Of(role)) {
        out += Commented(StrCat(field, ": ", QuotedForProto(sample_.columns[*column])), comment);
      }
    };
    const auto row_id = guess_.Of(ColumnRole::kRowId);
    const bool texts = row_id.has_value() && !guess_.samples[*row_id].all_integers();
    if (row_id) {
      const ColumnSample& ids = guess_.samples[*row_id];
      const uint64_t repeated = ids.cells() - ids.values();
      out += Commented(StrCat("row_id: ", QuotedForProto(sample_.columns[*row_id])),
                       StrCat(texts ? "a text" : "an integer", " of its own in every row",
                              repeated > 0 ? StrCat(", but for ", repeated) : ""));
    }
    if (texts) out += Commented("row_id_text: true", "kept as it is; predict writes it first");
    if (guess_.group) {
      out += Commented(StrCat("group: ", QuotedForProto(sample_.columns[*guess_.group])),
                       "for metrics by user");
    }
    const auto time = guess_.Of(ColumnRole::kTime);
    add(ColumnRole::kTime, "time", time ? guess_.columns[*time].remark.c_str() : "");
    add(ColumnRole::kWeight, "weight", "of the exposure in the loss");
    return out.empty() ? out : out + "\n";
  }

  std::string Features(bool context) const {
    std::string out;
    for (uint32_t c = 0; c < guess_.columns.size(); ++c) {
      const GuessedColumn& column = guess_.columns[c];
      if (column.context != context) continue;
      if (column.role == ColumnRole::kSlot) out += SlotLine(c);
      if (column.role == ColumnRole::kNumeric) out += NumericLine(c);
    }
    if (out.empty() || !context) return out;
    char shared[64];
    std::snprintf(shared, sizeof(shared), "%.1f", guess_.contexts.rows_per_context);
    return StrCat("# Equal in all rows of a ", guess_.contexts.of_request ? "request" : "user",
                  ", which follow one another: stored once for ", shared, " rows.\n", out,
                  "# Of the single row.\n");
  }

  // An example of two slots that may be crossed, which is no more than that.
  std::string Cross() const {
    constexpr uint64_t kMostValues = 100000;
    std::vector<std::string> slots;
    for (uint32_t c = 0; c < guess_.columns.size() && slots.size() < 2; ++c) {
      const GuessedColumn& column = guess_.columns[c];
      const uint64_t values = guess_.samples[c].values();
      if (column.role != ColumnRole::kSlot || column.is_list) continue;
      if (!column.separators.separator.empty()) continue;
      if (values < 2 || values > kMostValues) continue;
      slots.push_back(StrCat(" slot: ", QuotedForProto(column.name)));
    }
    if (slots.size() < 2) return "";
    return Commented(StrCat("# cross {", slots[0], slots[1], " min_count: 5 }"),
                     "their pairs as ids of a slot of its own");
  }

  std::string SlotLine(uint32_t c) const {
    const GuessedColumn& column = guess_.columns[c];
    std::string line = StrCat("slot { column: ", QuotedForProto(column.name));
    if (column.context) line += " context: true";
    if (!column.separators.separator.empty()) {
      line += StrCat(" separator: ", QuotedForProto(column.separators.separator));
    }
    if (!column.separators.value_separator.empty()) {
      line += StrCat(" value_separator: ", QuotedForProto(column.separators.value_separator));
    }
    if (!column.value_column.empty()) {
      line += StrCat(" value_column: ", QuotedForProto(column.value_column));
    }
    return Commented(line + " }", Remark(c));
  }

  std::string NumericLine(uint32_t c) const {
    const GuessedColumn& column = guess_.columns[c];
    return Commented(StrCat("numeric { column: ", QuotedForProto(column.name),
                            column.context ? " context: true" : "",
                            column.log_transform ? " transform: LOG_STANDARD" : "", " }"),
                     Remark(c));
  }

  // ": 'NA' is read so"; "" where cells are missing as empty ones alone.
  std::string TextOfMissing(uint32_t c) const {
    const std::map<std::string, uint64_t>& texts = sample_.missing[c];
    const auto most =
        std::max_element(texts.begin(), texts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == texts.end() ? "" : StrCat(": ", Shown(most->first), " is read so");
  }

  // "291 values, 3.0 % missing; has decimals"
  std::string Remark(uint32_t c) const {
    const ColumnSample& seen = guess_.samples[c];
    std::string out = StrCat(seen.values_are_all() ? "" : "over ", seen.values(), " values");
    if (guess_.columns[c].role == ColumnRole::kNumeric) {
      out = StrCat(seen.least(), " to ", seen.most());
    }
    if (!sample_.types.empty()) out = StrCat(sample_.types[c].type.name, ", ", out);
    if (guess_.columns[c].is_list) out = guess_.columns[c].remark;
    if (seen.missing_share() > 0) {
      out += StrCat(", ", ShareText(seen.cells() - seen.filled(), seen.cells()), " missing",
                    TextOfMissing(c));
    }
    if (!guess_.columns[c].remark.empty() && !guess_.columns[c].is_list)
      out += StrCat("; ", guess_.columns[c].remark);
    if (guess_.columns[c].context && guess_.contexts.changes[c] > 0) {
      out += StrCat("; differs from the row before it in ", ShareText(guess_.contexts.changes[c]),
                    " of them, which begins a new context");
    }
    return out;
  }

  // Whether some slot takes the values of its ids from the column.
  bool HasValues(const GuessedColumn& column) const {
    return std::any_of(guess_.columns.begin(), guess_.columns.end(), [&](const auto& slot) {
      return !column.name.empty() && slot.value_column == column.name;
    });
  }

  std::string Excluded() const {
    std::string out;
    for (const GuessedColumn& column : guess_.columns) {
      if (column.role != ColumnRole::kExcluded || column.name.empty()) continue;
      if (HasValues(column)) continue;
      out += Commented(StrCat("exclude: ", QuotedForProto(column.name)),
                       column.leak.empty() ? column.remark : "LEAK? " + column.leak);
    }
    return out.empty() ? out : "\n" + out;
  }

  // 0: the default will do.
  uint64_t BlockRows() const {
    constexpr uint64_t kDefault = 2048, kFewest = 16;
    if (!sample_.whole || guess_.rows >= kDefault * kBlocksWanted) return 0;
    return std::max(kFewest, guess_.rows / kBlocksWanted);
  }

  std::string Job() const {
    const bool conversions = guess_.Of(ColumnRole::kConversion).has_value();
    const std::string job = options_.job_name.empty() ? "THIS" : ShellWord(options_.job_name);
    const auto in_log = [&](const char* part) { return QuotedForProto(folders_.log + part); };
    const auto in_run = [&](const char* part) { return QuotedForProto(folders_.run + part); };
    return StrCat(
        "# Drafted by chorus schema. Every field, its unit and its default: chorus train "
        "--print-config\n#   chorus train --config ",
        job, "\n#   chorus report ", ShellWord(folders_.run),
        "\n# Step, rates and where logits start fit the log; the same command with "
        "--print-config says what and why.\nseed: 1\ndata { log: ",
        in_log("/train"), " }\n",
        conversions ? "objective { esmm { } }   # configs/train has the other methods\n"
                    : "# No conversions: the CTR net alone learns.\nobjective { base { w_ctr: 1 "
                      "w_cvr: 0 } }\n",
        "# What chooses (evaluate.every_steps with checkpoint.best and patience, sweeps of chorus "
        "compare)\n# reads a part of its own, ",
        folders_.log,
        "/validation: ", options_.schema_name.empty() ? "the schema" : options_.schema_name,
        " has a ", splits_.three.substr(0, splits_.three.find(' ')),
        " that makes one.\nevaluate { log: ", in_log("/test"),
        " }\ncheckpoint { directory: ", in_run("/checkpoints"),
        " }\nreport { metrics: ", in_run("/metrics.jsonl"), " every_steps: 20 }\n");
  }

  // "click 'clicked', conversion 'sale', 5 slots, 1 numeric; 2 columns are excluded".
  std::string WhatItReads() const {
    const auto click = guess_.Of(ColumnRole::kClick);
    const auto conversion = guess_.Of(ColumnRole::kConversion);
    const auto count = [&](ColumnRole role, const char* one) {
      const auto columns = std::count_if(
          guess_.columns.begin(), guess_.columns.end(),
          [&](const auto& column) { return column.role == role && !HasValues(column); });
      return StrCat(columns, " ", one, columns == 1 ? "" : "s");
    };
    return StrCat(
        click ? StrCat("click ", Shown(sample_.columns[*click])) : "no click yet", ", ",
        conversion ? StrCat("conversion ", Shown(sample_.columns[*conversion])) : "no conversion",
        ", ", count(ColumnRole::kSlot, "slot"), ", ", count(ColumnRole::kNumeric, "numeric"),
        "; left out: ", count(ColumnRole::kExcluded, "column"));
  }

  std::string ImportCommand() const {
    return StrCat("chorus import --schema ",
                  options_.schema_name.empty() ? "THIS" : ShellWord(options_.schema_name), " ",
                  splits_.two, BadRowsOption(), " --output ", ShellWord(folders_.log), " ",
                  ShownArguments(options_.inputs));
  }

  const Content content_;
  const TextSample& sample_;
  const DraftOptions& options_;
  const SchemaGuess guess_;
  const SuggestedSplits splits_;
  const DraftFolders folders_;
};

}  // namespace

Result<SchemaDraft> DraftSchema(FileSystem& files, const DraftOptions& options) {
  for (const std::string& path : options.inputs) {
    if (path != "-") continue;
    return InvalidArgument(
        "standard input is read once, and a draft needs its text twice: name a "
        "file (packed ones are unpacked)");
  }
  constexpr int kNoStandardInput = -1;
  ASSIGN_OR_RETURN(const std::vector<TextInput> inputs,
                   MakeInputs(files, options.inputs, kNoStandardInput, ""));
  ASSIGN_OR_RETURN(const Content content, ContentOfAll(ImportSchema(), inputs));
  ASSIGN_OR_RETURN(const TextSample sample,
                   content == Content::kText
                       ? TakeSample(inputs, options.sample_rows)
                       : TakeTypedSample(content, inputs, options.sample_rows));
  ASSIGN_OR_RETURN(SchemaGuess guess,
                   GuessSchema(sample, {.click = options.click, .conversion = options.conversion}));
  return Draft(content, sample, options, std::move(guess),
               FoldersOfDraft(files, options.schema_name))
      .Write();
}

}  // namespace chorus::worker
