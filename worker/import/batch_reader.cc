#include "worker/import/batch_reader.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <thread>
#include <utility>

#include "common/mutex.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

// Error: kInvalidArgument, an input's columns are not those of the first one.
Status CheckSameColumns(const std::vector<TypedColumn>& first, const std::string& first_name,
                        const std::vector<TypedColumn>& other) {
  if (first.size() != other.size()) {
    return InvalidArgument(
        StrCat("found ", other.size(), " columns, ", first_name, " has ", first.size()));
  }
  for (size_t i = 0; i < first.size(); ++i) {
    if (first[i].name != other[i].name) {
      return InvalidArgument(StrCat("column ", i + 1, " is ", Shown(other[i].name),
                                    " where that of ", first_name, " is ", Shown(first[i].name)));
    }
    if (first[i].type.Takes(other[i].type)) continue;
    return InvalidArgument(StrCat("column ", Shown(first[i].name), " is ", other[i].type.name,
                                  " where that of ", first_name, " is ", first[i].type.name));
  }
  return Status::Ok();
}

class Inputs final : public BatchReader {
 public:
  Inputs(const std::vector<ColumnInput>& inputs, const std::vector<TypedColumn>& columns,
         std::unique_ptr<ColumnSource> first, std::vector<uint32_t> read)
      : inputs_(inputs), columns_(columns), read_(std::move(read)), source_(std::move(first)) {}

  Result<std::shared_ptr<const ColumnBatch>> Next() override {
    while (input_ < inputs_.size()) {
      const ColumnInput& input = inputs_[input_];
      if (!begun_) {
        const Status begun = Begin(input);
        if (!begun.ok()) return begun.Annotate(input.name);
      }
      auto batch = source_->Next();
      if (!batch.ok()) {
        return batch.status().Annotate(StrCat(input.name, ", behind ", rows_, " rows"));
      }
      if (*batch != nullptr) {
        (*batch)->input = static_cast<uint32_t>(input_);
        rows_ += static_cast<uint64_t>((*batch)->rows);
        return std::shared_ptr<const ColumnBatch>(std::move(*batch));
      }
      if (rows_ == 0) ++empty_inputs_;
      source_.reset();
      begun_ = false;
      ++input_;
    }
    return std::shared_ptr<const ColumnBatch>();
  }

  uint64_t empty_inputs() const override { return empty_inputs_; }

 private:
  Status Begin(const ColumnInput& input) {
    if (source_ == nullptr) {
      ASSIGN_OR_RETURN(source_, input.open());
      RETURN_IF_ERROR(CheckSameColumns(columns_, inputs_[0].name, source_->columns()));
    }
    begun_ = true;
    rows_ = 0;
    return source_->Begin(read_);
  }

  const std::vector<ColumnInput>& inputs_;
  const std::vector<TypedColumn>& columns_;
  const std::vector<uint32_t> read_;
  std::unique_ptr<ColumnSource> source_;  // of input_; null: not open yet
  size_t input_ = 0;
  bool begun_ = false;
  uint64_t rows_ = 0;  // of input_, so far
  std::atomic<uint64_t> empty_inputs_ = 0;
};

// Some batches wait here until they are asked for.
class Ahead final : public BatchReader {
 public:
  explicit Ahead(std::unique_ptr<BatchReader> inputs) : inputs_(std::move(inputs)) {}

  ~Ahead() override {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Status Start() {
    ASSIGN_OR_RETURN(thread_, StartThread("columns", "the thread that reads ahead (--threads)",
                                          [this] { Work(); }));
    return Status::Ok();
  }

  Result<std::shared_ptr<const ColumnBatch>> Next() override {
    const auto deadline = std::chrono::steady_clock::now() + kReadDeadline;
    MutexLock lock(mutex_);
    while (waiting_.empty()) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
        return DeadlineExceeded(
            StrCat("reading some rows took over ", kReadDeadline.count(), " s"));
      }
    }
    auto next = waiting_.front();
    if (next.ok() && *next != nullptr) waiting_.pop_front();  // the end stays the end
    changed_.notify_all();
    return next;
  }

  uint64_t empty_inputs() const override { return inputs_->empty_inputs(); }

 private:
  static constexpr std::chrono::seconds kReadDeadline{600};  // for what takes milliseconds
  static constexpr size_t kMostWaiting = 4;

  void Work() {
    while (true) {
      Result<std::shared_ptr<const ColumnBatch>> next = Internal("no batch");
      try {
        next = inputs_->Next();
      } catch (const std::exception& error) {
        next = StatusOfException(error).Annotate("reading columns");
      }
      const bool last = !next.ok() || *next == nullptr;
      MutexLock lock(mutex_);
      // Ends by the destructor; batches may be asked for as slowly as a disk takes what is made of
      // them.
      while (waiting_.size() >= kMostWaiting && !closed_) {
        changed_.wait_for(mutex_, std::chrono::seconds(1));
      }
      waiting_.push_back(std::move(next));
      changed_.notify_all();
      if (last || closed_) return;
    }
  }

  const std::unique_ptr<BatchReader> inputs_;  // the thread's
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Result<std::shared_ptr<const ColumnBatch>>> waiting_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<BatchReader>> BatchReader::Create(const std::vector<ColumnInput>& inputs,
                                                         const std::vector<TypedColumn>& columns,
                                                         std::unique_ptr<ColumnSource> first,
                                                         std::vector<uint32_t> read, bool ahead) {
  std::unique_ptr<BatchReader> reader =
      std::make_unique<Inputs>(inputs, columns, std::move(first), std::move(read));
  if (!ahead) return reader;
  auto threaded = std::make_unique<Ahead>(std::move(reader));
  RETURN_IF_ERROR(threaded->Start());
  return std::unique_ptr<BatchReader>(std::move(threaded));
}

}  // namespace chorus::worker
