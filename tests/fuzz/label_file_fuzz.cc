// Any bytes as a file of labels. The checksum is mended unless the first byte says otherwise, so
// that the fuzzer gets past it. What decodes is what its bytes say, and no more.
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/file.h"
#include "worker/log/format.h"
#include "worker/log/label_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if ((data[0] & 1) == 0 && bytes.size() >= chorus::worker::kChecksumBytes) {
    const size_t checked = bytes.size() - chorus::worker::kChecksumBytes;
    const uint64_t checksum = chorus::Checksum(std::string_view(bytes).substr(0, checked));
    std::memcpy(bytes.data() + checked, &checksum, sizeof(checksum));
  }
  const auto labels = chorus::worker::DecodeLabelFile(chorus::worker::BytesOf(bytes));
  if (labels.ok() && chorus::worker::EncodeLabelFile(*labels) != bytes) std::abort();
  return 0;
}
