#include "worker/import/log_output.h"

#include <cstdio>
#include <deque>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "worker/import/ordered_tasks.h"

namespace chorus::worker {
namespace {

// The files of one part.
class PartWriter {
 public:
  PartWriter(FileSystem& files, const LogSchema& schema, std::string folder, std::string name,
             uint64_t file_rows)
      : files_(files), schema_(schema), folder_(std::move(folder)), file_rows_(file_rows) {
    summary_.name = std::move(name);
  }

  Status Add(const EncodedBlock& block) {
    if (writer_ != nullptr && rows_in_file_ + block.rows > file_rows_) RETURN_IF_ERROR(EndFile());
    if (writer_ == nullptr) RETURN_IF_ERROR(BeginFile());
    RETURN_IF_ERROR(writer_->AddBlock(block));
    rows_in_file_ += block.rows;
    summary_.rows += block.rows;
    summary_.contexts += block.contexts;
    summary_.clicks += block.clicks;
    summary_.conversions += block.conversions;
    summary_.unclicked_conversions += block.unclicked_conversions;
    return Status::Ok();
  }

  Result<PartSummary> Finish(bool may_be_empty) {
    if (writer_ != nullptr) RETURN_IF_ERROR(EndFile());
    if (summary_.rows == 0 && !may_be_empty) {
      return InvalidArgument(
          summary_.name.empty()
              ? std::string("no row is left to write: the inputs hold no row behind "
                            "their headers, or every one was dropped")
              : StrCat("no row falls into part '", summary_.name, "'"));
    }
    return summary_;
  }

 private:
  Status BeginFile() {
    char name[32];
    std::snprintf(name, sizeof(name), "part-%05llu.log",
                  static_cast<unsigned long long>(summary_.files));
    path_ = JoinPath(folder_, name);
    if (summary_.files == 0) RETURN_IF_ERROR(files_.CreateDirectories(folder_));
    ASSIGN_OR_RETURN(writer_, LogWriter::Create(files_, path_, schema_));
    rows_in_file_ = 0;
    return Status::Ok();
  }

  Status EndFile() {
    RETURN_IF_ERROR(writer_->Finish());
    writer_.reset();
    ASSIGN_OR_RETURN(const auto written, files_.OpenForRead(path_));
    summary_.bytes += written->size();
    ++summary_.files;
    return Status::Ok();
  }

  FileSystem& files_;
  const LogSchema& schema_;
  const std::string folder_;
  const uint64_t file_rows_;
  std::string path_;
  std::unique_ptr<LogWriter> writer_;  // of the file at path_; null between files
  uint64_t rows_in_file_ = 0;
  PartSummary summary_;
};

class ThreadedLogOutput : public LogOutput {
 public:
  ThreadedLogOutput(FileSystem& files, const std::string& folder,
                    const std::vector<std::string>& parts, const LogSchema& schema,
                    uint64_t file_rows, uint32_t threads)
      : schema_(schema),
        tasks_(OrderedTasks::Create(
            threads, {"log output", "a writer of an import's log", "writing a block"})) {
    for (const std::string& part : parts) {
      writers_.emplace_back(files, schema_, part.empty() ? folder : JoinPath(folder, part), part,
                            file_rows);
    }
  }

  Status Add(uint32_t part, Batch batch) override {
    const auto shared = std::make_shared<const Batch>(std::move(batch));
    return AddMade(
        part, [this, shared]() -> Result<EncodedBlock> { return EncodeBlock(schema_, *shared); });
  }

  Status AddMade(uint32_t part, std::function<Result<EncodedBlock>()> make) override {
    return tasks_->Add([this, part, make = std::move(make)]() -> Result<OrderedTasks::Step> {
      ASSIGN_OR_RETURN(EncodedBlock made, make());
      const auto block = std::make_shared<const EncodedBlock>(std::move(made));
      return OrderedTasks::Step([this, part, block] { return writers_[part].Add(*block); });
    });
  }

  Result<std::vector<PartSummary>> Finish(bool parts_may_be_empty) override {
    RETURN_IF_ERROR(tasks_->Finish());
    std::vector<PartSummary> summaries;
    for (PartWriter& writer : writers_) {
      ASSIGN_OR_RETURN(PartSummary summary, writer.Finish(parts_may_be_empty));
      summaries.push_back(std::move(summary));
    }
    return summaries;
  }

 private:
  const LogSchema schema_;
  std::deque<PartWriter> writers_;             // of the thread whose turn it is
  const std::unique_ptr<OrderedTasks> tasks_;  // last: its threads use all of the above
};

}  // namespace

std::unique_ptr<LogOutput> LogOutput::Create(FileSystem& files, const std::string& folder,
                                             const std::vector<std::string>& parts,
                                             const LogSchema& schema, uint64_t file_rows,
                                             uint32_t threads) {
  return std::make_unique<ThreadedLogOutput>(files, folder, parts, schema, file_rows, threads);
}

}  // namespace chorus::worker
