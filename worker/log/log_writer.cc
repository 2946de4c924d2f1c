#include "worker/log/log_writer.h"

#include "common/check.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/log/block.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

std::string MakeHead(const LogSchema& schema) {
  const std::string stored = EncodeSchema(schema);
  std::string head;
  Store<uint64_t>(&head, kHeadMagic);
  Store<uint32_t>(&head, FormatVersionOf(schema));
  Store<uint32_t>(&head, static_cast<uint32_t>(stored.size()));
  head.append(stored);
  Store<uint64_t>(&head, Checksum(head));
  return head;
}

class FileLogWriter final : public LogWriter {
 public:
  FileLogWriter(FileSystem& files, std::string path, std::string temporary,
                std::unique_ptr<WritableFile> file)
      : files_(files),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        file_(std::move(file)) {}

  ~FileLogWriter() override {
    if (finished_) return;
    file_.reset();
    const Status status = files_.Remove(temporary_);
    if (!status.ok()) LogWarning("an unfinished log stays behind: ", status.message());
  }

  Status WriteHead(const LogSchema& schema) { return Append(MakeHead(schema)); }

  Status AddBlock(const EncodedBlock& block) override {
    CHECK(!finished_, path_, " is finished");
    if (!block.status.ok()) return block.status.Annotate(StrCat("writing ", path_));
    RETURN_IF_ERROR(Append(block.bytes));
    Store<uint64_t>(&index_, block.bytes.size());
    Store<uint32_t>(&index_, block.rows);
    Store<uint32_t>(&index_, block.contexts);
    Store<uint32_t>(&index_, block.clicks);
    Store<uint32_t>(&index_, block.conversions);
    Store<uint32_t>(&index_, block.unclicked_conversions);
    Store<uint64_t>(&index_, BlockChecksum(BytesOf(block.bytes)));
    ++blocks_;
    return Status::Ok();
  }

  Status Finish() override {
    CHECK(!finished_, path_, " is finished");
    Store<uint64_t>(&index_, blocks_);
    Store<uint64_t>(&index_, Checksum(index_));
    Store<uint64_t>(&index_, kTailMagic);
    RETURN_IF_ERROR(Append(index_));
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    RETURN_IF_ERROR(files_.Rename(temporary_, path_));
    finished_ = true;
    return Status::Ok();
  }

 private:
  Status Append(const std::string& bytes) { return file_->Append(BytesOf(bytes)); }

  FileSystem& files_;
  const std::string path_;
  const std::string temporary_;
  std::unique_ptr<WritableFile> file_;
  std::string index_;
  uint64_t blocks_ = 0;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::Create(FileSystem& files, const std::string& path,
                                                     const LogSchema& schema) {
  // The schema must read back, or the log would be lost.
  ASSIGN_OR_RETURN(const LogSchema again, DecodeSchema(BytesOf(EncodeSchema(schema))));
  CHECK(again == schema, "the schema of ", path, " changes when it is stored");
  const std::string temporary = StrCat(path, ".tmp");
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.Create(temporary));
  auto writer = std::make_unique<FileLogWriter>(files, path, temporary, std::move(file));
  RETURN_IF_ERROR(writer->WriteHead(schema));
  return std::unique_ptr<LogWriter>(std::move(writer));
}

}  // namespace chorus::worker
