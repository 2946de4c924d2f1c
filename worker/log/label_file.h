#pragma once
// Labels that came after a log was written: files NAME.labels beside the log's files (README.md
// beside this file gives the format). Each names blocks and rows of them, and the labels that these
// rows have from then on; each follows on the one before it, by name.
// Thread safety: pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

inline constexpr char kLabelFileEnd[] = ".labels";

// The labels of one row: `row` of its block << 2 | conversion << 1 | click.
using LabelChange = uint32_t;
constexpr LabelChange MakeLabelChange(uint32_t row, uint8_t click, uint8_t conversion) {
  return row << 2 | uint32_t{conversion} << 1 | click;
}
constexpr uint32_t RowOf(LabelChange change) { return change >> 2; }
constexpr uint8_t ClickOf(LabelChange change) { return change & 1; }
constexpr uint8_t ConversionOf(LabelChange change) { return change >> 1 & 1; }

struct LabelledBlock {
  uint32_t block = 0;  // its number in its file
  // What the index says of the block from now on.
  uint32_t clicks = 0;
  uint32_t conversions = 0;
  uint32_t unclicked_conversions = 0;
  std::vector<LabelChange> changes = {};  // ascending rows
  friend bool operator==(const LabelledBlock&, const LabelledBlock&) = default;
};

struct LabelledFile {
  std::string name;                        // of the log file, without its folder
  uint64_t identity = 0;                   // LogReader::identity of it
  std::vector<LabelledBlock> blocks = {};  // ascending numbers
  friend bool operator==(const LabelledFile&, const LabelledFile&) = default;
};

struct LabelFile {
  uint64_t previous = 0;  // checksum of the label file before it; 0: it is the first
  std::vector<LabelledFile> files;
  uint64_t checksum = 0;  // of its bytes; EncodeLabelFile finds it
};

std::string EncodeLabelFile(const LabelFile& labels);
// Error: kDataLoss, the bytes are no label file, or rows or blocks do not rise.
Result<LabelFile> DecodeLabelFile(std::span<const std::byte> bytes);

// All label files of a folder, in the order of their names; none where there is no such folder.
// Error: kDataLoss, names the file: it is damaged, or does not follow on the one before it.
struct NamedLabelFile {
  std::string path;
  LabelFile labels;
};
Result<std::vector<NamedLabelFile>> ReadLabelFiles(FileSystem& files, const std::string& folder);

// The name of the next one: "labels-00003.labels". Error: kFailedPrecondition, the last one has
// another name than these, behind all of them.
Result<std::string> NextLabelFileName(std::span<const NamedLabelFile> present);

}  // namespace chorus::worker
