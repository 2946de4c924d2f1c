#pragma once
// The number of rows that a log will make: the distinct keys that a model looks up in each of its
// tables, counted by sketches (key_sketch.h) over every block. Thread safety: pure function; starts
// threads.

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "launch/plan/key_sketch.h"
#include "worker/log/log_reader.h"
#include "worker/model/input_layout.h"

namespace chorus::launch {

// [configured tables]. Keys of exposures that data.rows or data.unclicked_conversion drop are
// counted, too: such exposures are few, or their ids occur in others. Error: that of
// LogReader::ReadBlock.
Result<std::vector<KeySketch>> SketchIds(const worker::LogReader& log,
                                         const worker::InputLayout& inputs, uint32_t threads);

}  // namespace chorus::launch
