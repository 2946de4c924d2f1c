#pragma once
// The meaning of a setting (comment, allowed values, default) from config.proto, whose text is a
// part of the program. Thread safety: pure functions.

#include <string>

#include "common/status.h"

namespace chorus::launch {

// path: a setting of a job ("step.grain_rows", "model.encoder", "table.default.dim"), or a message
// of config.proto or a field of one ("ImportSchema", "ImportSchema.slot"). For a message all its
// fields are listed; "" lists what can be asked for. Error: kInvalidArgument when there is no such
// setting; the message lists those that there are.
Result<std::string> HelpOf(const std::string& path);

}  // namespace chorus::launch
