#include "worker/import/key_id.h"

#include <charconv>

namespace chorus::worker {

void AppendId(uint64_t id, std::string* out) {
  constexpr uint64_t kSmallestNegative = uint64_t{0} - (uint64_t{1} << 31);
  char text[24];
  const auto end = id >= kSmallestNegative
                       ? std::to_chars(text, text + sizeof(text), static_cast<int64_t>(id)).ptr
                       : std::to_chars(text, text + sizeof(text), id).ptr;
  out->append(text, end);
}

}  // namespace chorus::worker
