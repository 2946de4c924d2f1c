#pragma once
// Puts the encoded columns of a block together: compresses each, and writes its header. Thread
// safety: none; each thread has a compressor of its own.

#include <cstdint>
#include <string>
#include <string_view>

#include "worker/log/column_codec.h"

namespace chorus::worker {

// The block's header holds all section headers, so that it can be written only when the last
// section is known.
class SectionWriter {
 public:
  void Add(const EncodedColumn& column);
  // A section that another writer made: its part of headers() and of sections().
  void AddStored(std::string_view header, std::string_view section);
  std::string Finish(uint32_t rows, uint32_t contexts);

  const std::string& headers() const { return headers_; }
  const std::string& sections() const { return sections_; }

 private:
  std::string headers_;
  std::string sections_;
  uint32_t columns_ = 0;
};

}  // namespace chorus::worker
