#pragma once
// The fingerprint by which workers and servers see that they were made from the same tables.
// Thread safety: pure functions.

#include <cstdint>
#include <vector>

#include "common/table_spec.h"

namespace chorus {

// XXH3-64 over every table's name and configuration, in order.
uint64_t TablesFingerprint(const std::vector<TableSpec>& tables);

}  // namespace chorus
