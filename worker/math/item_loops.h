#pragma once
// Item kernels on this machine's cores, compiled for several instruction sets (clones.h).
// Thread safety: functions of their arguments.

#include "worker/math/item_kernels.h"

namespace chorus::worker {

// Computes every item of the kernel's grid.
void RunItems(const ItemKernel& kernel);

}  // namespace chorus::worker
