// Any bytes as a log block. The first byte chooses the schema; checksums are mended, so that the
// fuzzer gets past them into the decoder. What decodes must keep the rules of batch.h.
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/file.h"
#include "worker/log/block.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

LogSchema SchemaOf(uint8_t choice) {
  LogSchema schema;
  schema.slots = {{"a", "a", (choice & 1) != 0, false, false},
                  {"b", "b", false, true, (choice & 2) != 0}};
  if (choice & 4) schema.numerics = {{"x", (choice & 8) != 0, false, 0, 1}};
  schema.has_weight = (choice & 16) != 0;
  schema.has_group = (choice & 32) != 0;
  schema.has_time = (choice & 64) != 0;
  schema.has_row_id_text = (choice & 96) == 96;
  return schema;
}

void StoreChecksum(std::string* bytes, size_t at, std::string_view of) {
  const uint64_t checksum = Checksum(of);
  std::memcpy(bytes->data() + at, &checksum, sizeof(checksum));
}

void MendChecksums(size_t columns, std::string* bytes) {
  size_t section = BlockHeaderBytes(columns);
  if (bytes->size() < section) return;
  for (size_t i = 0; i < columns; ++i) {
    const size_t header = kBlockPrefixBytes + i * kSectionHeaderBytes;
    uint32_t size;
    std::memcpy(&size, bytes->data() + header + 8, sizeof(size));
    if (size > bytes->size() - section) break;
    StoreChecksum(bytes, header + 12, std::string_view(*bytes).substr(section, size));
    section += size;
  }
  const size_t checked = BlockHeaderBytes(columns) - kChecksumBytes;
  StoreChecksum(bytes, checked, std::string_view(*bytes).substr(0, checked));
}

void CheckSide(const FeatureColumns& side) {
  for (const SlotColumn& slot : side.slots) {
    if (slot.offsets.size() != side.rows + size_t{1} || slot.offsets.back() != slot.keys.size()) {
      std::abort();
    }
    if (!slot.values.empty() && slot.values.size() != slot.keys.size()) std::abort();
  }
}

}  // namespace
}  // namespace chorus::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chorus::worker;
  if (size == 0) return 0;
  const LogSchema schema = SchemaOf(data[0]);
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if ((data[0] & 128) == 0) MendChecksums(ColumnsOf(schema).size(), &bytes);
  Batch out;
  if (!DecodeBlock(schema, BytesOf(bytes), &out).ok()) return 0;
  CheckSide(out.contexts);
  CheckSide(out.exposures);
  for (const uint32_t context : out.context_of) {
    if (context >= out.contexts.rows) std::abort();
  }
  return 0;
}
