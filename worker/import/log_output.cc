#include "worker/import/log_output.h"

#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"
#include "worker/log/log_writer.h"

namespace chorus::worker {
namespace {

constexpr size_t kWaitingBlocks = 4;
constexpr std::chrono::seconds kStall(
    600);  // a disk that takes longer for one block is taken for dead

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

  Result<PartSummary> Finish() {
    if (writer_ != nullptr) RETURN_IF_ERROR(EndFile());
    if (summary_.rows == 0) {
      return InvalidArgument(summary_.name.empty()
                                 ? std::string("no row is left to write")
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
      : schema_(schema), most_waiting_(kWaitingBlocks * threads) {
    for (const std::string& part : parts) {
      writers_.emplace_back(files, schema_, part.empty() ? folder : JoinPath(folder, part), part,
                            file_rows);
    }
    for (uint32_t i = 0; i < threads; ++i) {
      Result<std::thread> thread =
          StartThread("log output", "a writer of an import's log", [this] { Work(); });
      if (!thread.ok()) {
        MutexLock lock(mutex_);
        status_ = thread.status();
        return;
      }
      threads_.push_back(std::move(*thread));
    }
  }

  ~ThreadedLogOutput() override {
    {
      MutexLock lock(mutex_);
      queue_.clear();
      closed_ = true;
    }
    changed_.notify_all();
    Join();
  }

  Status Add(uint32_t part, Batch batch) override {
    const auto deadline = std::chrono::steady_clock::now() + kStall;
    MutexLock lock(mutex_);
    while (status_.ok() && queue_.size() >= most_waiting_) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
        return DeadlineExceeded(StrCat("writing a block took over ", kStall.count(), " s"));
      }
    }
    RETURN_IF_ERROR(status_);
    queue_.push_back({part, added_++, std::move(batch)});
    changed_.notify_all();
    return Status::Ok();
  }

  Result<std::vector<PartSummary>> Finish() override {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    Join();
    {
      MutexLock lock(mutex_);
      RETURN_IF_ERROR(status_);
    }
    std::vector<PartSummary> summaries;
    for (PartWriter& writer : writers_) {
      ASSIGN_OR_RETURN(PartSummary summary, writer.Finish());
      summaries.push_back(std::move(summary));
    }
    return summaries;
  }

 private:
  struct Block {
    uint32_t part;
    uint64_t turn;  // its place in the order of Add
    Batch batch;
  };

  // A thread: takes blocks until the queue is closed and empty, or a write fails.
  void Work() {
    Block block;
    while (Take(&block)) {
      Status status;
      try {
        const EncodedBlock encoded = EncodeBlock(schema_, block.batch);
        if (!WaitForTurn(block.turn)) return;
        status = writers_[block.part].Add(encoded);
      } catch (const std::exception& error) {
        status = StatusOfException(error).Annotate("writing a block");
      }
      MutexLock lock(mutex_);
      written_ = block.turn + 1;
      if (!status.ok()) {
        if (status_.ok()) status_ = std::move(status);
        queue_.clear();
        closed_ = true;
      }
      changed_.notify_all();
    }
  }

  // False: another block could not be written, so that this one is not needed.
  bool WaitForTurn(uint64_t turn) {
    MutexLock lock(mutex_);
    // Ends when the thread that has the turn before is done.
    while (status_.ok() && written_ != turn) changed_.wait_for(mutex_, std::chrono::seconds(1));
    return status_.ok();
  }

  bool Take(Block* block) {
    MutexLock lock(mutex_);
    // Ends by Finish or the destructor; rows may come as slowly as a pipe delivers them.
    while (queue_.empty() && !closed_) changed_.wait_for(mutex_, std::chrono::seconds(1));
    if (queue_.empty()) return false;
    *block = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    return true;
  }

  void Join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  const LogSchema schema_;
  const size_t most_waiting_;
  std::deque<PartWriter> writers_;  // of the thread whose turn it is
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Block> queue_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  uint64_t added_ GUARDED_BY(mutex_) = 0;
  uint64_t written_ GUARDED_BY(mutex_) = 0;  // blocks; the next turn
  Status status_ GUARDED_BY(mutex_);         // of the threads
  std::vector<std::thread> threads_;         // last: they use all of the above
};

}  // namespace

std::unique_ptr<LogOutput> LogOutput::Create(FileSystem& files, const std::string& folder,
                                             const std::vector<std::string>& parts,
                                             const LogSchema& schema, uint64_t file_rows,
                                             uint32_t threads) {
  return std::make_unique<ThreadedLogOutput>(files, folder, parts, schema, file_rows, threads);
}

}  // namespace chorus::worker
