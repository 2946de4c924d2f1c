#pragma once
// The graph of a checkpoint's model as text. Thread safety: pure functions.

#include <string>

#include "common/checkpoint.pb.h"
#include "common/status.h"

namespace chorus::launch {

// A line for each embedding group with the operations of a forward pass, and one for each node: its
// layer, whether it is computed once per context, its width, how many weights it has and what it
// reads. Error: the checkpoint's configuration does not fit its columns.
Result<std::string> DescribeNetwork(const CheckpointManifest& checkpoint);

}  // namespace chorus::launch
