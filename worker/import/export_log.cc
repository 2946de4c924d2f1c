#include "worker/import/export_log.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "common/config.h"
#include "common/output_file.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/key_id.h"
#include "worker/import/packed_text.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

namespace {

// Nine digits tell every float from its neighbours, also when they are read as a double first.
// Those of the largest one are beyond all floats: it has as many as a double needs.
void AppendFloat(float value, std::string* out) {
  const auto exact = static_cast<double>(value);
  char text[32];
  const auto end =
      std::abs(value) == std::numeric_limits<float>::max()
          ? std::to_chars(text, text + sizeof(text), exact)
          : std::to_chars(text, text + sizeof(text), exact, std::chars_format::general, 9);
  out->append(text, end.ptr);
}

// Writes the rows of blocks as lines.
class LineWriter {
 public:
  explicit LineWriter(const LogSchema& schema) : schema_(schema) {
    for (const SlotInfo& slot : schema.slots) seeds_.push_back(SpaceSeed(slot.key_space));
  }

  Status AppendRow(const Batch& block, uint32_t row, std::string* out) const {
    RETURN_IF_ERROR(AppendRowId(block, row, out));
    if (schema_.has_click) out->append(block.click[row] != 0 ? "\t1" : "\t0");
    if (schema_.has_conversion) out->append(block.conversion[row] != 0 ? "\t1" : "\t0");
    if (schema_.has_weight) {
      out->push_back('\t');
      AppendFloat(block.weight.empty() ? 1.0f : block.weight[row], out);
    }
    if (schema_.has_group) {
      out->push_back('\t');
      AppendId(block.group[row], out);
    }
    if (schema_.has_time) out->append(StrCat("\t", block.time[row]));
    AppendSlots(block, row, out);
    AppendNumerics(block, row, out);
    out->push_back('\n');
    return Status::Ok();
  }

 private:
  Status AppendRowId(const Batch& block, uint32_t row, std::string* out) const {
    if (!schema_.has_row_id_text) {
      out->append(StrCat(block.row_id[row]));
      return Status::Ok();
    }
    const std::string& text = block.row_id_text[row];
    if (text.find_first_of(std::string_view("\t\n\r\0", 4)) != std::string::npos) {
      return InvalidArgument(StrCat("row ", row, ": its row id ", Shown(text),
                                    " has a tab, a line end or a NUL byte, which no cell of the "
                                    "text can hold"));
    }
    out->append(text);
    return Status::Ok();
  }

  void AppendSlots(const Batch& block, uint32_t row, std::string* out) const {
    size_t of_context = 0, of_exposure = 0;
    for (size_t s = 0; s < schema_.slots.size(); ++s) {
      const SlotInfo& info = schema_.slots[s];
      const SlotColumn& slot =
          info.context ? block.contexts.slots[of_context++] : block.exposures.slots[of_exposure++];
      out->push_back('\t');
      AppendIds(info, seeds_[s], slot, info.context ? block.context_of[row] : row, out);
    }
  }

  static void AppendIds(const SlotInfo& info, uint64_t seed, const SlotColumn& slot, uint32_t row,
                        std::string* out) {
    const uint32_t begin = slot.offsets[row];
    for (uint32_t k = begin; k < slot.offsets[row + 1]; ++k) {
      if (k > begin) out->push_back(',');
      AppendId(IdOfKey(seed, slot.keys[k]), out);
      if (!info.has_values) continue;
      out->push_back(':');
      AppendFloat(slot.values.empty() ? 1.0f : slot.values[k], out);
    }
  }

  void AppendNumerics(const Batch& block, uint32_t row, std::string* out) const {
    size_t of_context = 0, of_exposure = 0;
    for (const NumericInfo& info : schema_.numerics) {
      out->push_back('\t');
      AppendFloat(info.context ? block.contexts.numerics[of_context++][block.context_of[row]]
                               : block.exposures.numerics[of_exposure++][row],
                  out);
    }
  }

  const LogSchema& schema_;
  std::vector<uint64_t> seeds_;  // [slot], of key spaces
};

constexpr size_t kTextBytes = size_t{1} << 20;  // that are written at once

Status WriteRows(const LogReader& log, ProgressLine* progress, PackedText* text, uint64_t* rows) {
  const LineWriter writer(log.schema());
  const auto blocks = static_cast<uint32_t>(log.blocks().size());
  Batch block;
  std::string lines;
  for (uint32_t i = 0; i < blocks; ++i) {
    RETURN_IF_ERROR(log.ReadBlock(i, &block));
    for (uint32_t row = 0; row < block.rows(); ++row) {
      RETURN_IF_ERROR(writer.AppendRow(block, row, &lines).Annotate(StrCat("block ", i)));
      if (lines.size() < kTextBytes) continue;
      RETURN_IF_ERROR(text->Append(lines));
      lines.clear();
    }
    *rows += block.rows();
    if (progress != nullptr) progress->ShowDone("export-log", i + 1, blocks, "blocks");
  }
  return text->Append(lines);
}

constexpr std::string_view kSchemaHead = "# Reads what chorus export-log wrote.";

Status WriteSchema(FileSystem& files, const ExportedColumns& columns, bool has_click,
                   const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, OutputFile::Replace(files, path, kSchemaHead, "such schema"));
  RETURN_IF_ERROR(
      file->Append(StrCat(kSchemaHead,
                          " Ids are integers that give the keys of the log; "
                          "numbers are as\n# the log stores them, standardised already.\n",
                          has_click ? "" : "# The log has no labels: import --unlabelled.\n",
                          PrintConfig(columns.schema))));
  return file->Commit();
}

}  // namespace

Result<ExportLogSummary> ExportLog(FileSystem& files, const ExportLogOptions& options) {
  if (options.output == options.schema_output) {
    return InvalidArgument("--output and --schema-output are one file");
  }
  ASSIGN_OR_RETURN(const auto log, LogReader::Open(files, options.logs));
  ASSIGN_OR_RETURN(const ExportedColumns columns, ExportedColumnsOf(log->schema()));
  ExportLogSummary summary{.columns = static_cast<uint32_t>(columns.header.size()),
                           .has_click = log->schema().has_click};
  ASSIGN_OR_RETURN(const auto text, PackedText::Create(files, options.output));
  RETURN_IF_ERROR(text->Append(Join(columns.header, "\t") + "\n"));
  RETURN_IF_ERROR(WriteRows(*log, options.progress, text.get(), &summary.rows));
  if (!options.schema_output.empty()) {
    RETURN_IF_ERROR(WriteSchema(files, columns, summary.has_click, options.schema_output));
  }
  RETURN_IF_ERROR(text->Commit());
  return summary;
}

}  // namespace chorus::worker
