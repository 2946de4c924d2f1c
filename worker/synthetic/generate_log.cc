#include "worker/synthetic/generate_log.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "common/output_folder.h"
#include "common/parallel_for.h"
#include "worker/log/log_reader.h"
#include "worker/log/log_writer.h"
#include "worker/log/oracle_file.h"
#include "worker/synthetic/block_maker.h"

namespace chorus::worker {
namespace {

constexpr char kOracle[] = "oracle.bin";
constexpr char kPotential[] = "potential";

// One block on its way from the thread that makes it to the thread that writes it.
struct Made {
  EncodedBlock observed;
  EncodedBlock potential;
  std::vector<OracleRow> oracle;
  std::vector<uint8_t> click;
};

// The files of one log, cut after a fixed number of blocks.
class LogParts {
 public:
  LogParts(FileSystem& files, std::string directory, const LogSchema& schema,
           uint64_t blocks_per_file)
      : files_(files),
        directory_(std::move(directory)),
        schema_(schema),
        blocks_per_file_(blocks_per_file) {}

  Status Add(const EncodedBlock& block) {
    if (writer_ == nullptr) RETURN_IF_ERROR(Begin());
    RETURN_IF_ERROR(writer_->AddBlock(block));
    return ++blocks_ % blocks_per_file_ == 0 ? Finish() : Status::Ok();
  }
  Status Finish() {
    if (writer_ == nullptr) return Status::Ok();
    RETURN_IF_ERROR(writer_->Finish());
    writer_.reset();
    return Status::Ok();
  }
  const std::vector<std::string>& names() const { return names_; }  // inside the directory

 private:
  Status Begin() {
    char name[32];
    snprintf(name, sizeof(name), "part-%05llu.log",
             static_cast<unsigned long long>(blocks_ / blocks_per_file_));
    names_.emplace_back(name);
    ASSIGN_OR_RETURN(writer_, LogWriter::Create(files_, JoinPath(directory_, name), schema_));
    return Status::Ok();
  }

  FileSystem& files_;
  const std::string directory_;
  const LogSchema& schema_;
  const uint64_t blocks_per_file_;
  std::unique_ptr<LogWriter> writer_;
  uint64_t blocks_ = 0;
  std::vector<std::string> names_;
};

void AddPaths(const std::string& directory, const std::vector<std::string>& names,
              std::vector<std::string>* paths) {
  for (const std::string& name : names) paths->push_back(JoinPath(directory, name));
}

Made MakeBlock(const BlockMaker& maker, uint64_t index, bool potential_labels) {
  GeneratedBlock block;
  maker.Make(index, &block);
  Made made;
  made.observed = EncodeBlock(maker.schema(), block.batch);
  made.oracle = std::move(block.oracle);
  made.click = block.batch.click;
  if (potential_labels) {
    std::fill(block.batch.click.begin(), block.batch.click.end(), uint8_t{1});
    block.batch.conversion = block.potential_conversion;
    made.potential = EncodeBlock(maker.schema(), block.batch);
  }
  return made;
}

// Sums in the order of rows, so that the summary too is the same for any number of threads.
void Count(const Made& made, GenerateSummary* summary) {
  summary->rows += made.observed.rows;
  summary->contexts += made.observed.contexts;
  summary->clicks += made.observed.clicks;
  summary->conversions += made.observed.conversions;
  for (size_t i = 0; i < made.oracle.size(); ++i) {
    SpaceSummary& space = made.click[i] ? summary->clicked : summary->unclicked;
    space.rows += 1;
    space.mean_p_conv_do += static_cast<double>(made.oracle[i].p_conv_do);  // a sum, until the end
  }
}

void FinishMeans(GenerateSummary* summary) {
  summary->all.rows = summary->clicked.rows + summary->unclicked.rows;
  summary->all.mean_p_conv_do = summary->clicked.mean_p_conv_do + summary->unclicked.mean_p_conv_do;
  for (SpaceSummary* space : {&summary->all, &summary->clicked, &summary->unclicked}) {
    if (space->rows > 0) space->mean_p_conv_do /= static_cast<double>(space->rows);
  }
}

}  // namespace

Result<GenerateSummary> GenerateLog(FileSystem& files, const World& world,
                                    const GenerateOptions& options) {
  const GenerateConfig& config = world.config();
  const BlockMaker maker(world);
  ASSIGN_OR_RETURN(const std::unique_ptr<OutputFolder> folder,
                   OutputFolder::Create(files, options.directory, "generating"));
  const std::string potential_directory = JoinPath(folder->path(), kPotential);
  if (options.potential_labels) RETURN_IF_ERROR(files.CreateDirectories(potential_directory));

  const uint64_t blocks_per_file = std::max<uint64_t>(1, config.file_rows() / config.block_rows());
  LogParts observed(files, folder->path(), maker.schema(), blocks_per_file);
  LogParts potential(files, potential_directory, maker.schema(), blocks_per_file);
  ASSIGN_OR_RETURN(
      std::unique_ptr<OracleWriter> oracle,
      OracleWriter::Create(files, JoinPath(folder->path(), kOracle), config.exposures()));

  // In waves: all threads make blocks, then this thread writes them in order.
  GenerateSummary summary;
  const uint64_t blocks = maker.blocks();
  std::vector<Made> wave(8 * std::max<uint64_t>(1, options.threads));
  for (uint64_t begin = 0; begin < blocks; begin += wave.size()) {
    const uint64_t count = std::min<uint64_t>(wave.size(), blocks - begin);
    ParallelFor(count, options.threads, [&](uint64_t i) {
      wave[i] = MakeBlock(maker, begin + i, options.potential_labels);
    });
    for (uint64_t i = 0; i < count; ++i) {
      RETURN_IF_ERROR(observed.Add(wave[i].observed));
      if (options.potential_labels) RETURN_IF_ERROR(potential.Add(wave[i].potential));
      RETURN_IF_ERROR(oracle->Add(wave[i].oracle));
      Count(wave[i], &summary);
    }
    if (options.progress) options.progress(summary.rows);
  }
  RETURN_IF_ERROR(observed.Finish());
  RETURN_IF_ERROR(potential.Finish());
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log, LogReader::Open(files, {folder->path()}));
  RETURN_IF_ERROR(oracle->Finish(log->fingerprint()));
  RETURN_IF_ERROR(folder->Commit());
  FinishMeans(&summary);
  AddPaths(folder->output(), observed.names(), &summary.files);
  summary.files.push_back(JoinPath(folder->output(), kOracle));
  AddPaths(JoinPath(folder->output(), kPotential), potential.names(), &summary.files);
  return summary;
}

}  // namespace chorus::worker
