#include <algorithm>
#include <cstdio>

#include "common/file.h"
#include "common/progress.h"
#include "common/strings.h"
#include "launch/command/command_inspect.h"
#include "worker/log/log_reader.h"

namespace chorus::launch {
namespace {

using worker::Batch;
using worker::BlockInfo;
using worker::FeatureColumns;
using worker::LogReader;
using worker::LogSchema;

void Print(const std::string& line) { std::printf("%s\n", line.c_str()); }

void PrintSchema(const LogSchema& schema) {
  for (const worker::SlotInfo& slot : schema.slots) {
    Print(StrCat("slot     ", slot.name, slot.context ? "  context" : "  exposure",
                 slot.multi_valued ? "  multi-valued" : "  one-hot",
                 slot.has_values ? "  with values" : "",
                 slot.key_space == slot.name ? "" : StrCat("  key space ", slot.key_space)));
  }
  for (const worker::NumericInfo& numeric : schema.numerics) {
    Print(StrCat("numeric  ", numeric.name, numeric.context ? "  context" : "  exposure",
                 numeric.log_transform ? "  log(1 + x)" : "", "  mean ", numeric.mean, "  stddev ",
                 numeric.stddev));
  }
  Print(StrCat("columns  row_id", schema.has_click ? " click" : "",
               schema.has_conversion ? " conversion" : "", schema.has_weight ? " weight" : "",
               schema.has_group ? " group" : "", schema.has_time ? " time" : "",
               schema.has_row_id_text ? " row_id texts" : ""));
  Print(schema.text.empty() ? "text     nothing is known of how text becomes such rows"
                            : "text     how text becomes such rows is known");
  if (!schema.has_click) {
    Print("labels   none: this log can be predicted, not trained or evaluated on");
  } else if (!schema.has_conversion) {
    Print("labels   clicks alone: nothing is known of conversions");
  }
}

std::string Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? "-"
                    : StrCat(100.0 * static_cast<double>(part) / static_cast<double>(whole), " %");
}

void PrintTotals(const LogReader& log) {
  uint64_t rows = 0, contexts = 0, clicks = 0, conversions = 0, unclicked = 0, bytes = 0;
  for (const BlockInfo& block : log.blocks()) {
    rows += block.rows;
    contexts += block.contexts;
    clicks += block.clicks;
    conversions += block.conversions;
    unclicked += block.unclicked_conversions;
    bytes += block.bytes;
  }
  Print(StrCat("files                  ", log.files().size()));
  Print(StrCat("blocks                 ", log.blocks().size()));
  Print(StrCat("exposures              ", rows));
  Print(StrCat("contexts               ", contexts));
  if (log.schema().has_click) {
    Print(StrCat("clicks                 ", clicks, "  (CTR ", Share(clicks, rows), ")"));
  }
  if (log.schema().has_conversion) {
    Print(
        StrCat("conversions            ", conversions, "  (CVR ", Share(conversions, clicks), ")"));
    Print(StrCat("unclicked conversions  ", unclicked));
  }
  if (const worker::LogLabels& labels = log.labels(); !labels.files.empty()) {
    Print(StrCat("labels came later      ", labels.rows,
                 labels.rows == 1 ? " exposure" : " exposures", ", from ",
                 Join(labels.files, ", ")));
  }
  Print(StrCat("bytes an exposure      ",
               rows == 0 ? 0.0 : static_cast<double>(bytes) / static_cast<double>(rows)));
  Print(StrCat("fingerprint            ", HexDigits(log.fingerprint())));
}

// Appends " name=key:value,key" of each slot and " name=x" of each numeric of one side, whose columns
// are numbered apart from the other side's.
void AppendSide(const LogSchema& schema, bool context, const FeatureColumns& side, uint32_t row,
                std::string* line) {
  size_t index = 0;
  for (const worker::SlotInfo& info : schema.slots) {
    if (info.context != context) continue;
    const worker::SlotColumn& slot = side.slots[index++];
    line->append(StrCat(" ", info.name, "="));
    for (uint32_t k = slot.offsets[row]; k < slot.offsets[row + 1]; ++k) {
      line->append(StrCat(k > slot.offsets[row] ? "," : "", slot.keys[k]));
      if (!slot.values.empty()) line->append(StrCat(":", slot.values[k]));
    }
  }
  index = 0;
  for (const worker::NumericInfo& info : schema.numerics) {
    if (info.context != context) continue;
    line->append(StrCat(" ", info.name, "=", side.numerics[index++][row]));
  }
}

Status PrintRows(const LogReader& log, uint64_t count) {
  Batch block;
  for (uint32_t index = 0; index < log.blocks().size() && count > 0; ++index) {
    RETURN_IF_ERROR(log.ReadBlock(index, &block));
    const uint64_t rows = std::min<uint64_t>(count, block.rows());
    for (uint32_t row = 0; row < rows; ++row) {
      std::string line =
          StrCat("row_id=",
                 log.schema().has_row_id_text ? block.row_id_text[row] : StrCat(block.row_id[row]));
      if (log.schema().has_click) line.append(StrCat(" click=", int{block.click[row]}));
      if (log.schema().has_conversion) {
        line.append(StrCat(" conversion=", int{block.conversion[row]}));
      }
      if (!block.weight.empty()) line.append(StrCat(" weight=", block.weight[row]));
      if (!block.group.empty()) line.append(StrCat(" group=", block.group[row]));
      if (!block.time.empty()) line.append(StrCat(" time=", block.time[row]));
      AppendSide(log.schema(), true, block.contexts, block.context_of[row], &line);
      AppendSide(log.schema(), false, block.exposures, row, &line);
      Print(line);
    }
    count -= rows;
  }
  return Status::Ok();
}

Status VerifyBlocks(const LogReader& log) {
  Batch block;
  ProgressLine progress;
  for (uint32_t index = 0; index < log.blocks().size(); ++index) {
    RETURN_IF_ERROR(log.ReadBlock(index, &block));
    progress.ShowDone("verifying", index + 1, log.blocks().size(), "blocks");
  }
  progress.Clear();
  Print(StrCat("verified: all checksums of ", log.blocks().size(), " blocks in ",
               log.files().size(), " files hold, and every block decodes to what the index says"));
  return Status::Ok();
}

}  // namespace

Status InspectLog(const InspectArguments& arguments) {
  if (!arguments.canonical.empty()) {
    return InvalidArgument(
        StrCat("--canonical is for checkpoints, and ", arguments.path, " has no MANIFEST"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log,
                   LogReader::Open(PosixFiles(), {arguments.path}));
  if (arguments.rows > 0) return PrintRows(*log, arguments.rows);
  PrintSchema(log->schema());
  PrintTotals(*log);
  return arguments.verify ? VerifyBlocks(*log) : Status::Ok();
}

}  // namespace chorus::launch
