#include "worker/import/waiting_blocks.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/block_builder.h"
#include "worker/import/ordered_tasks.h"

namespace chorus::worker {
namespace {

class StoredBlocks final : public WaitingBlocks {
 public:
  StoredBlocks(FileSystem& files, const ColumnPlan& plan, WaitingBlocksOptions options)
      : files_(files),
        plan_(plan),
        options_(std::move(options)),
        tasks_(OrderedTasks::Create(
            options_.threads, {"waiting blocks", "an encoder of an import", "encoding a block"})) {}

  Status Add(uint32_t part, Batch batch, RawNumerics raw) override {
    using BatchAndRaw = std::pair<Batch, RawNumerics>;
    const auto block = std::make_shared<const BatchAndRaw>(std::move(batch), std::move(raw));
    return tasks_->Add([this, part, block]() -> Result<OrderedTasks::Step> {
      ASSIGN_OR_RETURN(std::string made,
                       EncodeWaitingBlock(plan_.schema, block->first, block->second));
      const auto bytes = std::make_shared<std::string>(std::move(made));
      return OrderedTasks::Step([this, part, bytes] { return Keep(part, std::move(*bytes)); });
    });
  }

  Status GiveTo(LogOutput* output, const LogSchema& schema) override {
    RETURN_IF_ERROR(tasks_->Finish());
    if (writer_ != nullptr) {
      RETURN_IF_ERROR(writer_->Close());
      writer_.reset();
      ASSIGN_OR_RETURN(reader_, files_.OpenForRead(options_.path));
      LogInfo(file_bytes_, " bytes of blocks waited in ", options_.path,
              " until the means of numbers were known");
    }
    schema_ = schema;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      RETURN_IF_ERROR(output->AddMade(blocks_[i].part, [this, i] { return Complete(i); }));
    }
    return Status::Ok();
  }

  Status RemoveFile() override {
    if (reader_ == nullptr) return Status::Ok();
    reader_.reset();
    return files_.Remove(options_.path);
  }

  uint64_t bytes_in_file() const override { return file_bytes_; }

 private:
  struct Block {
    uint32_t part = 0;
    std::string bytes = {};  // empty: they are in the file
    uint64_t offset = 0;     // there
    uint64_t size = 0;
  };

  // In the order of Add. What does not fit into memory, and all that comes after it, goes to the
  // file.
  Status Keep(uint32_t part, std::string bytes) {
    Block block{.part = part, .size = bytes.size()};
    if (writer_ == nullptr && memory_bytes_ + bytes.size() <= options_.memory_bytes) {
      memory_bytes_ += bytes.size();
      block.bytes = std::move(bytes);
      blocks_.push_back(std::move(block));
      return Status::Ok();
    }
    if (writer_ == nullptr) {
      ASSIGN_OR_RETURN(writer_, files_.Create(options_.path));
    }
    block.offset = file_bytes_;
    RETURN_IF_ERROR(writer_->Append(std::as_bytes(std::span(bytes))));
    file_bytes_ += bytes.size();
    blocks_.push_back(std::move(block));
    return Status::Ok();
  }

  // On a thread of the output; each block is asked for once.
  Result<EncodedBlock> Complete(size_t i) {
    std::string bytes = std::move(blocks_[i].bytes);
    if (bytes.empty()) {
      bytes.resize(blocks_[i].size);
      RETURN_IF_ERROR(reader_->ReadAt(blocks_[i].offset, std::as_writable_bytes(std::span(bytes))));
    }
    return CompleteBlock(schema_, bytes, [this](bool context, uint32_t index, double number) {
      const SidePlan& side = context ? plan_.contexts : plan_.exposures;
      const NumericPlan& numeric = side.numerics[index];
      return NormalisedValue(number, schema_.numerics[numeric.schema_index], numeric.missing);
    });
  }

  FileSystem& files_;
  const ColumnPlan& plan_;
  const WaitingBlocksOptions options_;
  LogSchema schema_;  // with what was learnt
  // Of the thread whose turn it is, and then only read.
  std::vector<Block> blocks_;
  uint64_t memory_bytes_ = 0;
  uint64_t file_bytes_ = 0;
  std::unique_ptr<WritableFile> writer_;  // null while all blocks fit into memory
  std::unique_ptr<RandomAccessFile> reader_;
  const std::unique_ptr<OrderedTasks> tasks_;  // last: its threads use all of the above
};

}  // namespace

std::unique_ptr<WaitingBlocks> WaitingBlocks::Create(FileSystem& files, const ColumnPlan& plan,
                                                     const WaitingBlocksOptions& options) {
  return std::make_unique<StoredBlocks>(files, plan, options);
}

}  // namespace chorus::worker
