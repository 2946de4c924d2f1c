// Any bytes as a file of labels. The checksum is mended unless the first byte says otherwise, so
// that the fuzzer gets past it. What decodes is what its bytes say, and no more, and what an
// overlay takes of it stays within the rows of the blocks.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/file.h"
#include "worker/log/format.h"
#include "worker/log/label_file.h"
#include "worker/log/label_overlay.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kBlocks = 4;  // of each log file
constexpr uint32_t kFiles = 3;   // of the folder; labels may be of more

// Lays the labels over logs that have the files which they are of. Add may refuse them; what it
// takes must fit.
void LayOver(const LabelFile& labels) {
  std::vector<LogFilePlace> places;
  std::vector<BlockInfo> blocks;
  for (uint32_t file = 0; file < kFiles; ++file) {
    const bool is_named = file < labels.files.size();
    places.push_back({.path = is_named ? "d/" + labels.files[file].name : "d/other.log",
                      .identity = is_named ? labels.files[file].identity : file,
                      .first_block = file * kBlocks,
                      .blocks = kBlocks});
    for (uint32_t i = 0; i < kBlocks; ++i) blocks.push_back({.file = file, .rows = 1 + 40 * i});
  }
  std::vector<uint64_t> states(blocks.size(), 0);
  LabelOverlay overlay;
  for (int times = 0; times < 2; ++times) {  // the second is merged over the first
    if (!overlay.Add(labels, "d", places, &blocks, &states).ok()) break;
  }
  for (uint32_t i = 0; i < blocks.size(); ++i) {
    Batch batch;
    batch.click.assign(blocks[i].rows, 0);
    batch.click.shrink_to_fit();
    batch.conversion = batch.click;
    overlay.Apply(i, &batch);
    const auto is_label = [](uint8_t label) { return label <= 1; };
    if (!std::all_of(batch.click.begin(), batch.click.end(), is_label) ||
        !std::all_of(batch.conversion.begin(), batch.conversion.end(), is_label)) {
      std::abort();
    }
  }
}

}  // namespace
}  // namespace chorus::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if ((data[0] & 1) == 0 && bytes.size() >= chorus::worker::kChecksumBytes) {
    const size_t checked = bytes.size() - chorus::worker::kChecksumBytes;
    const uint64_t checksum = chorus::Checksum(std::string_view(bytes).substr(0, checked));
    std::memcpy(bytes.data() + checked, &checksum, sizeof(checksum));
  }
  const auto labels = chorus::worker::DecodeLabelFile(chorus::worker::BytesOf(bytes));
  if (!labels.ok()) return 0;
  if (chorus::worker::EncodeLabelFile(*labels) != bytes) std::abort();
  chorus::worker::LayOver(*labels);
  return 0;
}
