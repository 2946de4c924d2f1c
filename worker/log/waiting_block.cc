#include "worker/log/waiting_block.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "common/check.h"
#include "common/file.h"
#include "worker/log/block_encode.h"
#include "worker/log/column_codec.h"
#include "worker/log/format.h"
#include "worker/log/section_writer.h"

namespace chorus::worker {
namespace {

// The beginning of a waiting block. Behind it: the section headers and the sections of the columns
// that do not wait, the numbers of the others in the order of columns, and a checksum.
struct WaitingHead {
  uint32_t rows = 0;
  uint32_t contexts = 0;
  uint32_t clicks = 0;
  uint32_t conversions = 0;
  uint32_t unclicked_conversions = 0;
  uint32_t stored_columns = 0;
  uint64_t section_bytes = 0;
};

const std::vector<double>* WaitingNumbers(const Column& column, const RawNumerics& raw) {
  if (column.kind != ColumnKind::kNumeric) return nullptr;
  const auto& side = column.context ? raw.contexts : raw.exposures;
  const bool waits = column.index < side.size() && !side[column.index].empty();
  return waits ? &side[column.index] : nullptr;
}

// Takes bytes from the front of a waiting block.
class WaitingReader {
 public:
  explicit WaitingReader(std::string_view bytes) : left_(bytes) {}
  std::string_view Take(size_t bytes) {
    CHECK(bytes <= left_.size(), "a waiting block ends early");  // its checksum was right
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }
  template <typename T>
  T TakeValue() {
    T value;
    std::memcpy(&value, Take(sizeof(T)).data(), sizeof(T));
    return value;
  }

 private:
  std::string_view left_;
};

uint32_t StoredBytes(std::string_view section_header) {
  constexpr size_t kPlace = 8;  // behind encoding, compression, reserved and dictionary
  return Load<uint32_t>(std::as_bytes(std::span(section_header)).data() + kPlace);
}

// The numbers of a column that waits, as the log stores them.
std::vector<float> TakeNumbers(const Column& column, const NumberStored& stored,
                               WaitingReader* reader) {
  std::vector<float> numbers(reader->TakeValue<uint32_t>());
  for (float& number : numbers) {
    number = stored(column.context, column.index, reader->TakeValue<double>());
  }
  return numbers;
}

}  // namespace

Result<std::string> EncodeWaitingBlock(const LogSchema& schema, const Batch& batch,
                                       const RawNumerics& raw) {
  const EncodedBlock block = BeginBlock(schema, batch);
  RETURN_IF_ERROR(block.status);
  SectionWriter sections;
  std::string numbers;
  WaitingHead head{.rows = block.rows,
                   .contexts = block.contexts,
                   .clicks = block.clicks,
                   .conversions = block.conversions,
                   .unclicked_conversions = block.unclicked_conversions};
  for (const Column& column : ColumnsOf(schema)) {
    const std::vector<double>* const waiting = WaitingNumbers(column, raw);
    Store<uint8_t>(&numbers, waiting != nullptr ? 1 : 0);
    if (waiting == nullptr) {
      sections.Add(EncodeColumn(column, batch));
      ++head.stored_columns;
      continue;
    }
    CHECK(waiting->size() == (column.context ? batch.contexts : batch.exposures).rows, column.name);
    Store<uint32_t>(&numbers, static_cast<uint32_t>(waiting->size()));
    numbers.append(reinterpret_cast<const char*>(waiting->data()),
                   waiting->size() * sizeof(double));
  }
  head.section_bytes = sections.sections().size();
  std::string waiting;
  waiting.reserve(sizeof(head) + sections.headers().size() + sections.sections().size() +
                  numbers.size() + kChecksumBytes);
  Store(&waiting, head);
  waiting += sections.headers();
  waiting += sections.sections();
  waiting += numbers;
  Store<uint64_t>(&waiting, Checksum(waiting));
  return waiting;
}

Result<EncodedBlock> CompleteBlock(const LogSchema& schema, const std::string& waiting,
                                   const NumberStored& stored) {
  if (waiting.size() < sizeof(WaitingHead) + kChecksumBytes) {
    return DataLoss("a block that waited has lost its end");
  }
  const std::string_view bytes(waiting.data(), waiting.size() - kChecksumBytes);
  if (Checksum(bytes) != Load<uint64_t>(BytesOf(waiting).data() + bytes.size())) {
    return DataLoss("the checksum of a block that waited differs");
  }
  WaitingReader reader(bytes);
  const auto head = reader.TakeValue<WaitingHead>();
  WaitingReader headers(reader.Take(head.stored_columns * kSectionHeaderBytes));
  WaitingReader sections(reader.Take(head.section_bytes));
  SectionWriter writer;
  for (const Column& column : ColumnsOf(schema)) {
    if (reader.TakeValue<uint8_t>() == 1) {
      writer.Add(EncodeFloats(TakeNumbers(column, stored, &reader)));
      continue;
    }
    const std::string_view header = headers.Take(kSectionHeaderBytes);
    writer.AddStored(header, sections.Take(StoredBytes(header)));
  }
  EncodedBlock block;
  block.rows = head.rows;
  block.contexts = head.contexts;
  block.clicks = head.clicks;
  block.conversions = head.conversions;
  block.unclicked_conversions = head.unclicked_conversions;
  block.bytes = writer.Finish(block.rows, block.contexts);
  return block;
}

}  // namespace chorus::worker
