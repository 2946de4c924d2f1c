// libchorus_arrow.so: ChorusArrowOpen (worker/columns/arrow_interface.h) over Arrow's readers.
#include <arrow/c/bridge.h>
#include <arrow/util/thread_pool.h>

#include <memory>
#include <string>
#include <vector>

#include "worker/arrow/file_reader.h"
#include "worker/arrow/guarded.h"
#include "worker/columns/arrow_fingerprint.h"
#include "worker/columns/arrow_interface.h"

namespace chorus::worker {
namespace {

// What a ChorusArrowFile owns.
struct OpenFile {
  std::unique_ptr<FileReader> reader;
  std::string error;
};

OpenFile& Of(ChorusArrowFile* file) { return *static_cast<OpenFile*>(file->private_data); }

template <typename Work>
int Answer(ChorusArrowFile* file, const Work& work) {
  const arrow::Status status = Guarded(work);
  if (!status.ok()) Of(file).error = status.message();
  return status.ok() ? 0 : 1;
}

int GetSchema(ChorusArrowFile* file, ArrowSchema* out) {
  return Answer(file, [&] { return arrow::ExportSchema(*Of(file).reader->schema(), out); });
}

int GetStream(ChorusArrowFile* file, const int32_t* columns, int32_t count, int32_t batch_rows,
              ArrowArrayStream* out) {
  return Answer(file, [&] {
    auto batches = Of(file).reader->Batches(std::vector<int>(columns, columns + count), batch_rows);
    return batches.ok() ? arrow::ExportRecordBatchReader(*std::move(batches), out)
                        : batches.status();
  });
}

const char* GetLastError(ChorusArrowFile* file) { return Of(file).error.c_str(); }

void Release(ChorusArrowFile* file) {
  delete &Of(file);
  *file = {};
}

arrow::Status Open(const ChorusArrowInput& input, int32_t format, int32_t threads,
                   ChorusArrowFile* out) {
  if (threads > 1) ARROW_RETURN_NOT_OK(arrow::SetCpuThreadPoolCapacity(threads));
  auto file = std::make_unique<OpenFile>();
  ARROW_ASSIGN_OR_RAISE(
      file->reader, format == CHORUS_ARROW_ORC ? OpenOrc(input) : OpenParquet(input, threads > 1));
  *out = {file->reader->rows(), &GetSchema, &GetStream, &GetLastError, &Release, file.get()};
  file.release();
  return arrow::Status::OK();
}

}  // namespace
}  // namespace chorus::worker

extern "C" {

#define CHORUS_EXPORT __attribute__((visibility("default")))

extern CHORUS_EXPORT const char* const ChorusArrowInterface;
const char* const ChorusArrowInterface = chorus::kArrowInterface;

CHORUS_EXPORT int ChorusArrowOpen(const ChorusArrowInput* input, int32_t format, int32_t threads,
                                  ChorusArrowFile* out, char* error, size_t error_bytes) {
  return chorus::worker::AnswerTo(
      [&] { return chorus::worker::Open(*input, format, threads, out); }, error, error_bytes);
}

}  // extern "C"
