#pragma once
// CRC-32C (Castagnoli), computed by the CPU's own instruction where it has one.
// Thread safety: pure function.

#include <cstdint>
#include <string_view>

namespace chorus {

uint32_t Crc32c(std::string_view bytes);

}  // namespace chorus
