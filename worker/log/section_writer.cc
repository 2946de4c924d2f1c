#include "worker/log/section_writer.h"

#include <zstd.h>

#include <memory>
#include <vector>

#include "common/check.h"
#include "common/file.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// A thread's, for one column after the other: made anew they would cost as much as they do.
struct Compressor {
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> zstd{ZSTD_createCCtx()};
  std::vector<char> packed;
};

// Valid until the next call of the thread.
std::string_view Compress(std::string_view bytes) {
  thread_local Compressor compressor;
  std::vector<char>& packed = compressor.packed;
  const size_t bound = ZSTD_compressBound(bytes.size());
  if (packed.size() < bound) packed.resize(bound);
  const size_t size = ZSTD_compressCCtx(compressor.zstd.get(), packed.data(), packed.size(),
                                        bytes.data(), bytes.size(), /*compressionLevel=*/1);
  CHECK(!ZSTD_isError(size), ZSTD_getErrorName(size));
  return {packed.data(), size};
}

}  // namespace

void SectionWriter::Add(const EncodedColumn& column) {
  const std::string_view packed = Compress(column.bytes);
  // Short columns, and those of random keys, grow under compression.
  const bool smaller = packed.size() < column.bytes.size();
  const std::string_view stored = smaller ? packed : std::string_view(column.bytes);
  Store<uint8_t>(&headers_, static_cast<uint8_t>(column.encoding));
  Store<uint8_t>(&headers_, smaller ? 1 : 0);
  Store<uint16_t>(&headers_, 0);
  Store<uint32_t>(&headers_, column.dictionary);
  Store<uint32_t>(&headers_, static_cast<uint32_t>(stored.size()));
  Store<uint64_t>(&headers_, Checksum(stored));
  sections_.append(stored);
  ++columns_;
}

void SectionWriter::AddStored(std::string_view header, std::string_view section) {
  CHECK(header.size() == kSectionHeaderBytes, header.size());
  headers_.append(header);
  sections_.append(section);
  ++columns_;
}

std::string SectionWriter::Finish(uint32_t rows, uint32_t contexts) {
  std::string block;
  block.reserve(BlockHeaderBytes(columns_) + sections_.size());
  Store<uint32_t>(&block, kBlockMagic);
  Store<uint32_t>(&block, rows);
  Store<uint32_t>(&block, contexts);
  Store<uint32_t>(&block, columns_);
  block.append(headers_);
  Store<uint64_t>(&block, Checksum(block));
  block.append(sections_);
  return block;
}

}  // namespace chorus::worker
