#include "worker/synthetic/ali_ccp_log.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "common/output_folder.h"
#include "common/parallel_for.h"
#include "common/strings.h"
#include "worker/import/block_builder.h"
#include "worker/import/column_plan.h"
#include "worker/import/log_output.h"
#include "worker/log/log_reader.h"
#include "worker/log/oracle_file.h"
#include "worker/synthetic/ali_ccp_world.h"

namespace chorus::worker {
namespace {

constexpr char kOracleName[] = "oracle.bin";

// From tokens to the columns of the schema.
class SideWriter {
 public:
  explicit SideWriter(const SidePlan& plan, const std::vector<std::string>& columns) : plan_(plan) {
    for (const SlotPlan& slot : plan.slots) {
      for (uint32_t f = 0; f < kAliCcpFields; ++f) {
        if (columns[slot.column] == kAliCcpFieldInfo[f].name) fields_.push_back(f);
      }
    }
  }

  void Write(const std::vector<AliCcpToken>& tokens, ParsedSide* out) const {
    *out = ParsedSide();
    for (size_t s = 0; s < plan_.slots.size(); ++s) {
      const bool has_values = !plan_.slots[s].value_separator.empty();
      for (const AliCcpToken& token : tokens) {
        if (token.field != fields_[s]) continue;
        out->keys.push_back(MakeKey(plan_.slots[s].space_seed, token.id));
        out->values.push_back(has_values ? AliCcpValue(token.value) : 1.0f);
      }
      out->slot_ends.push_back(static_cast<uint32_t>(out->keys.size()));
    }
  }

 private:
  const SidePlan& plan_;
  std::vector<uint32_t> fields_;  // [slots], an AliCcpField each
};

struct MadeRow {
  ParsedRow row;
  uint32_t context;
};
struct MadeCell {
  std::vector<ParsedSide> contexts;
  std::vector<MadeRow> rows;
  std::vector<OracleRow> truth;  // of all exposures
};

class LogMaker {
 public:
  LogMaker(const World& world, const ColumnPlan& plan)
      : ali_ccp_(world),
        contexts_(plan.contexts, plan.columns),
        exposures_(plan.exposures, plan.columns) {}

  void Make(uint64_t cell, MadeCell* out) const {
    *out = MadeCell();
    uint64_t exposure = cell * kAliCcpCellExposures;
    uint64_t number = cell * kAliCcpCellContexts;
    AliCcpContext context;
    AliCcpExposure made;
    for (const uint32_t size : ali_ccp_.SizesOfCell(cell)) {
      if (size == 0) break;
      ali_ccp_.MakeContext(number++, &context);
      contexts_.Write(context.tokens, &out->contexts.emplace_back());
      const uint64_t group = GroupOf(context);
      for (uint32_t i = 0; i < size; ++i) {
        ali_ccp_.MakeExposure(context, exposure++, &made);
        out->truth.push_back(made.truth);
        if (made.conversion && !made.click) continue;
        MadeRow& row = out->rows.emplace_back();
        row.context = static_cast<uint32_t>(out->contexts.size() - 1);
        row.row.click = made.click;
        row.row.conversion = made.conversion;
        row.row.row_id = made.sample_id;
        row.row.group = group;
        exposures_.Write(made.tokens, &row.row.exposure);
      }
    }
  }
  uint64_t cells() const { return ali_ccp_.cells(); }

 private:
  static uint64_t GroupOf(const AliCcpContext& context) {
    const AliCcpToken& first = context.tokens[0];
    return first.field == kUser ? first.id : IdFromText("");
  }

  const AliCcpWorld ali_ccp_;
  const SideWriter contexts_, exposures_;
};

bool SameFeatures(const ParsedSide& a, const ParsedSide& b) {
  return a.keys == b.keys && a.values == b.values && a.slot_ends == b.slot_ends;
}

// Cells become blocks as an import would cut them.
class CellWriter {
 public:
  CellWriter(const ColumnPlan& plan, const ImportSchema& schema, LogOutput* output)
      : builder_(plan, plan.schema), block_rows_(schema.block_rows()), output_(output) {}

  Status Add(const MadeCell& cell) {
    for (const MadeRow& row : cell.rows) {
      const ParsedSide& context = cell.contexts[row.context];
      // Contexts that are equal in all features are one, as in text, which does not keep their key.
      if (serial_ == 0 || !SameFeatures(context, last_context_)) {
        last_context_ = context;
        ++serial_;
      }
      builder_.Add(row.row, context, serial_);
      if (builder_.rows() < block_rows_ && !builder_.crowded()) continue;
      RETURN_IF_ERROR(output_->Add(0, builder_.Take()));
    }
    return Status::Ok();
  }
  Status Finish() { return builder_.rows() == 0 ? Status::Ok() : output_->Add(0, builder_.Take()); }

 private:
  BlockBuilder builder_;
  const uint64_t block_rows_;
  LogOutput* const output_;
  ParsedSide last_context_;
  uint64_t serial_ = 0;
};

void AddToSummary(const MadeCell& cell, GenerateSummary* summary) {
  const uint64_t first = summary->all.rows;
  summary->all.rows += cell.truth.size();
  for (const OracleRow& truth : cell.truth) {
    summary->all.mean_p_conv_do += static_cast<double>(truth.p_conv_do);  // sums, until the end
  }
  for (const MadeRow& row : cell.rows) {
    const uint64_t place = row.row.row_id - 1 - first;
    SpaceSummary& space = row.row.click ? summary->clicked : summary->unclicked;
    space.rows += 1;
    space.mean_p_conv_do += static_cast<double>(cell.truth[place].p_conv_do);
  }
}

void FinishSummary(const PartSummary& part, GenerateSummary* summary) {
  summary->rows = part.rows;
  summary->contexts = part.contexts;
  summary->clicks = part.clicks;
  summary->conversions = part.conversions;
  for (SpaceSummary* space : {&summary->all, &summary->clicked, &summary->unclicked}) {
    if (space->rows > 0) space->mean_p_conv_do /= static_cast<double>(space->rows);
  }
}

Result<ColumnPlan> PlanAliCcp(const ImportSchema& schema) {
  std::vector<std::string> columns = {"sample_id", "click", "conversion", "common_feature_index"};
  for (const AliCcpFieldInfo& info : kAliCcpFieldInfo) columns.emplace_back(info.name);
  return PlanColumns(schema, columns, {});
}

}  // namespace

Result<GenerateSummary> GenerateAliCcpLog(FileSystem& files, const World& world,
                                          const GenerateOptions& options) {
  ImportSchema schema = AliCcpSchema();
  schema.set_block_rows(world.config().block_rows());
  schema.set_file_rows(world.config().file_rows());
  ASSIGN_OR_RETURN(const ColumnPlan plan, PlanAliCcp(schema));
  const LogMaker maker(world, plan);
  ASSIGN_OR_RETURN(const std::unique_ptr<OutputFolder> folder,
                   OutputFolder::Create(files, options.directory, "generating"));
  ASSIGN_OR_RETURN(std::unique_ptr<OracleWriter> oracle,
                   OracleWriter::Create(files, JoinPath(folder->path(), kOracleName),
                                        world.config().exposures() + 1));
  // Sample ids count from 1: row 0 is of no exposure.
  RETURN_IF_ERROR(oracle->Add(std::vector<OracleRow>(1, {0.5f, 0.5f, 0.5f, 0.5f, 0.5f})));
  const auto output = LogOutput::Create(files, folder->path(), {""}, plan.schema,
                                        schema.file_rows(), options.threads);
  CellWriter writer(plan, schema, output.get());
  GenerateSummary summary;
  std::vector<MadeCell> wave(2 * std::max<uint64_t>(1, options.threads));
  for (uint64_t begin = 0; begin < maker.cells(); begin += wave.size()) {
    const uint64_t count = std::min<uint64_t>(wave.size(), maker.cells() - begin);
    ParallelFor(count, options.threads, [&](uint64_t i) { maker.Make(begin + i, &wave[i]); });
    for (uint64_t i = 0; i < count; ++i) {
      AddToSummary(wave[i], &summary);
      RETURN_IF_ERROR(writer.Add(wave[i]));
      RETURN_IF_ERROR(oracle->Add(wave[i].truth));
    }
    if (options.progress) options.progress(summary.all.rows);
  }
  RETURN_IF_ERROR(writer.Finish());
  ASSIGN_OR_RETURN(const std::vector<PartSummary> parts, output->Finish());
  FinishSummary(parts[0], &summary);
  ASSIGN_OR_RETURN(const auto log, LogReader::Open(files, {folder->path()}));
  RETURN_IF_ERROR(oracle->Finish(log->fingerprint()));
  RETURN_IF_ERROR(folder->Commit());
  for (uint64_t i = 0; i < parts[0].files; ++i) {
    const std::string number = StrCat(100000 + i);
    summary.files.push_back(JoinPath(folder->output(), StrCat("part-", number.substr(1), ".log")));
  }
  summary.files.push_back(JoinPath(folder->output(), kOracleName));
  return summary;
}

}  // namespace chorus::worker
